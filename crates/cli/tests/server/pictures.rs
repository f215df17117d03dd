//! Pictures small enough to be worked on by the hundred, each unlike the others.

use pixel::codec::{self, EncodeOptions, Format};
use pixel::picture::{Picture, Samples};
use pixel::{Orientation, Size};

/// Pixels across and down.
const SIDE: usize = 48;

/// A PNG without a face; the same number gives the same bytes.
pub fn tiny(number: usize) -> Vec<u8> {
    encoded(SIDE, number, Format::Png)
}

/// A PNG of about `side * side * 3` bytes: noise does not become smaller.
pub fn noise(side: usize) -> Vec<u8> {
    encoded(side, side, Format::Png)
}

fn encoded(side: usize, seed: usize, format: Format) -> Vec<u8> {
    let mut state = seed as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let samples = (0..side * side * 3).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    });
    let picture = Picture {
        size: Size::new(side, side),
        rgb: Samples::U8(samples.collect()),
        alpha: None,
        grey: false,
        orientation: Orientation::default(),
        metadata: Default::default(),
    };
    codec::encode(&picture, format, &EncodeOptions::default()).expect("encoded")
}

/// The sample portrait, as it lies in the repository.
pub fn portrait() -> Vec<u8> {
    std::fs::read(super::house::repository().join("samples/portrait.jpg")).expect("the sample")
}

/// Every second pixel of the sample portrait: a face that takes a quarter of the time.
pub fn small_portrait() -> Vec<u8> {
    let full = codec::decode(&portrait(), &codec::Limits::default()).expect("a picture").picture;
    let Samples::U8(samples) = &full.rgb else { panic!("the sample has 8 bits") };
    let size = Size::new(full.size.width / 2, full.size.height / 2);
    let pixels = (0..size.area()).flat_map(|index| {
        let at = (index / size.width * 2 * full.size.width + index % size.width * 2) * 3;
        samples[at..at + 3].to_vec()
    });
    let rgb = Samples::U8(pixels.collect());
    codec::encode(&Picture { size, rgb, ..full }, Format::Jpeg, &EncodeOptions::default()).expect("encoded")
}
