//! The AutoRetouch dialect (specification autoretouch-api): organizations, workflows and executions as its clients know
//! them.
//!
//! All routes stand under `/v1`; [`crate::paths`] puts the version in front where a client leaves it out.

pub(crate) mod batch;
mod content_hash;
pub(crate) mod create;
mod errors;
pub(crate) mod execution;
pub(crate) mod follow;
mod guest;
pub(crate) mod image;
mod object;
pub(crate) mod organization;
mod picture_form;
mod query;
pub(crate) mod review;
pub(crate) mod types;
pub(crate) mod upload;
mod voice;
pub(crate) mod workflow;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::RouteList;

pub use errors::Refusal;
pub(crate) use errors::worded;
pub use follow::Following;
pub use voice::AutoRetouchVoice;

/// First segments of this dialect's paths, when the version is left out.
pub(crate) const FAMILIES: [&str; 6] = ["organization", "company", "workflow", "upload", "image", "batch"];

/// Adds the dialect's routes.
pub(crate) fn routes(routes: RouteList) -> RouteList {
    // Pictures have limits of their own.
    let unlimited = DefaultBodyLimit::disable;
    routes
        .on(&["get"], "/v1/organization", get(organization::list))
        .on(&["get"], "/v1/organization/balance", get(organization::balance))
        .on(&["get"], "/v1/company/balance", get(organization::company_balance))
        .on(&["get"], "/v1/organization/{id}", get(organization::single))
        .on(&["get"], "/v1/workflow", get(workflow::list))
        .on(&["get"], "/v1/workflow/{id}", get(workflow::single))
        .on(&["head", "post"], "/v1/upload", post(upload::upload).head(upload::is_there).layer(unlimited()))
        .on(&["post"], "/v1/workflow/execution/create", post(create::create).layer(unlimited()))
        .on(&["get"], "/v1/workflow/execution", get(execution::list))
        .on(&["get"], "/v1/workflow/execution/{id}", get(execution::single))
        .on(&["get"], "/v1/workflow/execution/{id}/status", get(follow::status))
        .on(&["get"], "/v1/workflow/execution/{id}/result/{name}", get(follow::result))
        .on(&["post"], "/v1/workflow/execution/{id}/retry", post(execution::retry))
        .on(&["post"], "/v1/workflow/execution/retry", post(execution::retry_by_query))
        .on(&["post"], "/v1/workflow/execution/{id}/feedback", post(execution::feedback))
        .on(
            &["get", "post"],
            "/v1/workflow/execution/{id}/review",
            get(review::picture).post(review::execution),
        )
        .on(&["get", "head"], "/v1/image/{hash}/{*name}", get(image::image))
        .on(&["get"], "/v1/batch", get(batch::list))
        .on(&["post"], "/v1/batch/{id}/review", post(review::batch))
}

/// Reads a query in every way, for fuzz targets.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_query(text: &str) {
    let query = query::Query::read(Some(text));
    if let Ok((limit, offset)) = query.page() {
        assert!((0..=500).contains(&limit) && offset >= 0);
    }
    assert!(query.labels().len() <= text.len());
    if let Some(hash) = content_hash::read(text) {
        assert_eq!(content_hash::read(&hash.hex()), Some(hash));
    }
}
