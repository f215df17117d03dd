//! Orders and executions: lists, one by one, live, and everything that may be done with them.

mod archive;
mod execution;
mod filter;
mod list;
mod live;
mod order;

use axum::Router;
use axum::routing::{get, post};

use crate::desk::Desk;

pub use execution::find as find_execution;
pub use order::find as find_order;

pub fn routes() -> Router<Desk> {
    Router::new()
        .route("/studio/live", get(live::live))
        .route("/studio/orders", get(list::orders))
        .route("/studio/orders/{id}", get(order::show))
        .route("/studio/orders/{id}/zip", get(archive::zip))
        .route("/studio/orders/{id}/retry", post(order::retry))
        .route("/studio/orders/{id}/cancel", post(order::cancel))
        .route("/studio/executions", get(list::executions))
        .route("/studio/executions/{id}", get(execution::show))
        .route("/studio/executions/{id}/retry", post(execution::retry))
        .route("/studio/executions/{id}/cancel", post(execution::cancel))
        .route("/studio/executions/{id}/input", get(execution::input))
        .route("/studio/executions/{id}/result", get(execution::result))
        .route("/studio/executions/{id}/rounds/{number}", get(execution::round))
}
