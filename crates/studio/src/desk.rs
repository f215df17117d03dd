//! What every page can reach.

use std::sync::Arc;

use axum::http::HeaderName;
use http_doors::BodyPatience;
use retouch::Engine;
use service::Service;

/// What an operator can set about the studio.
#[derive(Clone, Debug, Default)]
pub struct StudioSettings {
    /// A header in which a trusted proxy names the client, like `x-forwarded-for`; none believes nobody.
    pub trusted_header: Option<HeaderName>,
    /// How slow uploads may be.
    pub uploads: BodyPatience,
}

/// What every page can reach. Cheap to clone.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    service: Service,
    engine: Arc<Engine>,
    settings: StudioSettings,
}

impl Desk {
    pub fn new(service: Service, engine: Arc<Engine>, settings: StudioSettings) -> Self {
        Self(Arc::new(Inner { service, engine, settings }))
    }

    /// The rules of the house.
    pub fn service(&self) -> &Service {
        &self.0.service
    }

    /// The engine, for previews.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.0.engine
    }

    /// How the studio is set up.
    pub fn settings(&self) -> &StudioSettings {
        &self.0.settings
    }

    /// The address under which people know this server, without a slash at its end.
    pub fn public_url(&self) -> &str {
        self.service().settings().public_url.trim_end_matches('/')
    }

    /// True when people come by https, so that cookies must not travel without it.
    pub fn is_secure(&self) -> bool {
        self.public_url().starts_with("https:")
    }
}
