//! The authorization server that goes with the AutoRetouch dialect (specification section 4): device codes, tokens, and
//! the page where people confirm them.

pub(crate) mod activate;
pub(crate) mod device;
mod errors;
mod fields;
pub(crate) mod metadata;
mod page;
pub(crate) mod token;

use axum::routing::{get, post};

use crate::app::RouteList;

pub use errors::Refusal;
pub use page::outcome;

/// Adds the routes.
pub(crate) fn routes(routes: RouteList) -> RouteList {
    routes
        .on(&["post"], "/oauth/device/code", post(device::code))
        .on(&["post"], "/oauth/token", post(token::token))
        .on(&["post"], "/oauth/revoke", post(token::revoke))
        .on(&["get", "post"], "/activate", get(activate::show).post(activate::act))
        .on(&["get"], "/.well-known/oauth-authorization-server", get(metadata::authorization_server))
        .on(&["get"], "/.well-known/openid-configuration", get(metadata::openid_configuration))
        .on(&["get"], "/.well-known/jwks.json", get(metadata::keys))
}

/// Reads the fields of a request, for fuzz targets.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_fields(body: &[u8]) {
    if let Ok(fields) = fields::Fields::of(body)
        && let Some(value) = fields.get("client_id")
    {
        assert!(!value.is_empty() && fields.need("client_id").is_ok());
    }
}
