//! `/studio/try`: settings on a photo, seen at once; the whole picture when they please.

mod draw;
mod page;
mod payload;
mod proof;
mod proofs;
mod run;
mod upload;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use bytes::Bytes;
use retouch::proof::{Region, Tile};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::Signed;
use crate::gallery::{self, Part, QUALITY, ShowError};
use crate::visitor::Visitor;

use proof::Proof;
pub use proofs::Proofs;

/// Long edge of the film strip's pictures.
const STRIP_EDGE: usize = 192;
/// How strongly regions are tinted.
const TINT: u8 = 120;
/// A version's tiles never change, and nobody asks for them for long.
const FOR_A_WHILE: HeaderValue = HeaderValue::from_static("private, max-age=3600, immutable");

pub fn routes() -> Router<Desk> {
    Router::new()
        .route("/studio/try", get(page::show).post(upload::take))
        .route("/studio/try/sample/{name}", post(upload::sample))
        .route("/studio/try/{id}", delete(forget))
        .route("/studio/try/{id}/thumb", get(thumb))
        .route("/studio/try/{id}/before/{level}/{column}/{row}", get(before))
        .route("/studio/try/{id}/after/{version}/{level}/{column}/{row}", get(after))
        .route("/studio/try/{id}/draw", post(draw::draw))
        .route("/studio/try/{id}/seen", get(seen))
        .route("/studio/try/{id}/regions", get(regions))
        .route("/studio/try/{id}/run", post(run::run))
}

/// What the page must know of a proof.
fn told(proof: &Proof) -> Value {
    let size = proof.picture().original.size();
    json!({
        "id": proof.id(),
        "name": proof.picture().name,
        "width": size.width,
        "height": size.height,
        "finest": proof.finest(),
        "bytes": proof.file_bytes(),
        "format": proof.picture().original.format().to_string(),
    })
}

fn find(desk: &Desk, visitor: &Visitor, id: &str) -> Result<Arc<Proof>, Failure> {
    desk.proofs().get(&visitor.cookie, id).ok_or_else(Failure::not_found)
}

async fn forget(State(desk): State<Desk>, Path(id): Path<String>, signed: Signed) -> StatusCode {
    desk.proofs().forget(&signed.visitor.cookie, &id);
    StatusCode::NO_CONTENT
}

async fn thumb(
    State(desk): State<Desk>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let proof = find(&desk, &visitor, &id)?;
    let jpeg = desk.gallery().work(move || gallery::draw(&proof.picture().original, Part::Thumb(STRIP_EDGE)));
    Ok(jpeg_response(jpeg.await??))
}

async fn before(
    State(desk): State<Desk>,
    visitor: Visitor,
    Path((id, level, column, row)): Path<(String, u8, usize, usize)>,
) -> Result<Response, Failure> {
    let proof = find(&desk, &visitor, &id)?;
    let jpeg = desk.gallery().work(move || jpeg(&proof.before(level, column, row)?));
    Ok(jpeg_response(jpeg.await??))
}

#[derive(Deserialize)]
struct Hidden {
    /// Indices of tasks whose layers are left out, with commas between them.
    hide: Option<String>,
}

async fn after(
    State(desk): State<Desk>,
    visitor: Visitor,
    Path((id, version, level, column, row)): Path<(String, u64, u8, usize, usize)>,
    Query(hidden): Query<Hidden>,
) -> Result<Response, Failure> {
    let proof = find(&desk, &visitor, &id)?;
    let hidden: Vec<usize> =
        hidden.hide.iter().flat_map(|list| list.split(',')).filter_map(|index| index.parse().ok()).collect();
    let jpeg = desk.gallery().work(move || {
        let tile = proof.after(version, (level, column, row), &hidden)?;
        tile.map(|tile| jpeg(&tile)).transpose()
    });
    Ok(match jpeg.await?? {
        Some(jpeg) => jpeg_response(jpeg),
        // A newer version has taken its place: whoever asks has heard of that one, or will.
        None => StatusCode::GONE.into_response(),
    })
}

async fn seen(
    State(desk): State<Desk>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let proof = find(&desk, &visitor, &id)?;
    let engine = desk.engine().clone();
    let seen = desk.gallery().work(move || proof.seen(&engine));
    let seen = seen.await?.map_err(ShowError::from)?;
    let regions: Vec<_> = Region::ALL
        .into_iter()
        .map(
            |region| json!({ "name": region.name(), "colour": region.colour(), "share": seen.share(region) }),
        )
        .collect();
    Ok(Json(json!({ "faces": seen.faces(), "regions": regions })))
}

#[derive(Deserialize)]
struct Shown {
    /// Names of regions, with commas between them.
    show: String,
}

async fn regions(
    State(desk): State<Desk>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(shown): Query<Shown>,
) -> Result<Response, Failure> {
    let proof = find(&desk, &visitor, &id)?;
    let tints: Vec<_> = shown
        .show
        .split(',')
        .filter_map(Region::from_name)
        .map(|region| {
            let [r, g, b] = region.colour();
            (region, [r, g, b, TINT])
        })
        .collect();
    let engine = desk.engine().clone();
    let png = desk.gallery().work(move || {
        let seen = proof.seen(&engine)?;
        seen.overlay_png(&tints, seen.size().rect())
    });
    let png = png.await?.map_err(ShowError::from)?;
    let mut response = Response::new(Body::from(png));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("image/png"));
    response.headers_mut().insert(CACHE_CONTROL, FOR_A_WHILE);
    Ok(response)
}

fn jpeg(tile: &Tile) -> Result<Bytes, ShowError> {
    Ok(tile.to_jpeg(QUALITY)?.into())
}

fn jpeg_response(jpeg: Bytes) -> Response {
    let mut response = Response::new(Body::from(jpeg));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    response.headers_mut().insert(CACHE_CONTROL, FOR_A_WHILE);
    response
}
