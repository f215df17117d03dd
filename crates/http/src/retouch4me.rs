//! The Retouch4me dialect (specification retouch4me-api): names, states and errors as its clients know them.

pub(crate) mod account;
mod balance_form;
mod errors;
pub(crate) mod fetch;
mod mode;
pub(crate) mod start;
mod status;
mod taker;
pub(crate) mod types;
mod upload_form;

use axum::extract::DefaultBodyLimit;
use axum::http::HeaderMap;
use axum::routing::{get, post};

use crate::app::RouteList;

#[cfg(any(test, fuzzing))]
pub(crate) use balance_form::BalanceForm;
pub use errors::Refusal;
pub(crate) use errors::reason_phrase;
pub use status::Retouch4meVoice;
#[cfg(any(test, fuzzing))]
pub(crate) use upload_form::{FilePart, FileTaker, FileTrouble, StartForm};

/// Where a token may stand instead of in a form.
const TOKEN_HEADER: &str = "x-retouch-token";

/// Adds the dialect's routes.
pub(crate) fn routes(routes: RouteList) -> RouteList {
    routes
        // The form's parts have limits of their own.
        .on(&["post"], "/api/v1/retoucher/start", post(start::start).layer(DefaultBodyLimit::disable()))
        .on(&["get"], "/api/v1/retoucher/status/{id}", get(fetch::status))
        .on(&["get"], "/api/v1/retoucher/status", get(fetch::status_of_nothing))
        .on(&["get", "head"], "/api/v1/retoucher/getFile/{id}", get(fetch::get_file))
        .on(&["get"], "/api/v1/retoucher/getFile", get(fetch::file_of_nothing))
        .on(&["get"], "/api/v1/info/limits", get(account::limits))
        .on(&["post"], "/api/v1/balance", post(account::balance))
        .on(&["post"], "/api/retouch/v1/balance", post(account::balance_by_form))
}

/// The token a client gave: the header wins over the form.
fn given_token(headers: &HeaderMap, form: Option<String>) -> Option<String> {
    let header =
        headers.get(TOKEN_HEADER).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    header.filter(|token| !token.trim().is_empty()).or(form)
}
