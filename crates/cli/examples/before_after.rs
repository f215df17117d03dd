//! Makes the picture of the README: the same part of two pictures, side by side.
//!
//! `cargo run --example before_after -- BEFORE AFTER OUT.jpg X Y WIDTH HEIGHT`

use std::error::Error;
use std::fs;

use pixel::Size;
use pixel::codec::{self, EncodeOptions, Format, Limits};
use pixel::picture::{Picture, Samples};

/// White columns between the two.
const GAP: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [before, after, out, place @ ..] = arguments.as_slice() else {
        return Err("give BEFORE AFTER OUT.jpg X Y WIDTH HEIGHT".into());
    };
    let place = place.iter().map(|number| number.parse()).collect::<Result<Vec<usize>, _>>()?;
    let &[x, y, width, height] = place.as_slice() else { return Err("give X Y WIDTH HEIGHT".into()) };
    let (before, after) = (read(before)?, read(after)?);

    let mut rgb = Vec::with_capacity((2 * width + GAP) * height * 3);
    for row in y..y + height {
        rgb.extend_from_slice(part(&before, x, row, width)?);
        rgb.extend_from_slice(&[255; 3 * GAP]);
        rgb.extend_from_slice(part(&after, x, row, width)?);
    }
    let picture = Picture {
        size: Size::new(2 * width + GAP, height),
        rgb: Samples::U8(rgb),
        alpha: None,
        metadata: Default::default(),
        ..before
    };
    fs::write(out, codec::encode(&picture, Format::Jpeg, &EncodeOptions { jpeg_quality: 85 })?)?;
    Ok(())
}

fn read(path: &str) -> Result<Picture, Box<dyn Error>> {
    Ok(codec::decode(&fs::read(path)?, &Limits::default())?.picture)
}

/// `width` pixels of a row, from column `x` on.
fn part(picture: &Picture, x: usize, row: usize, width: usize) -> Result<&[u8], Box<dyn Error>> {
    let Samples::U8(samples) = &picture.rgb else { return Err("the pictures must have 8 bits".into()) };
    let start = (row * picture.size.width + x) * 3;
    let reaches = x + width <= picture.size.width;
    samples.get(start..start + 3 * width).filter(|_| reaches).ok_or_else(|| "the part reaches out".into())
}
