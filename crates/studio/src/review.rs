//! Review: the queue of results that wait for a person's verdict, and the desk at which they are judged.

mod desk;
mod page;

use axum::Router;
use axum::routing::{get, post};

use crate::desk::Desk;

pub fn routes() -> Router<Desk> {
    Router::new()
        .route("/studio/review", get(page::page))
        .route("/studio/review/queue", get(desk::queue))
        .route("/studio/review/approve", post(desk::approve_many))
        .route("/studio/review/{id}/rounds", get(desk::rounds))
        .route("/studio/review/{id}/claim", post(desk::claim))
        .route("/studio/review/{id}/release", post(desk::release))
        .route("/studio/review/{id}/verdict", post(desk::verdict))
        .route("/studio/review/{id}/decide", post(page::decide))
}
