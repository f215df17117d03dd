//! Signs of life, for those who watch over the server.

use std::future::Future;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;
use service::StoreError;
use tokio::time::timeout;
use tracing::warn;
use utoipa::ToSchema;

use crate::app::{Doors, RouteList};
use crate::reply;

/// Adds the routes.
pub(crate) fn routes(routes: RouteList) -> RouteList {
    routes
        .on(&["get"], "/health", get(health))
        .on(&["get"], "/v1/health", get(health_v1))
        .on(&["get"], "/health/live", get(live))
        .on(&["get"], "/health/ready", get(ready))
}

/// The server answers.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
pub(crate) struct HealthBody {
    /// Always `ok`.
    status: &'static str,
}

/// Whether the server can do its work, and if not, what is missing.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"ready": true, "database": "ok", "store": "ok"}))]
pub(crate) struct ReadyBody {
    /// True when everything is there.
    ready: bool,
    /// The database: `ok`, or what is wrong.
    database: String,
    /// The blob store: `ok`, or what is wrong.
    store: String,
}

/// The server answers.
#[utoipa::path(
    get, path = "/health", tag = "Operation", operation_id = "health", summary = "Is the server there?",
    responses((status = 200, description = "It is.", body = HealthBody))
)]
pub(crate) async fn health() -> Response {
    reply::json(200, &HealthBody { status: "ok" })
}

/// The server answers.
#[utoipa::path(
    get, path = "/v1/health", tag = "Operation", operation_id = "healthV1", summary = "Is the server there?",
    responses((status = 200, description = "It is.", body = HealthBody))
)]
pub(crate) async fn health_v1() -> Response {
    health().await
}

/// The process lives. A failure is a reason to start it anew.
#[utoipa::path(
    get, path = "/health/live", tag = "Operation", operation_id = "live", summary = "Does the process live?",
    responses((status = 200, description = "It does.", body = HealthBody))
)]
pub(crate) async fn live() -> Response {
    health().await
}

/// Database and blob store answer within the time limit. A failure is a reason to send requests elsewhere.
#[utoipa::path(
    get, path = "/health/ready", tag = "Operation", operation_id = "ready", summary = "Can the server work?",
    responses(
        (status = 200, description = "Everything is there.", body = ReadyBody),
        (status = 503, description = "Something is missing; the body says what.", body = ReadyBody),
    )
)]
pub(crate) async fn ready(State(doors): State<Doors>) -> Response {
    let (database, store) = futures_util::future::join(
        sign_of_life("database", &doors, doors.service.store().ping()),
        sign_of_life("store", &doors, doors.service.blobs().ping()),
    )
    .await;
    let ready = database == "ok" && store == "ok";
    reply::json(if ready { 200 } else { 503 }, &ReadyBody { ready, database, store })
}

/// `ok`, or a word on what is wrong; the details are for the log alone.
async fn sign_of_life(
    what: &str,
    doors: &Doors,
    ping: impl Future<Output = Result<(), StoreError>>,
) -> String {
    match timeout(doors.settings.ready_within, ping).await {
        Ok(Ok(())) => "ok".to_owned(),
        Ok(Err(trouble)) => {
            warn!(what, %trouble, "not ready");
            "unavailable".to_owned()
        }
        Err(_) => {
            warn!(what, "no sign of life in time");
            "no answer in time".to_owned()
        }
    }
}
