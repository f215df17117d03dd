//! The router: all routes of all dialects on one origin, and what surrounds every one of them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::MethodRouter;
use metrics_exporter_prometheus::PrometheusHandle;
use service::Service;
use tower::util::MapRequest;
use tower_http::cors::{Any, CorsLayer};

use crate::around::{REQUEST_ID, around};
use crate::autoretouch::Following;
use crate::body::BodyPatience;
use crate::dialect::Tongue;
use crate::rate::{RateSettings, Rates};
use crate::{api_page, autoretouch, health, metrics, oauth, paths, retouch4me};

/// What an operator can set about the doors.
#[derive(Clone)]
pub struct HttpSettings {
    /// How often clients may ask.
    pub rates: RateSettings,
    /// A header in which a trusted proxy names the client, like `x-forwarded-for`; none believes nobody.
    pub trusted_header: Option<HeaderName>,
    /// How slow uploads may be.
    pub uploads: BodyPatience,
    /// How long database and blob store may take for a sign of life.
    pub ready_within: Duration,
    /// The recorder behind `/metrics`; none leaves the route out.
    pub metrics: Option<PrometheusHandle>,
    /// Who asks for the figures must carry this token; none lets everybody see them.
    pub metrics_token: Option<String>,
    /// The address under which clients know this server, for the examples of the API page; none takes
    /// it from each request.
    pub public_url: Option<String>,
    /// How those are served who wait for an execution.
    pub following: Following,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            rates: RateSettings::default(),
            trusted_header: None,
            uploads: BodyPatience::default(),
            ready_within: Duration::from_secs(3),
            metrics: None,
            metrics_token: None,
            public_url: None,
            following: Following::default(),
        }
    }
}

/// What every handler can reach.
#[derive(Clone)]
pub(crate) struct Doors {
    pub(crate) service: Service,
    pub(crate) settings: Arc<HttpSettings>,
    pub(crate) rates: Arc<Rates>,
}

/// Routes with a list of themselves, so that the description can be held against them.
#[derive(Default)]
pub(crate) struct RouteList {
    router: Router<Doors>,
    pub(crate) listed: Vec<(&'static str, String)>,
}

impl RouteList {
    /// Adds a route with the methods it is described with.
    #[must_use]
    pub(crate) fn on(
        mut self,
        methods: &[&'static str],
        path: &'static str,
        handlers: MethodRouter<Doors>,
    ) -> Self {
        // The router's sign for "and all that follows" is none of the description.
        let described = path.replace("{*", "{");
        self.listed.extend(methods.iter().map(|&method| (method, described.clone())));
        Self { router: self.router.route(path, handlers), ..self }
    }
}

/// All routes. A further dialect adds its own here.
pub(crate) fn routes() -> RouteList {
    let routes = retouch4me::routes(RouteList::default());
    let routes = autoretouch::routes(routes);
    let routes = oauth::routes(routes);
    let routes = health::routes(routes);
    let routes = metrics::routes(routes);
    api_page::routes(routes)
}

/// The router of the whole server. `pages` are those for people, at `/` and below `/studio`; the same limits, log lines
/// and figures surround them.
pub fn router(service: Service, settings: HttpSettings, pages: Router) -> Router {
    served(routes(), service, settings, pages)
}

/// A router for those who look after the server, and for nobody else: figures and signs of life.
pub fn watch_router(service: Service, settings: HttpSettings) -> Router {
    served(metrics::routes(health::routes(RouteList::default())), service, settings, Router::new())
}

fn served(routes: RouteList, service: Service, settings: HttpSettings, pages: Router) -> Router {
    let doors = Doors { service, rates: Arc::new(Rates::new(settings.rates)), settings: Arc::new(settings) };
    let routes = routes
        .router
        .merge(pages.with_state(()))
        .fallback(no_such_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(doors.clone(), around))
        .layer(cors())
        .with_state(doors);
    // Before routing, so it cannot be a layer of the routes themselves.
    Router::new().fallback_service(MapRequest::new(routes, paths::tidy_request))
}

/// Any page may use the API: tokens travel in headers and fields. The one page with a cookie is for its own forms alone
/// and looks at where they come from.
fn cors() -> CorsLayer {
    let own_headers = ["x-retouch-token", "idempotency-key"].map(HeaderName::from_static);
    let seen = [header::CONTENT_DISPOSITION, header::ETAG, header::RETRY_AFTER, REQUEST_ID];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::OPTIONS])
        .allow_headers(
            [header::CONTENT_TYPE, header::AUTHORIZATION].into_iter().chain(own_headers).collect::<Vec<_>>(),
        )
        .expose_headers(seen)
        .max_age(Duration::from_secs(24 * 60 * 60))
}

async fn no_such_route(request: Request) -> Response {
    Tongue::at(request.uri().path()).error(StatusCode::NOT_FOUND, "No such route: /docs/api lists them")
}

async fn wrong_method(request: Request) -> Response {
    let message = "This route takes another method: /docs/api says which";
    Tongue::at(request.uri().path()).error(StatusCode::METHOD_NOT_ALLOWED, message)
}
