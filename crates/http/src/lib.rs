//! The doors: one folder a wire dialect, translation only.
//!
//! [`router`] is the whole server as a service, [`watch_router`] what its keepers look at, [`serve`] puts them behind a
//! listener, [`voices`] are the dialects' words for webhooks.

pub mod address;
mod api_page;
mod app;
mod around;
mod autoretouch;
pub mod body;
pub mod browser;
mod dialect;
pub mod disposition;
mod event_stream;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod health;
mod metrics;
mod oauth;
mod openapi;
mod paths;
mod percent;
mod range;
mod rate;
mod reply;
mod retouch4me;
mod send_file;
mod serve;

use std::collections::HashMap;
use std::sync::Arc;

use service::{Dialect, Voice, Voices};

pub use address::Peer;
pub use app::{HttpSettings, router, watch_router};
pub use autoretouch::{AutoRetouchVoice, Following};
pub use axum::Router;
pub use axum::http::HeaderName;
pub use body::BodyPatience;
pub use event_stream::event_stream;
pub use rate::RateSettings;
pub use retouch4me::Retouch4meVoice;
pub use send_file::send_file;
pub use serve::{ServeLimits, serve};

/// What each dialect says to webhooks.
pub fn voices() -> Voices {
    let retouch4me: Arc<dyn Voice> = Arc::new(Retouch4meVoice);
    let autoretouch: Arc<dyn Voice> = Arc::new(AutoRetouchVoice);
    Voices(HashMap::from([(Dialect::Retouch4me, retouch4me), (Dialect::AutoRetouch, autoretouch)]))
}
