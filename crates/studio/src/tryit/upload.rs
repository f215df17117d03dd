//! Taking a photo in: through the service's spool, with its limits and its words.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::HeaderMap;
use futures_util::StreamExt as _;
use http_doors::body::{Holdback, steady};
use pixel::codec::Limits;
use retouch::proof::Original;
use serde_json::Value;
use service::{PictureRefused, SpoolError, Upload};
use tracing::error;

use super::proof::Picture;
use super::told;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::Signed;
use crate::gallery::ShowError;
use crate::visitor::Visitor;
use crate::words::tryit as words;

/// The header that names the file, percent-encoded.
const NAME: &str = "x-file-name";
/// Bytes of a picture that is too large that are read on, so that the browser hears why.
const POLITENESS: u64 = 1 << 30;
/// Photos to begin with: name in the address, file name, bytes.
const SAMPLES: [(&str, &str, &[u8]); 2] = [
    ("light", "portrait.jpg", include_bytes!("../../../../samples/portrait.jpg")),
    ("dark", "portrait-dark.jpg", include_bytes!("../../../../samples/portrait-dark.jpg")),
];

/// Takes a photo whose bytes are the request's body.
pub async fn take(State(desk): State<Desk>, signed: Signed) -> Result<Json<Value>, Failure> {
    let Signed { visitor, request } = signed;
    let name = file_name(request.headers());
    let upload = spool(&desk, request).await?;
    open(&desk, &visitor, name, upload).await
}

/// Takes one of the photos that come with the program.
pub async fn sample(
    State(desk): State<Desk>,
    Path(which): Path<String>,
    signed: Signed,
) -> Result<Json<Value>, Failure> {
    let (_, name, bytes) =
        SAMPLES.into_iter().find(|(key, ..)| *key == which).ok_or_else(Failure::not_found)?;
    let mut spool = desk.service().spool().await.map_err(not_kept)?;
    spool.write(bytes).await.map_err(not_kept)?;
    let upload = spool.finish().await.map_err(not_kept)?;
    open(&desk, &signed.visitor, name.to_owned(), upload).await
}

/// The names of the photos that come with the program.
pub fn samples() -> impl Iterator<Item = &'static str> {
    SAMPLES.into_iter().map(|(key, ..)| key)
}

fn file_name(headers: &HeaderMap) -> String {
    let given = headers.get(NAME).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // A form's field is encoded in the same way.
    let decoded = url::form_urlencoded::parse(given.as_bytes()).next().map(|(name, _)| name.into_owned());
    let name = decoded.unwrap_or_default();
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if base.is_empty() { words::UNNAMED.to_owned() } else { base.to_owned() }
}

async fn spool(desk: &Desk, request: Request) -> Result<Upload, Failure> {
    let limit = desk.service().settings().limits.max_bytes;
    let holdback = Holdback::default();
    let body = steady(request.into_body(), desk.settings().uploads, limit + POLITENESS, holdback.clone());
    let mut pieces = body.into_data_stream();
    let mut spool = Some(desk.service().spool().await.map_err(not_kept)?);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|trouble| Failure::bad_request(trouble.to_string()))?;
        holdback.release();
        if let Some(open) = &mut spool {
            match open.write(&piece).await {
                Ok(()) => {}
                // Browsers listen only when they have sent all.
                Err(SpoolError::TooLarge) => spool = None,
                Err(trouble) => return Err(not_kept(trouble)),
            }
        }
    }
    match spool {
        Some(whole) => whole.finish().await.map_err(not_kept),
        None => Err(too_large(limit)),
    }
}

async fn open(desk: &Desk, visitor: &Visitor, name: String, upload: Upload) -> Result<Json<Value>, Failure> {
    let facts = desk.service().survey_for_workflow(&upload).await.map_err(refused)?;
    let limits = Limits { max_bytes: u64::MAX, max_pixels: desk.service().settings().limits.max_pixels() };
    let hash = upload.hash;
    let opened = desk.gallery().work(move || {
        let bytes = std::fs::read(upload.path())?;
        Ok::<_, std::io::Error>(Original::open(bytes, &limits))
    });
    let opened = opened.await?.map_err(|trouble| not_kept(trouble.into()))?;
    let original = opened.map_err(ShowError::from)?;
    let picture = Picture { name, facts, hash, original };
    let proof = desk
        .proofs()
        .add(&visitor.cookie, picture)
        .map_err(|_| Failure::new(StatusCode::SERVICE_UNAVAILABLE, words::NOT_NOW, words::NO_ROOM))?;
    Ok(Json(told(&proof)))
}

fn refused(refused: PictureRefused) -> Failure {
    match refused {
        PictureRefused::Unreadable => {
            Failure::new(StatusCode::SERVICE_UNAVAILABLE, words::NOT_NOW, refused.to_string())
        }
        refused => Failure::new(StatusCode::UNPROCESSABLE_ENTITY, words::NOT_TAKEN, refused.to_string()),
    }
}

fn too_large(limit: u64) -> Failure {
    let refused = PictureRefused::TooManyBytes(limit as f64 / 1_048_576.0);
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, words::NOT_TAKEN, refused.to_string())
}

fn not_kept(trouble: SpoolError) -> Failure {
    error!(%trouble, "an upload could not be kept");
    Failure::new(StatusCode::INSUFFICIENT_STORAGE, words::NOT_NOW, trouble.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_folders_and_never_are_empty() {
        let named = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(NAME, text.parse().expect("a header"));
            file_name(&headers)
        };
        assert_eq!(named("C%3A%5Cphotos%5CJ%C3%BCrgen%201.jpg"), "Jürgen 1.jpg");
        assert_eq!(named("a%26b%3D1.jpg"), "a&b=1.jpg");
        assert_eq!(named("%20"), words::UNNAMED);
        assert_eq!(file_name(&HeaderMap::new()), words::UNNAMED);
    }
}
