//! Gaussian blur whose cost does not grow with sigma: wide blurs run on a box-reduced plane.

use rayon::prelude::*;

use super::resample::{enlarge, reduce, reduce_product};
use crate::geometry::Size;
use crate::lanes::wide_lanes;
use crate::plane::Plane;

/// Sigma, in reduced samples, at which a wide blur is carried out.
const WORKING_SIGMA: f32 = 1.8;

/// Rows that one thread takes at a time.
const BAND: usize = 16;

/// Weights of a masked blur below this are no weights.
const NOTHING: f32 = 1e-4;

/// Gaussian blur with standard deviation `sigma` in samples; 0.2 or less leaves the plane alone.
pub fn gauss(plane: &Plane, sigma: f32) -> Plane {
    if sigma <= 0.2 || plane.size().area() == 0 {
        return plane.clone();
    }
    let step = reduction(plane.size(), sigma);
    if step == 1 {
        return convolve(plane, sigma);
    }
    enlarge(&convolve(&reduce(plane, step), reduced_sigma(sigma, step)), step, plane.size())
}

/// Gaussian blur of `plane` that looks only where `matte` is above 0: blur(m·x) / blur(m).
///
/// Where no matte is near, about the unweighted blur is returned, so the result is finite everywhere.
/// For several planes under one matte see [`MaskedBlur`].
pub fn gauss_masked(plane: &Plane, matte: &Plane, sigma: f32) -> Plane {
    MaskedBlur::new(matte, sigma).blur(plane)
}

/// [`gauss_masked`] with one matte and sigma for several planes: the blurred matte is worked out once.
pub struct MaskedBlur<'a> {
    matte: &'a Plane,
    sigma: f32,
    step: usize,
    /// The blurred matte, reduced by `step`.
    weight: Plane,
    /// True when there are places with no matte near.
    gaps: bool,
}

impl<'a> MaskedBlur<'a> {
    /// A blur with standard deviation `sigma` in samples under `matte` (0 to 1).
    pub fn new(matte: &'a Plane, sigma: f32) -> Self {
        Self::on_grid(matte, sigma, reduction(matte.size(), sigma))
    }

    /// The same on a grid coarser by the whole `step`, at most `sigma`; see [`coarse`](Self::coarse).
    pub fn on_grid(matte: &'a Plane, sigma: f32, step: usize) -> Self {
        let weight = blur_reduced(reduce(matte, step), sigma, step);
        let gaps = weight.samples().iter().any(|&w| w <= NOTHING);
        Self { matte, sigma, step, weight, gaps }
    }

    /// blur(m·x) / blur(m) for a plane of the matte's size.
    pub fn blur(&self, plane: &Plane) -> Plane {
        let mean = self.coarse(plane);
        if self.step == 1 { mean } else { enlarge(&mean, self.step, plane.size()) }
    }

    /// [`blur`](Self::blur) left on the coarser grid it is worked out on, for those who go on there; placed as by
    /// [`reduce`].
    pub fn coarse(&self, plane: &Plane) -> Plane {
        let (sigma, step) = (self.sigma, self.step);
        let mut mean = blur_reduced(reduce_product(plane, self.matte, step), sigma, step);
        mean.apply_with(&self.weight, |v, w| if w > NOTHING { v / w } else { v });
        if self.gaps {
            let plain = match step {
                1 => gauss_coarse(plane, sigma),
                _ => blur_reduced(reduce(plane, step), sigma, step),
            };
            let pairs = plain.samples().iter().zip(self.weight.samples());
            mean.samples_mut().iter_mut().zip(pairs).for_each(|(v, (plain, w))| {
                if *w <= NOTHING {
                    *v = *plain;
                }
            });
        }
        mean
    }
}

/// The whole step by which a plane may be reduced for a blur.
fn reduction(size: Size, sigma: f32) -> usize {
    ((sigma / WORKING_SIGMA) as usize).min(size.width.min(size.height) / 4).max(1)
}

/// The sigma left to do on a reduced plane: the box average and the bilinear way back blur too, their
/// variances are taken off.
fn reduced_sigma(sigma: f32, step: usize) -> f32 {
    let variance = (sigma / step as f32).powi(2) - 1.0 / 12.0 - 1.0 / 6.0;
    variance.max(0.25).sqrt()
}

fn blur_reduced(plane: Plane, sigma: f32, step: usize) -> Plane {
    match step {
        _ if sigma <= 0.2 || plane.size().area() == 0 => plane,
        1 => convolve(&plane, sigma),
        _ => convolve(&plane, reduced_sigma(sigma, step)),
    }
}

/// A blur for places where nobody looks closely: on half the resolution.
fn gauss_coarse(plane: &Plane, sigma: f32) -> Plane {
    enlarge(&convolve(&reduce(plane, 2), reduced_sigma(sigma, 2)), 2, plane.size())
}

fn kernel(sigma: f32) -> Vec<f32> {
    let radius = (3.2 * sigma).ceil().max(1.0) as i32;
    let mut taps: Vec<f32> = (-radius..=radius).map(|i| (-0.5 * (i as f32 / sigma).powi(2)).exp()).collect();
    let total: f32 = taps.iter().sum();
    taps.iter_mut().for_each(|t| *t /= total);
    taps
}

fn convolve(plane: &Plane, sigma: f32) -> Plane {
    let taps = kernel(sigma);
    let radius = taps.len() / 2;
    let (width, height) = (plane.width(), plane.height());
    let mut out = Plane::zeros(plane.size());
    // Down the columns first: the few rows in reach stay in the cache, and no half-blurred plane is held.
    out.samples_mut().par_chunks_mut(width * BAND).enumerate().for_each_init(
        || vec![0.0f32; width + 2 * radius],
        |padded, (band, chunk)| {
            for (i, out) in chunk.chunks_exact_mut(width).enumerate() {
                let y = (band * BAND + i) as isize - radius as isize;
                let line = |k: usize| plane.row((y + k as isize).clamp(0, height as isize - 1) as usize);
                wide_lanes(|| add_weighted(&mut padded[radius..radius + width], &taps, line));
                let (first, last) = (padded[radius], padded[radius + width - 1]);
                padded[..radius].fill(first);
                padded[radius + width..].fill(last);
                wide_lanes(|| add_weighted(out, &taps, |k| &padded[k..k + width]));
            }
        },
    );
    out
}

/// The sum of as many lines as there are taps, each times its tap. Works in blocks that stay in registers.
#[inline(always)]
fn add_weighted<'a>(out: &mut [f32], taps: &[f32], line: impl Fn(usize) -> &'a [f32]) {
    const BLOCK: usize = 32;
    let whole = out.len() / BLOCK * BLOCK;
    let (blocks, rest) = out.split_at_mut(whole);
    for (n, block) in blocks.chunks_exact_mut(BLOCK).enumerate() {
        let mut sums = [0.0f32; BLOCK];
        for (k, &tap) in taps.iter().enumerate() {
            let source = &line(k).as_chunks::<BLOCK>().0[n];
            for i in 0..BLOCK {
                sums[i] += tap * source[i];
            }
        }
        block.copy_from_slice(&sums);
    }
    rest.fill(0.0);
    for (k, &tap) in taps.iter().enumerate() {
        rest.iter_mut().zip(&line(k)[whole..]).for_each(|(o, v)| *o += tap * v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_constants_and_means() {
        let flat = Plane::filled(Size::new(37, 21), 0.3);
        for sigma in [0.5, 3.0, 9.0, 40.0] {
            assert!(gauss(&flat, sigma).samples().iter().all(|v| (v - 0.3).abs() < 1e-5), "{sigma}");
        }
    }

    #[test]
    fn an_impulse_spreads_with_the_asked_variance() {
        let size = Size::new(301, 301);
        for sigma in [1.0f32, 4.0, 12.0, 30.0] {
            let mut plane = Plane::zeros(size);
            *plane.at_mut(150, 150) = 1.0;
            let blurred = gauss(&plane, sigma);
            let total = blurred.sum();
            let mut second = 0.0;
            for y in 0..301 {
                for x in 0..301 {
                    second += f64::from(blurred.at(x, y)) * (x as f64 - 150.0).powi(2);
                }
            }
            let measured = (second / total).sqrt() as f32;
            assert!((measured / sigma - 1.0).abs() < 0.06, "sigma {sigma}: {measured}");
        }
    }

    #[test]
    fn a_wide_masked_blur_is_the_quotient_of_two_blurs() {
        let size = Size::new(90, 70);
        let plane = Plane::from_fn(size, |x, y| ((x * 7 + y * 3) % 40) as f32 / 40.0 + x as f32 / 90.0);
        let matte = Plane::from_fn(size, |x, _| if (20..70).contains(&x) { 1.0 } else { 0.0 });
        let sigma = 12.0;
        let blurred = MaskedBlur::new(&matte, sigma).blur(&plane);
        let weighted = gauss(&plane.zip(&matte, |v, m| v * m), sigma);
        let weight = gauss(&matte, sigma);
        for y in 0..70 {
            for x in 20..70 {
                let expected = weighted.at(x, y) / weight.at(x, y);
                assert!((blurred.at(x, y) - expected).abs() < 5e-3, "{x} {y}");
            }
        }
    }

    #[test]
    fn masked_blur_takes_nothing_from_outside_the_matte() {
        let size = Size::new(60, 20);
        let plane = Plane::from_fn(size, |x, _| if x < 30 { 1.0 } else { 100.0 });
        let matte = Plane::from_fn(size, |x, _| if x < 30 { 1.0 } else { 0.0 });
        let blurred = gauss_masked(&plane, &matte, 4.0);
        assert!((0..30).all(|x| (blurred.at(x, 10) - 1.0).abs() < 1e-4));
    }
}
