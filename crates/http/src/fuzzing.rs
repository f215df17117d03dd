//! What reads bytes from outside, as fuzz targets drive it. Compiled for them and for tests alone.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use futures_util::stream;

use crate::autoretouch::create::read_order;
use crate::body::Holdback;
use crate::oauth::read_fields;
use crate::range::{Wanted, wanted};
use crate::retouch4me::{BalanceForm, FilePart, FileTaker, FileTrouble, StartForm};
use crate::{autoretouch, disposition};

/// The boundary that forms are read with.
pub const BOUNDARY: &str = "b";

/// Counts what it is given.
#[derive(Default)]
struct Counter(usize);

impl FileTaker for Counter {
    async fn begin(&mut self, _token: Option<&str>) -> bool {
        true
    }

    async fn take(&mut self, piece: &[u8]) -> Result<(), FileTrouble> {
        self.0 += piece.len();
        Ok(())
    }
}

/// A form of `start` that arrives in pieces of this size: it is read or refused, and nothing is made up.
pub async fn start_form(body: &[u8], piece: usize) {
    let pieces: Vec<_> =
        body.chunks(piece.max(1)).map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece))).collect();
    let request = Request::post("/")
        .header(CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(Body::from_stream(stream::iter(pieces)));
    let Ok(request) = request else { return };
    let Ok(form) = Multipart::from_request(request, &()).await else { return };
    let mut counter = Counter::default();
    if let Ok(read) = StartForm::read(form, &Holdback::default(), &mut counter).await {
        assert!(counter.0 <= body.len());
        assert!(counter.0 == 0 || read.file != FilePart::Missing);
    }
}

/// The balance question, whatever it says it is.
pub async fn balance(body: &[u8]) {
    for kind in [None, Some("application/json"), Some("multipart/form-data; boundary=b")] {
        if let Ok(form) = BalanceForm::read(kind, body).await {
            assert!((1..=32).contains(&form.modes.len()));
        }
    }
}

/// Device and token requests, and the order of an execution.
pub fn bodies(body: &[u8]) {
    read_fields(body);
    read_order(body);
}

/// Queries, hashes, file names and ranges.
pub fn texts(bytes: &[u8]) {
    if let Some(name) = disposition::file_name(bytes) {
        assert!(!name.is_empty() && !name.contains(['/', '\\']));
        disposition::attachment(&name, "jpg");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    autoretouch::read_query(text);
    for length in [0, 1, 1 << 40] {
        if let Wanted::Part(range) = wanted(Some(text), length) {
            assert!(range.start < range.end && range.end <= length);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes that look a little like what is expected.
    fn likely() -> impl Strategy<Value = Vec<u8>> {
        let words = prop::sample::select(vec![
            "--b",
            "\r\n",
            "--",
            "Content-Disposition: form-data; name=\"file\"; filename=\"a\"",
            "\r\n\r\n",
            "token",
            "{\"modes\":[",
            "]}",
            "\"",
            "bytes=",
            "-",
            "label[",
            "]=",
            "&",
            "%5B",
            "%",
            "filename*=utf-8''",
            "\0",
            "ä",
            "{\"image\":{\"name\":\"a\",\"contentHash\":\"",
            "\"}}",
            "9999999999999999999999",
        ]);
        let part = prop_oneof![
            3 => words.prop_map(|word| word.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..9),
        ];
        prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn nothing_that_comes_in_breaks_a_parser(body in likely(), piece in 1usize..40) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(async {
                start_form(&body, piece).await;
                balance(&body).await;
            });
            bodies(&body);
            texts(&body);
        }
    }
}
