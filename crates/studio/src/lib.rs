//! The studio: everything a person does with Atelier, in a browser.
//!
//! Pages are made on the server and work without scripts where they can; small modules in `assets/` make them quicker to
//! use. This crate shows and asks; what may be done is decided by [`service`], and pixels are the business of [`retouch`].
//!
//! A page group is a module with a `routes` function. Its words are in [`words`], its scripts and styles in `assets/`, its
//! browser tests in `e2e/tests/`.

mod asset;
mod desk;
mod failure;
mod form;
mod home;
mod page;
mod sign_in;
mod theme;
mod visitor;
mod widget;
mod words;

use std::sync::Arc;

use axum::Router;
use retouch::Engine;
use service::Service;

pub use desk::StudioSettings;

use desk::Desk;

/// All pages, at `/` and below `/studio`.
pub fn pages(service: Service, engine: Arc<Engine>, settings: StudioSettings) -> Router {
    let desk = Desk::new(service, engine, settings);
    Router::new()
        .merge(asset::routes())
        .merge(home::routes())
        .merge(sign_in::routes())
        .merge(theme::routes())
        .with_state(desk)
}
