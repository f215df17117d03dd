//! The studio: everything a person does with Atelier, in a browser.
//!
//! Pages are made on the server and work without scripts where they can; small modules in `assets/` make them quicker to
//! use. This crate shows and asks; what may be done is decided by [`service`], and pixels are the business of [`retouch`].
//!
//! A page group is a module with a `routes` function. Its words are in [`words`], its scripts and styles in `assets/`, its
//! browser tests in `e2e/tests/`.

mod account;
mod api;
mod asked;
mod asset;
mod credits;
mod desk;
mod devices;
mod failure;
mod form;
mod gallery;
mod home;
mod jobs;
mod operator;
mod orders;
mod organization;
mod page;
mod pictures;
mod profile;
mod review;
mod sign_in;
mod theme;
mod tokens;
mod tryit;
mod visitor;
mod webhooks;
mod widget;
mod words;
mod workflows;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::any;
use retouch::Engine;
use service::Service;

pub use desk::StudioSettings;

use desk::Desk;
use failure::Failure;

/// All pages, at `/` and below `/studio`.
pub fn pages(service: Service, engine: Arc<Engine>, settings: StudioSettings) -> Router {
    let desk = Desk::new(service, engine, settings);
    Router::new()
        .merge(asset::routes())
        .merge(home::routes())
        .merge(jobs::routes())
        .merge(orders::routes())
        .merge(pictures::routes())
        .merge(review::routes())
        .merge(sign_in::routes())
        .merge(theme::routes())
        .merge(api::routes())
        .merge(credits::routes())
        .merge(devices::routes())
        .merge(operator::routes())
        .merge(organization::routes())
        .merge(profile::routes())
        .merge(tokens::routes())
        .merge(tryit::routes())
        .merge(webhooks::routes())
        .merge(workflows::routes())
        .route("/studio/{*rest}", any(async || Failure::not_found()))
        .layer(from_fn(failure::in_theme))
        .with_state(desk)
}
