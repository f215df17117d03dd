//! Laying subject, shadow and ground over each other: what the export writes.

use pixel::Size;
use pixel::codec::drop_thumbnails;
use pixel::colour::profile::ColourSpace;
use pixel::picture::{Picture, Samples};
use rayon::prelude::*;

use super::scale::{framed, scaled};
use super::shadow::Shadow;
use super::work::{Ground, Work};

/// The picture with its shadow and ground; alpha is left only when there is no ground.
pub(super) fn flattened(work: &mut Work<'_>) -> Picture {
    let size = work.picture.size;
    if work.ground.is_none() && work.shadow.is_none() {
        return work.picture.clone();
    }
    if work.picture.grey && !is_neutral(work) {
        in_colour(work);
    }
    let ground = work.ground.as_ref().map(|ground| GroundPixels::new(ground, size));
    let picture = &work.picture;
    let shadow = work.shadow.as_ref();
    let (rgb, alpha) = match &picture.rgb {
        Samples::U8(_) => {
            let (rgb, alpha) = lay(picture, shadow, ground.as_ref(), |v| (v * 255.0 + 0.5) as u8);
            (Samples::U8(rgb), alpha.map(Samples::U8))
        }
        Samples::U16(_) => {
            let (rgb, alpha) = lay(picture, shadow, ground.as_ref(), |v| (v * 65535.0 + 0.5) as u16);
            (Samples::U16(rgb), alpha.map(Samples::U16))
        }
    };
    let mut metadata = picture.metadata.clone();
    drop_thumbnails(&mut metadata);
    Picture { size, rgb, alpha, metadata, ..*picture }
}

/// True when laying shadow and ground brings no colour into a grey picture.
fn is_neutral(work: &Work<'_>) -> bool {
    let even = |c: [f32; 3]| c[0] == c[1] && c[1] == c[2];
    let ground = match &work.ground {
        None => true,
        Some(Ground::Colour(c)) => even(*c),
        Some(Ground::Gradient { colours, .. }) => even(colours[0]) && even(colours[1]),
        Some(Ground::Picture(picture)) => picture.grey,
    };
    ground && work.shadow.as_ref().is_none_or(|shadow| even(shadow.colour))
}

/// Makes a grey picture an sRGB one, with the shadow and the ground, which were encoded for its grey.
fn in_colour(work: &mut Work<'_>) {
    let (grey, srgb) = (work.space(), ColourSpace::srgb());
    to_srgb(&mut work.picture);
    work.picture.grey = false;
    let again = |colour: [f32; 3]| srgb.from_linear(grey.to_linear(colour));
    if let Some(shadow) = &mut work.shadow {
        shadow.colour = again(shadow.colour);
    }
    match &mut work.ground {
        None => {}
        Some(Ground::Colour(colour)) => *colour = again(*colour),
        Some(Ground::Gradient { colours, .. }) => *colours = colours.map(again),
        Some(Ground::Picture(picture)) => recode(picture, &grey, &srgb),
    }
}

fn lay<T: Send + Copy>(
    picture: &Picture,
    shadow: Option<&Shadow>,
    ground: Option<&GroundPixels>,
    quantise: impl Fn(f32) -> T + Sync,
) -> (Vec<T>, Option<Vec<T>>) {
    let size = picture.size;
    let pixels: Vec<[T; 4]> = (0..size.area())
        .into_par_iter()
        .map(|i| {
            let subject = picture.alpha.as_ref().map_or(1.0, |alpha| alpha.unit(i));
            let (x, y) = (i % size.width, i / size.width);
            let shade = match shadow {
                Some(shadow) if subject < 1.0 => shadow.at(x, y) * (1.0 - subject),
                _ => 0.0,
            };
            let behind = if ground.is_some() { 1.0 - subject - shade } else { 0.0 };
            let cover = subject + shade + behind;
            let ground = ground.map_or([1.0; 3], |ground| ground.at(x, y, size));
            let dark = shadow.map_or([0.0; 3], |shadow| shadow.colour);
            let mix = |c: usize| {
                if cover <= 0.0 {
                    return 1.0;
                }
                let own = picture.rgb.unit(3 * i + c);
                if subject >= 1.0 {
                    own
                } else {
                    (subject * own + shade * dark[c] + behind * ground[c]) / cover
                }
            };
            [mix(0), mix(1), mix(2), cover].map(|v| quantise(v.clamp(0.0, 1.0)))
        })
        .collect();
    let alpha = ground.is_none().then(|| pixels.iter().map(|p| p[3]).collect());
    (pixels.iter().flat_map(|p| [p[0], p[1], p[2]]).collect(), alpha)
}

/// A ground made ready for one size.
enum GroundPixels {
    Colour([f32; 3]),
    Gradient { colours: [[f32; 3]; 2], angle: Option<f32> },
    Picture(Box<Picture>),
}

impl GroundPixels {
    fn new(ground: &Ground, size: Size) -> Self {
        match ground {
            Ground::Colour(colour) => Self::Colour(*colour),
            Ground::Gradient { colours, angle } => Self::Gradient { colours: *colours, angle: *angle },
            Ground::Picture(picture) => Self::Picture(Box::new(covering(picture, size))),
        }
    }

    fn at(&self, x: usize, y: usize, size: Size) -> [f32; 3] {
        match self {
            Self::Colour(colour) => *colour,
            Self::Gradient { colours: [from, to], angle } => {
                let u = (x as f32 + 0.5) / size.width as f32 - 0.5;
                let v = (y as f32 + 0.5) / size.height as f32 - 0.5;
                let t = match angle {
                    // The corners lie at the ends, whatever the direction.
                    Some(angle) => {
                        let (sin, cos) = angle.sin_cos();
                        0.5 + (u * cos + v * sin) / (cos.abs() + sin.abs())
                    }
                    None => (u.hypot(v) * std::f32::consts::SQRT_2).min(1.0),
                };
                // A hair of ordered noise, the same for all channels, keeps 8 bits from showing bands.
                let noise = ((x * 3 + y * 5) % 8) as f32 / 8.0 - 0.4375;
                [0, 1, 2].map(|c| from[c] + (to[c] - from[c]) * t.clamp(0.0, 1.0) + noise / 255.0)
            }
            Self::Picture(picture) => {
                let index = 3 * (y * picture.size.width + x);
                let alpha = picture.alpha.as_ref().map_or(1.0, |alpha| alpha.unit(index / 3));
                [0, 1, 2].map(|c| 1.0 + alpha * (picture.rgb.unit(index + c) - 1.0))
            }
        }
    }
}

/// The middle of a picture, as large as covers `size` wholly.
fn covering(picture: &Picture, size: Size) -> Picture {
    let (from, to) = (picture.size, size);
    let scale = (to.width as f64 / from.width as f64).max(to.height as f64 / from.height as f64);
    let grown = |side: usize, least: usize| ((side as f64 * scale).round() as usize).max(least);
    let large = Size::new(grown(from.width, to.width), grown(from.height, to.height));
    let large = scaled(picture, large);
    let left = (large.size.width - to.width) / 2;
    let top = (large.size.height - to.height) / 2;
    framed(&large, left as isize, top as isize, to)
}

/// The picture's colours in sRGB, its profile taken off.
pub(super) fn to_srgb(picture: &mut Picture) {
    convert(picture, &ColourSpace::srgb());
    picture.metadata.icc = None;
}

/// The picture's colours in another space; the profile is the caller's business.
pub(super) fn convert(picture: &mut Picture, to: &ColourSpace) {
    let from = crate::engine::document_space(picture);
    recode(picture, &from, to);
}

/// Colours encoded for one space, encoded for another, whatever the picture's profile says.
fn recode(picture: &mut Picture, from: &ColourSpace, to: &ColourSpace) {
    if from.is_srgb() && to.is_srgb() {
        return;
    }
    let width = 3 * picture.size.width;
    let change = |pixel: [f32; 3]| to.from_linear(from.to_linear(pixel));
    match &mut picture.rgb {
        Samples::U8(rgb) => rgb.par_chunks_mut(width).for_each(|row| {
            row.chunks_exact_mut(3).for_each(|p| {
                let out = change([0, 1, 2].map(|c| f32::from(p[c]) / 255.0));
                (0..3).for_each(|c| p[c] = (out[c] * 255.0 + 0.5) as u8);
            });
        }),
        Samples::U16(rgb) => rgb.par_chunks_mut(width).for_each(|row| {
            row.chunks_exact_mut(3).for_each(|p| {
                let out = change([0, 1, 2].map(|c| f32::from(p[c]) / 65535.0));
                (0..3).for_each(|c| p[c] = (out[c] * 65535.0 + 0.5) as u16);
            });
        }),
    }
}
