//! Changing the size of a picture: Lanczos with three lobes, colours weighted by their cover.

use pixel::picture::{Picture, Samples};
use pixel::{Plane, Rect, Size};
use rayon::prelude::*;

use super::exif;

/// Lobes of the kernel.
const LOBES: f32 = 3.0;
/// Target rows that one thread takes at a time.
const BAND: usize = 16;

/// The part of a picture that another picture shows.
pub(super) struct Window {
    /// Where the first pixel begins, across and along, in pixels of the source.
    pub from: [f64; 2],
    /// Pixels of the source a pixel, across and along.
    pub ratio: [f64; 2],
}

impl Window {
    /// All of a picture of size `source` in the size `target`.
    pub fn whole(source: Size, target: Size) -> Self {
        let ratio = |source: usize, target: usize| source as f64 / target as f64;
        let ratio = [ratio(source.width, target.width), ratio(source.height, target.height)];
        Self { from: [0.0; 2], ratio }
    }
}

/// The weights of the source samples of each target sample along one axis.
struct Taps {
    /// First source sample and weights, a target sample each.
    taps: Vec<(usize, Vec<f32>)>,
}

impl Taps {
    /// From `source` samples to `target`, of which the first begins at `from` and each is `ratio` samples of the source
    /// long; edges are continued outwards.
    fn new(source: usize, target: usize, from: f64, ratio: f64) -> Self {
        let stretch = ratio.max(1.0);
        let reach = f64::from(LOBES) * stretch;
        let tap = |n: usize| {
            let centre = from + (n as f64 + 0.5) * ratio - 0.5;
            let (low, high) = ((centre - reach).ceil() as isize, (centre + reach).floor() as isize);
            let last = source as isize - 1;
            let first = low.clamp(0, last);
            let mut weights = vec![0.0f64; (high.clamp(0, last) - first + 1) as usize];
            for k in low..=high {
                weights[(k.clamp(0, last) - first) as usize] += lanczos((k as f64 - centre) / stretch);
            }
            let total: f64 = weights.iter().sum();
            (first as usize, weights.iter().map(|w| (w / total) as f32).collect())
        };
        Self { taps: (0..target).map(tap).collect() }
    }
}

fn lanczos(x: f64) -> f64 {
    let lobes = f64::from(LOBES);
    if x.abs() < 1e-9 {
        return 1.0;
    }
    if x.abs() >= lobes {
        return 0.0;
    }
    let p = std::f64::consts::PI * x;
    lobes * p.sin() * (p / lobes).sin() / (p * p)
}

/// Rows of `channels` interleaved values a pixel, a window of them brought to another size. `load` fills a source row.
fn scale_rows<T: Send + Copy>(
    source: Size,
    (window, target): (&Window, Size),
    channels: usize,
    load: impl Fn(usize, &mut [f32]) + Sync,
    store: impl Fn(&[f32], &mut [T]) + Sync,
    out: &mut [T],
    out_channels: usize,
) {
    let columns = Taps::new(source.width, target.width, window.from[0], window.ratio[0]);
    let rows = Taps::new(source.height, target.height, window.from[1], window.ratio[1]);
    out.par_chunks_mut(out_channels * target.width * BAND).enumerate().for_each(|(band, chunk)| {
        let span = band * BAND..(band * BAND + BAND).min(target.height);
        let (top, bottom) = rows.taps[span.clone()]
            .iter()
            .fold((usize::MAX, 0), |(t, b), (first, w)| (t.min(*first), b.max(first + w.len())));
        let mut line = vec![0.0f32; channels * source.width];
        let wide = channels * target.width;
        let mut narrow = vec![0.0f32; wide * (bottom - top)];
        for (y, narrow) in (top..bottom).zip(narrow.chunks_exact_mut(wide)) {
            load(y, &mut line);
            for ((first, weights), out) in columns.taps.iter().zip(narrow.chunks_exact_mut(channels)) {
                for (k, w) in weights.iter().enumerate() {
                    let pixel = &line[channels * (first + k)..channels * (first + k + 1)];
                    out.iter_mut().zip(pixel).for_each(|(o, v)| *o += w * v);
                }
            }
        }
        let mut sum = vec![0.0f32; wide];
        for (y, out) in span.zip(chunk.chunks_exact_mut(out_channels * target.width)) {
            let (first, weights) = &rows.taps[y];
            sum.fill(0.0);
            for (k, w) in weights.iter().enumerate() {
                let row = &narrow[wide * (first + k - top)..wide * (first + k - top + 1)];
                sum.iter_mut().zip(row).for_each(|(s, v)| *s += w * v);
            }
            store(&sum, out);
        }
    });
}

/// The picture in another size, as it is stored.
pub(super) fn scaled(picture: &Picture, size: Size) -> Picture {
    if size == picture.size {
        let mut metadata = picture.metadata.clone();
        exif::set_size(&mut metadata, size.width, size.height);
        return Picture { metadata, ..picture.clone() };
    }
    resampled(picture, &Window::whole(picture.size, size), size)
}

/// A window of the picture in another size, as it is stored.
pub(super) fn resampled(picture: &Picture, window: &Window, size: Size) -> Picture {
    let mut out = Picture {
        size,
        rgb: Samples::U8(Vec::new()),
        alpha: None,
        grey: picture.grey,
        orientation: picture.orientation,
        metadata: picture.metadata.clone(),
    };
    exif::set_size(&mut out.metadata, size.width, size.height);
    match &picture.rgb {
        Samples::U8(_) => {
            let (rgb, alpha) = scaled_samples(picture, window, size, |v| (v * 255.0 + 0.5) as u8, 0u8);
            out.rgb = Samples::U8(rgb);
            out.alpha = alpha.map(Samples::U8);
        }
        Samples::U16(_) => {
            let (rgb, alpha) = scaled_samples(picture, window, size, |v| (v * 65535.0 + 0.5) as u16, 0u16);
            out.rgb = Samples::U16(rgb);
            out.alpha = alpha.map(Samples::U16);
        }
    }
    out
}

fn scaled_samples<T: Copy + Send + Sync>(
    picture: &Picture,
    window: &Window,
    size: Size,
    quantise: impl Fn(f32) -> T + Sync,
    zero: T,
) -> (Vec<T>, Option<Vec<T>>) {
    let width = picture.size.width;
    let Some(alpha) = &picture.alpha else {
        let mut rgb = vec![zero; 3 * size.area()];
        let load = |y: usize, line: &mut [f32]| {
            line.iter_mut().enumerate().for_each(|(i, v)| *v = picture.rgb.unit(3 * width * y + i));
        };
        let store = |sum: &[f32], out: &mut [T]| {
            out.iter_mut().zip(sum).for_each(|(o, v)| *o = quantise(v.clamp(0.0, 1.0)));
        };
        scale_rows(picture.size, (window, size), 3, load, store, &mut rgb, 3);
        return (rgb, None);
    };
    let mut rgba = vec![zero; 4 * size.area()];
    let load = |y: usize, line: &mut [f32]| {
        for (x, out) in line.chunks_exact_mut(4).enumerate() {
            let index = width * y + x;
            let a = alpha.unit(index);
            (0..3).for_each(|c| out[c] = a * picture.rgb.unit(3 * index + c));
            out[3] = a;
        }
    };
    let store = |sum: &[f32], out: &mut [T]| {
        for (sum, out) in sum.chunks_exact(4).zip(out.chunks_exact_mut(4)) {
            let a = sum[3];
            // Where nothing is covered the colour is white, as everywhere else in a cut-out.
            (0..3).for_each(|c| {
                out[c] = quantise(if a > 1e-3 { (sum[c] / a).clamp(0.0, 1.0) } else { 1.0 });
            });
            out[3] = quantise(a.clamp(0.0, 1.0));
        }
    };
    scale_rows(picture.size, (window, size), 4, load, store, &mut rgba, 4);
    let alpha = rgba.iter().skip(3).step_by(4).copied().collect();
    let rgb = rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    (rgb, Some(alpha))
}

/// `window` of an upright picture, which may reach beyond it: there it is transparent and white.
pub(super) fn framed(picture: &Picture, left: isize, top: isize, size: Size) -> Picture {
    let inside = Rect::from_edges(
        left.max(0) as usize,
        top.max(0) as usize,
        (left + size.width as isize).clamp(0, picture.size.width as isize) as usize,
        (top + size.height as isize).clamp(0, picture.size.height as isize) as usize,
    );
    let whole = inside.size() == size;
    let place = |x: usize, y: usize| {
        let (u, v) = (x as isize + left, y as isize + top);
        let within = u >= 0 && v >= 0 && inside.contains(u as usize, v as usize);
        within.then(|| v as usize * picture.size.width + u as usize)
    };
    fn gather<T: Copy>(
        size: Size,
        channels: usize,
        samples: Option<&[T]>,
        [beyond, within]: [T; 2],
        place: impl Fn(usize, usize) -> Option<usize>,
    ) -> Vec<T> {
        let mut out = Vec::with_capacity(channels * size.area());
        for y in 0..size.height {
            for x in 0..size.width {
                match (place(x, y), samples) {
                    (Some(i), Some(samples)) => {
                        out.extend_from_slice(&samples[channels * i..channels * (i + 1)]);
                    }
                    (Some(_), None) => out.push(within),
                    (None, _) => out.extend(std::iter::repeat_n(beyond, channels)),
                }
            }
        }
        out
    }
    let wants_alpha = picture.alpha.is_some() || !whole;
    let (rgb, alpha) = match (&picture.rgb, &picture.alpha) {
        (Samples::U8(rgb), alpha) => {
            let alpha =
                alpha.as_ref().and_then(|a| if let Samples::U8(a) = a { Some(a.as_slice()) } else { None });
            let rgb = gather(size, 3, Some(rgb), [255, 255], place);
            (Samples::U8(rgb), wants_alpha.then(|| Samples::U8(gather(size, 1, alpha, [0, 255], place))))
        }
        (Samples::U16(rgb), alpha) => {
            let alpha =
                alpha.as_ref().and_then(|a| if let Samples::U16(a) = a { Some(a.as_slice()) } else { None });
            let rgb = gather(size, 3, Some(rgb), [65535, 65535], place);
            let alpha = wants_alpha.then(|| Samples::U16(gather(size, 1, alpha, [0, 65535], place)));
            (Samples::U16(rgb), alpha)
        }
    };
    let mut metadata = picture.metadata.clone();
    exif::set_size(&mut metadata, size.width, size.height);
    Picture { size, rgb, alpha, grey: picture.grey, orientation: picture.orientation, metadata }
}

/// [`framed`] for a plane, 0 beyond it.
pub(super) fn framed_plane(plane: &Plane, left: isize, top: isize, size: Size) -> Plane {
    Plane::from_fn(size, |x, y| {
        let (u, v) = (x as isize + left, y as isize + top);
        let within = u >= 0 && v >= 0 && (u as usize) < plane.width() && (v as usize) < plane.height();
        if within { plane.at(u as usize, v as usize) } else { 0.0 }
    })
}

#[cfg(test)]
mod tests {
    use pixel::Orientation;
    use pixel::picture::Metadata;

    use super::*;

    fn picture(size: Size, alpha: Option<Vec<u8>>) -> Picture {
        let rgb = (0..3 * size.area()).map(|i| (i * 37 % 251) as u8).collect();
        Picture {
            size,
            rgb: Samples::U8(rgb),
            alpha: alpha.map(Samples::U8),
            grey: false,
            orientation: Orientation::Upright,
            metadata: Metadata::default(),
        }
    }

    #[test]
    fn an_even_picture_stays_even_in_every_size() {
        let mut even = picture(Size::new(31, 17), Some(vec![255; 31 * 17]));
        even.rgb = Samples::U8(vec![93; 3 * 31 * 17]);
        for size in [Size::new(7, 5), Size::new(64, 40), Size::new(1, 1)] {
            let out = scaled(&even, size);
            assert_eq!(out.rgb, Samples::U8(vec![93; 3 * size.area()]));
            assert_eq!(out.alpha, Some(Samples::U8(vec![255; size.area()])));
        }
    }

    #[test]
    fn transparent_pixels_lend_no_colour() {
        let size = Size::new(16, 8);
        let mut half = picture(size, Some((0..128).map(|i| if i % 16 < 8 { 255 } else { 0 }).collect()));
        half.rgb = Samples::U8(
            (0..128).flat_map(|i| if i % 16 < 8 { [200, 10, 10] } else { [0, 255, 0] }).collect(),
        );
        let out = scaled(&half, Size::new(5, 3));
        let (Samples::U8(rgb), Some(Samples::U8(alpha))) = (&out.rgb, &out.alpha) else { panic!("8 bits") };
        for (pixel, a) in rgb.chunks(3).zip(alpha) {
            assert!(*a < 3 || (pixel[0].abs_diff(200) < 3 && pixel[1].abs_diff(10) < 3), "{pixel:?} {a}");
        }
    }

    #[test]
    fn frames_keep_pixels_and_are_clear_beyond() {
        let source = picture(Size::new(4, 3), None);
        let out = framed(&source, -1, 1, Size::new(4, 3));
        let (Samples::U8(rgb), Some(Samples::U8(alpha))) = (&out.rgb, &out.alpha) else { panic!("8 bits") };
        let Samples::U8(before) = &source.rgb else { panic!("8 bits") };
        assert_eq!(alpha[..5], [0, 255, 255, 255, 0]);
        assert_eq!(rgb[3..6], before[12..15]);
        assert!(framed(&source, 1, 1, Size::new(2, 2)).alpha.is_none());
    }
}
