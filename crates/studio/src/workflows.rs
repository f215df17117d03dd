//! Workflows: the list, a workflow with its versions, the editor with its preview, and running one on photos.

mod edit;
mod list;
mod preview;
mod run;
mod sample;
mod show;

use axum::Router;
use axum::routing::{get, post};

use crate::desk::Desk;

pub use preview::Previews;
pub use run::FOLDER;

pub fn routes() -> Router<Desk> {
    Router::new()
        .route("/studio/workflows", get(list::list))
        .route("/studio/workflows/new", get(edit::new))
        .route("/studio/workflows/save", post(edit::save))
        .route("/studio/workflows/check", post(edit::check))
        .route("/studio/workflows/preview", post(preview::preview))
        .route("/studio/workflows/samples", post(sample::upload))
        .route("/studio/workflows/samples/{key}", get(sample::picture))
        .route("/studio/workflows/pictures", post(run::keep_picture))
        .route("/studio/workflows/{id}", get(show::show))
        .route("/studio/workflows/{id}/edit", get(edit::edit))
        .route("/studio/workflows/{id}/run", get(run::page))
        .route("/studio/workflows/{id}/executions", post(run::execute))
        .route("/studio/workflows/{id}/restore", post(show::restore))
        .route("/studio/workflows/{id}/duplicate", post(show::duplicate))
        .route("/studio/workflows/{id}/archive", post(show::archive))
}
