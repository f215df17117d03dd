//! What a preview is made of: a portrait, a product, or a picture of the person's own, reduced and kept for a while.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use pixel::codec::{EncodeOptions, Format, Limits, encode, probe};
use pixel::picture::{Metadata, Picture, Samples};
use pixel::{Orientation, Size};
use retouch::{Engine, Options, Unwatched, Upload, Workflow};
use serde_json::json;
use service::OrganizationId;

use super::run::take;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::Signed;
use crate::visitor::Visitor;
use crate::words::workflows as words;

/// Name of the sample with a face.
pub const PORTRAIT: &str = "portrait";
/// Name of the sample with a thing.
pub const PRODUCT: &str = "product";

/// Long edge of a sample in pixels.
const EDGE: usize = 1200;
/// People's own samples that are kept, the oldest of all organizations going first.
const KEPT: usize = 32;

/// The photograph of a person.
static FACE: &[u8] = include_bytes!("../../../../samples/portrait.jpg");

/// A reduced picture.
pub struct Sample {
    /// A JPEG in sRGB.
    pub bytes: Vec<u8>,
    /// Its pixels to one of the original, along an edge.
    pub factor: f64,
}

/// People's own samples, by organization and name.
#[derive(Default)]
pub struct Own(Mutex<VecDeque<(OrganizationId, String, Arc<Sample>)>>);

impl Own {
    fn keep(&self, organization: &OrganizationId, key: &str, sample: Sample) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(owner, name, _)| owner != organization || name != key);
        kept.push_back((organization.clone(), key.to_owned(), Arc::new(sample)));
        while kept.len() > KEPT {
            kept.pop_front();
        }
    }

    fn find(&self, organization: &OrganizationId, key: &str) -> Option<Arc<Sample>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|(owner, name, _)| owner == organization && name == key)
            .map(|(.., sample)| sample.clone())
    }
}

/// A sample by its name; made when it is wanted for the first time.
///
/// # Errors
/// 404 for a sample that is not kept any more.
pub async fn find(desk: &Desk, organization: &OrganizationId, key: &str) -> Result<Arc<Sample>, Failure> {
    static MADE: [OnceLock<Arc<Sample>>; 2] = [OnceLock::new(), OnceLock::new()];
    let (made, make): (_, fn() -> Vec<u8>) = match key {
        PORTRAIT => (&MADE[0], || FACE.to_vec()),
        PRODUCT => (&MADE[1], product),
        own => {
            let gone = || Failure::new(StatusCode::NOT_FOUND, words::PREVIEW_FAILED, words::SAMPLE_GONE);
            return desk.previews().own.find(organization, own).ok_or_else(gone);
        }
    };
    if let Some(sample) = made.get() {
        return Ok(sample.clone());
    }
    let engine = desk.engine().clone();
    let sample = tokio::task::spawn_blocking(move || reduced(&engine, &make(), &Limits::default())).await;
    let sample = sample.map_err(|error| Failure::bad_request(error.to_string()))??;
    Ok(made.get_or_init(|| Arc::new(sample)).clone())
}

/// Takes a picture as a sample. It is reduced, kept in memory for a while, and never stored.
pub async fn upload(
    State(desk): State<Desk>,
    Signed { visitor, request }: Signed,
) -> Result<Response, Failure> {
    let limits = desk.service().settings().picture_limits();
    let upload = take(&desk, request).await?;
    desk.service()
        .survey_for_workflow(&upload)
        .await
        .map_err(|error| Failure::bad_request(error.to_string()))?;
    let key = upload.hash.hex();
    let engine = desk.engine().clone();
    let limits = Limits { max_bytes: limits.max_bytes, max_pixels: limits.max_pixels() };
    let room = desk.previews().room().await?;
    let sample = tokio::task::spawn_blocking(move || {
        let bytes = std::fs::read(upload.path()).map_err(|error| Failure::bad_request(error.to_string()))?;
        reduced(&engine, &bytes, &limits)
    });
    let sample = sample.await.map_err(|error| Failure::bad_request(error.to_string()))??;
    drop(room);
    desk.previews().own.keep(&visitor.member.organization.id, &key, sample);
    Ok(axum::Json(json!({ "key": key })).into_response())
}

pub async fn picture(
    State(desk): State<Desk>,
    Path(key): Path<String>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let sample = find(&desk, &visitor.member.organization.id, &key).await?;
    let mut response = Response::new(Body::from(sample.bytes.clone()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=600"));
    Ok(response)
}

/// A picture made smaller and sRGB, by the engine's own steps.
fn reduced(engine: &Engine, bytes: &[u8], limits: &Limits) -> Result<Sample, Failure> {
    let unreadable = |error: &dyn std::fmt::Display| Failure::bad_request(error.to_string());
    let header = probe(bytes, limits).map_err(|error| unreadable(&error))?;
    let steps = json!([
        { "type": "input", "settings": { "largestEdge": EDGE } },
        { "type": "export", "settings": { "format": "jpeg", "quality": 95, "profile": "srgb", "metadata": "none" } },
    ]);
    let steps = Workflow::from_value(&steps).map_err(|error| unreadable(&error))?;
    let options = Options { limits: *limits, ..Options::default() };
    let done = engine.run_workflow(&Upload::new(bytes, "sample.jpg"), &steps, &options, &Unwatched);
    let done = done.map_err(|error| unreadable(&error))?;
    let factor = (EDGE as f64 / header.size.long_edge().max(1) as f64).min(1.0);
    Ok(Sample { bytes: done.bytes, factor })
}

/// A thing before a light backdrop: a bottle with a cap and a label, drawn.
fn product() -> Vec<u8> {
    let size = Size::new(900, 1200);
    let mut rgb = Vec::with_capacity(size.area() * 3);
    for y in 0..size.height {
        for x in 0..size.width {
            rgb.extend(product_pixel(x as f32 / 900.0 - 0.5, y as f32 / 900.0 - 0.667));
        }
    }
    let picture = Picture {
        size,
        rgb: Samples::U8(rgb),
        alpha: None,
        grey: false,
        orientation: Orientation::Upright,
        metadata: Metadata::default(),
    };
    encode(&picture, Format::Jpeg, &EncodeOptions::default()).unwrap_or_default()
}

/// The colour at a place, in units of the picture's width from its middle.
fn product_pixel(x: f32, y: f32) -> [u8; 3] {
    /// Cover of a box with round corners, its edge a pixel wide.
    fn cover([x, y]: [f32; 2], [cx, cy]: [f32; 2], [w, h]: [f32; 2], round: f32) -> f32 {
        let (dx, dy) = ((x - cx).abs() - w + round, (y - cy).abs() - h + round);
        let outside = dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - round;
        (0.5 - outside * 900.0).clamp(0.0, 1.0)
    }
    let at = [x, y];
    let ground = 206.0 + 26.0 * (-(x * x + y * y) * 3.0).exp() + if y > 0.44 { -9.0 } else { 0.0 };
    let contact = 46.0 * (-((x / 0.2).powi(2) + ((y - 0.452) / 0.02).powi(2))).exp();
    let mut colour = [ground - contact; 3];
    // Light falls from the left: a bright streak, and a dark rim on the right.
    let across = (x / 0.19).clamp(-1.0, 1.0);
    let light = 0.55
        + 0.45 * (1.0 - (across + 0.25).powi(2)).max(0.0)
        + 0.5 * (-((across + 0.55) / 0.12).powi(2)).exp();
    let mut lay = |paint: [f32; 3], light: f32, cover: f32| {
        for (channel, paint) in colour.iter_mut().zip(paint) {
            *channel += (paint * light - *channel) * cover;
        }
    };
    lay([52.0, 108.0, 92.0], light, cover(at, [0.0, 0.09], [0.19, 0.36], 0.07));
    lay([52.0, 108.0, 92.0], light, cover(at, [0.0, -0.32], [0.075, 0.12], 0.02));
    lay([196.0, 160.0, 84.0], light, cover(at, [0.0, -0.43], [0.085, 0.075], 0.015));
    lay([236.0, 230.0, 214.0], 0.35 + 0.6 * light, cover(at, [0.0, 0.13], [0.19, 0.15], 0.004));
    lay([150.0, 60.0, 44.0], light, cover(at, [0.0, 0.1], [0.1, 0.014], 0.01));
    lay([90.0, 84.0, 74.0], light, cover(at, [0.0, 0.16], [0.07, 0.007], 0.005));
    colour.map(|value| value.clamp(0.0, 255.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_readable_pictures() {
        let header = probe(&product(), &Limits::default()).expect("a picture");
        assert_eq!((header.size.width, header.size.height), (900, 1200));
        assert!(probe(FACE, &Limits::default()).is_ok());
    }

    #[test]
    fn a_sample_of_ones_own_is_ones_own_and_old_ones_go() {
        let (own, ada, eve) = (Own::default(), OrganizationId::random(), OrganizationId::random());
        for index in 0..=KEPT {
            own.keep(&ada, &format!("{index}"), Sample { bytes: Vec::new(), factor: 1.0 });
        }
        assert!(own.find(&ada, "0").is_none() && own.find(&ada, "1").is_some());
        assert!(own.find(&eve, "1").is_none());
    }
}
