//! Forms as clients write them, in any order and cut anywhere.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::routing::post;
use axum::{Extension, Router};
use bytes::Bytes;
use proptest::prelude::*;
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

use super::*;

const BOUNDARY: &str = "----bound";

/// A taker in memory.
#[derive(Default)]
struct Basket {
    bytes: Vec<u8>,
    limit: Option<usize>,
    skips: bool,
    token_seen: Option<String>,
}

impl FileTaker for Basket {
    async fn begin(&mut self, token: Option<&str>) -> bool {
        self.token_seen = token.map(str::to_owned);
        !self.skips
    }

    async fn take(&mut self, piece: &[u8]) -> Result<(), FileTrouble> {
        self.bytes.extend_from_slice(piece);
        match self.limit {
            Some(limit) if self.bytes.len() > limit => Err(FileTrouble::TooLarge),
            _ => Ok(()),
        }
    }
}

fn part(name: &str, file_name: Option<&str>, content: &[u8]) -> Vec<u8> {
    let file =
        file_name.map(|name| format!("; filename=\"{name}\"\r\nContent-Type: application/octet-stream"));
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{}\r\n\r\n",
        file.unwrap_or_default()
    );
    [head.as_bytes(), content, b"\r\n"].concat()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), format!("--{BOUNDARY}--\r\n").into_bytes()].concat()
}

/// Reads a body that arrives in pieces of the given size.
async fn read(body: Vec<u8>, piece: usize, basket: Basket) -> (Result<StartForm, FormTrouble>, Basket) {
    type Out = Arc<Mutex<Option<(Result<StartForm, FormTrouble>, Basket)>>>;
    async fn handler(
        Extension(out): Extension<Out>,
        Extension(basket): Extension<Arc<Mutex<Basket>>>,
        request: Request,
    ) {
        let holdback = Holdback::default();
        let (parts, body) = request.into_parts();
        let patience = crate::body::BodyPatience::default();
        let body = crate::body::steady(body, patience, u64::MAX, holdback.clone());
        let form = Multipart::from_request(Request::from_parts(parts, body), &()).await.expect("a form");
        let mut basket = std::mem::take(&mut *basket.lock().expect("free"));
        let read = StartForm::read(form, &holdback, &mut basket).await;
        *out.lock().expect("free") = Some((read, basket));
    }
    let out = Out::default();
    let pieces: Vec<_> =
        body.chunks(piece).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece))).collect();
    let request = Request::post("/")
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(Body::from_stream(futures_util::stream::iter(pieces)))
        .expect("a request");
    let router = Router::new()
        .route("/", post(handler))
        .layer(DefaultBodyLimit::disable())
        .layer(Extension(out.clone()))
        .layer(Extension(Arc::new(Mutex::new(basket))));
    router.oneshot(request).await.expect("an answer");
    out.lock().expect("free").take().expect("the handler ran")
}

fn whole(text: &str) -> Option<Text> {
    Some(Text::Whole(text.to_owned()))
}

#[tokio::test]
async fn the_published_orders_give_the_same_form() {
    let file = part("file", Some("a.jpg"), b"\xff\xd8picture");
    let (token, payload) = (part("token", None, b"t"), part("payload", None, b"{}"));
    let orders = [[&token, &payload, &file], [&file, &token, &payload]];
    for (order, seen) in orders.into_iter().zip([Some("t"), None]) {
        let parts: Vec<_> = order.into_iter().cloned().collect();
        let (form, basket) = read(form(&parts), 7, Basket::default()).await;
        let form = form.expect("readable");
        assert_eq!(form.file, FilePart::Taken { name: "a.jpg".into() });
        assert_eq!((form.token, form.payload, form.hook), (whole("t"), whole("{}"), None));
        assert_eq!(basket.bytes, b"\xff\xd8picture");
        assert_eq!(basket.token_seen.as_deref(), seen);
    }
}

#[tokio::test]
async fn a_refused_file_is_read_on_so_that_the_rest_is_seen() {
    let parts = [part("file", Some("a.jpg"), &[7; 5000]), part("token", None, b"t")];
    let basket = Basket { limit: Some(100), ..Basket::default() };
    let (read_form, basket) = read(form(&parts), 64, basket).await;
    let read_form = read_form.expect("readable");
    assert_eq!(read_form.file, FilePart::Refused(FileTrouble::TooLarge));
    assert_eq!(read_form.token, whole("t"));
    assert!(basket.bytes.len() < 300, "nothing was handed on after the refusal");
    let skipping = Basket { skips: true, ..Basket::default() };
    let (read_form, basket) = read(form(&parts), 64, skipping).await;
    assert_eq!((read_form.expect("readable").file, basket.bytes.len()), (FilePart::Skipped, 0));
}

#[tokio::test]
async fn an_empty_file_part_is_no_file_and_two_files_are_one_too_many() {
    let empty = part("file", Some(""), b"");
    let (read_form, _) = read(form(std::slice::from_ref(&empty)), 64, Basket::default()).await;
    assert_eq!(read_form.expect("readable").file, FilePart::Missing);
    let file = part("file", Some("a.jpg"), b"x");
    let (read_form, _) = read(form(&[file.clone(), empty, file]), 64, Basket::default()).await;
    assert!(matches!(read_form, Err(FormTrouble::TwoFiles)));
}

#[tokio::test]
async fn long_texts_are_cut_off_and_unknown_parts_left() {
    let long = vec![b'x'; MAX_TOKEN + 1];
    let parts = [part("token", None, &long), part("other", None, &long), part("payload", None, b"\xff")];
    let (read_form, _) = read(form(&parts), 1000, Basket::default()).await;
    let read_form = read_form.expect("readable");
    assert_eq!(read_form.token, Some(Text::TooLong(MAX_TOKEN)));
    assert_eq!(read_form.payload, Some(Text::Garbled));
}

#[tokio::test]
async fn broken_and_endless_forms_are_refused() {
    let cut = part("token", None, b"t");
    let (read_form, _) = read(cut, 64, Basket::default()).await;
    assert!(matches!(read_form, Err(FormTrouble::Unreadable(_))));
    let many: Vec<_> = (0..MAX_PARTS + 1).map(|_| part("x", None, b"")).collect();
    let (read_form, _) = read(form(&many), 1000, Basket::default()).await;
    assert!(matches!(read_form, Err(FormTrouble::TooManyParts)));
    let endless = [format!("--{BOUNDARY}\r\nX: ").into_bytes(), vec![b'x'; 3_000_000]].concat();
    let (read_form, _) = read(endless, 50_000, Basket::default()).await;
    assert!(matches!(read_form, Err(FormTrouble::Unreadable(text)) if text.contains("too long")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_form_reads_the_same_however_it_is_ordered_and_cut(
        content in proptest::collection::vec(any::<u8>(), 1..400),
        token in "[ -~]{0,40}",
        payload in "\\PC{0,60}",
        order in Just([0usize, 1, 2]).prop_shuffle(),
        piece in 1usize..97,
    ) {
        let delimiter = format!("\r\n--{BOUNDARY}");
        prop_assume!(!content.windows(delimiter.len()).any(|w| w == delimiter.as_bytes()));
        let all = [
            part("file", Some("n.png"), &content),
            part("token", None, token.as_bytes()),
            part("payload", None, payload.as_bytes()),
        ];
        let parts: Vec<_> = order.iter().map(|&at| all[at].clone()).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let (read_form, basket) = runtime.block_on(read(form(&parts), piece, Basket::default()));
        let read_form = read_form.expect("readable");
        prop_assert_eq!(basket.bytes, content);
        prop_assert_eq!(read_form.token, whole(&token));
        prop_assert_eq!(read_form.payload, whole(&payload));
    }

    #[test]
    fn any_scraps_of_a_form_are_read_or_refused(
        scraps in proptest::collection::vec(
            prop_oneof![
                Just(&b"------bound\r\n"[..]),
                Just(&b"Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n"[..]),
                Just(&b"Content-Disposition: form-data; name=\"payload\"\r\n"[..]),
                Just(&b"\r\n"[..]),
                Just(&b"\xff\x00text"[..]),
                Just(&b"------bound--"[..]),
            ],
            0..24,
        ),
        piece in 1usize..40,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let _ = runtime.block_on(read(scraps.concat(), piece, Basket::default()));
    }
}
