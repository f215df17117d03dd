//! Any bytes through probe and decode; what decodes must fit its header and encode again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pixel::codec::{EncodeOptions, Format, Limits, decode, encode, probe};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { max_bytes: 1 << 20, max_pixels: 1 << 18 };
    let header = probe(bytes, &limits);
    let Ok(decoded) = decode(bytes, &limits) else { return };
    let picture = decoded.picture;
    let header = header.expect("what decodes can be probed");
    assert_eq!((header.format, header.size), (decoded.format, picture.size));
    assert_eq!(header.orientation, picture.orientation);
    assert_eq!(picture.rgb.len(), 3 * picture.size.area());
    let png = encode(&picture, Format::Png, &EncodeOptions::default()).expect("PNG holds every picture");
    let again = decode(&png, &Limits::default()).expect("own PNG decodes");
    assert_eq!(again.picture.rgb, picture.rgb);
    assert_eq!(again.picture.alpha, picture.alpha);
});
