//! What every page can reach.

use std::sync::Arc;

use axum::http::HeaderName;
use http_doors::BodyPatience;
use retouch::Engine;
use service::Service;

use crate::gallery::Gallery;
use crate::tryit::Proofs;
use crate::workflows::Previews;

/// What an operator can set about the studio.
#[derive(Clone, Debug, Default)]
pub struct StudioSettings {
    /// The address under which people know this server; none takes it from each request.
    pub public_url: Option<String>,
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
    gallery: Gallery,
    proofs: Proofs,
    previews: Previews,
}

impl Desk {
    pub fn new(service: Service, engine: Arc<Engine>, settings: StudioSettings) -> Self {
        // Proofs take memory beside the running jobs, half as much.
        let room = usize::try_from(service.settings().memory_budget / 2).unwrap_or(usize::MAX);
        let (gallery, proofs, previews) = (Gallery::default(), Proofs::new(room), Previews::default());
        Self(Arc::new(Inner { service, engine, settings, gallery, proofs, previews }))
    }

    /// The rules of the house.
    pub fn service(&self) -> &Service {
        &self.0.service
    }

    /// The engine, for previews.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.0.engine
    }

    /// Stored pictures on their way to screens.
    pub fn gallery(&self) -> &Gallery {
        &self.0.gallery
    }

    /// Photos that people try settings on.
    pub fn proofs(&self) -> &Proofs {
        &self.0.proofs
    }

    /// What previews of workflows share.
    pub fn previews(&self) -> &Previews {
        &self.0.previews
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
