//! Rectangles of a picture as a screen shows them: upright, 8-bit sRGB.

use pixel::codec::{self, Depth as Bits, LayerChannels, LayerPng};
use pixel::colour::profile::ColourSpace;
use pixel::picture::{Picture, Samples};
use pixel::{Orientation, Rect, Size};

use crate::engine::EngineError;
use crate::lay::{Depth, Row, Scratch, StoredLayer};

/// Upright pixels, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Width and height.
    pub size: Size,
    /// Interleaved 8-bit sRGB.
    pub rgb: Vec<u8>,
}

impl Tile {
    /// A JPEG without metadata, chroma in full; `quality` from 1 to 100.
    ///
    /// # Errors
    /// When the tile is empty or larger than a JPEG can be.
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>, EngineError> {
        Ok(codec::encode_shown(&self.rgb, self.size, quality)?)
    }

    /// A PNG without metadata.
    ///
    /// # Errors
    /// When the tile is empty or more than 2 GiB.
    pub fn to_png(&self) -> Result<Vec<u8>, EngineError> {
        let rgba: Vec<u8> = self.rgb.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
        rgba_png(&rgba, self.size)
    }
}

/// A PNG of straight-alpha RGBA.
pub(super) fn rgba_png(rgba: &[u8], size: Size) -> Result<Vec<u8>, EngineError> {
    if size.area() == 0 {
        return Err(codec::EncodeError::ZeroSize.into());
    }
    let mut png = LayerPng::new(size, Bits::Eight, LayerChannels::Rgba, Orientation::Upright, None);
    png.push_rows(rgba);
    Ok(png.finish()?)
}

/// The upright rectangle, cut to the picture, with the layers laid over it. Works on the calling thread alone: tiles
/// are small, and many are read at a time.
pub(super) fn read(picture: &Picture, space: &ColourSpace, layers: &[&StoredLayer], rect: Rect) -> Tile {
    let rect = rect.intersect(picture.upright_size().rect());
    let size = rect.size();
    if rect.is_empty() {
        return Tile { size: Size::new(0, 0), rgb: Vec::new() };
    }
    let stored = picture.orientation.rect_to_stored(rect, picture.size);
    let depth = Depth::of(&picture.rgb);
    let screen = Screen::new(space, depth);
    let (mut row, mut scratch) = (Row::default(), Scratch::default());
    let mut rgb = vec![0u8; 3 * size.area()];
    for (y, line) in (stored.y..stored.bottom()).zip(rgb.chunks_exact_mut(3 * stored.width)) {
        row.load(&picture.rgb, y * picture.size.width + stored.x, stored.width);
        for layer in layers {
            layer.lay_row(&mut row, stored.x, y, depth, &mut scratch);
        }
        screen.show(&mut row, line);
        if let Some(alpha) = &picture.alpha {
            over_white(line, alpha, y * picture.size.width + stored.x);
        }
    }
    Tile { size, rgb: upright(rgb, rect, stored, picture) }
}

/// From a row as the engine has it to what a screen shows.
struct Screen<'a> {
    /// `None` for sRGB, which is shown as it is.
    space: Option<(&'a ColourSpace, ColourSpace)>,
    ceiling: f32,
}

impl<'a> Screen<'a> {
    fn new(space: &'a ColourSpace, depth: Depth) -> Self {
        let managed = !space.is_srgb();
        Self { space: managed.then(|| (space, ColourSpace::srgb())), ceiling: depth.ceiling() }
    }

    /// Rounds the row to the document's depth, as a result is, then converts it.
    fn show(&self, row: &mut Row, line: &mut [u8]) {
        let [red, green, blue] = row.channels_mut();
        if self.ceiling > 255.0 {
            for channel in [&mut *red, &mut *green, &mut *blue] {
                channel.iter_mut().for_each(|v| *v = (*v * self.ceiling + 0.5) as u16 as f32 / self.ceiling);
            }
        }
        if let Some((space, srgb)) = &self.space {
            space.rows_to_linear(red, green, blue);
            srgb.rows_from_linear(red, green, blue);
        }
        row.store(line, |v| (v * 255.0 + 0.5) as u8);
    }
}

/// Lays a row over white, in encoded values as browsers do; its first pixel is number `start` of the picture.
fn over_white(line: &mut [u8], alpha: &Samples, start: usize) {
    for (i, pixel) in line.chunks_exact_mut(3).enumerate() {
        let a = alpha.unit(start + i);
        pixel.iter_mut().for_each(|v| *v = (f32::from(*v) * a + 255.0 * (1.0 - a) + 0.5) as u8);
    }
}

fn upright(rgb: Vec<u8>, rect: Rect, stored: Rect, picture: &Picture) -> Vec<u8> {
    if picture.orientation == Orientation::Upright {
        return rgb;
    }
    let mut turned = Vec::with_capacity(rgb.len());
    for y in rect.y..rect.bottom() {
        for x in rect.x..rect.right() {
            let (sx, sy) = picture.orientation.to_stored(x, y, picture.size);
            let at = 3 * ((sy - stored.y) * stored.width + sx - stored.x);
            turned.extend_from_slice(&rgb[at..at + 3]);
        }
    }
    turned
}
