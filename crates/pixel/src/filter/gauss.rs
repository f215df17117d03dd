//! Gaussian blur whose cost does not grow with sigma: wide blurs run on a box-reduced plane.

use rayon::prelude::*;

use super::resample::{enlarge, reduce};
use crate::plane::Plane;

/// Sigma, in reduced samples, at which a wide blur is carried out.
const WORKING_SIGMA: f32 = 2.6;

/// Gaussian blur with standard deviation `sigma` in samples; 0.2 or less leaves the plane alone.
pub fn gauss(plane: &Plane, sigma: f32) -> Plane {
    if sigma <= 0.2 || plane.size().area() == 0 {
        return plane.clone();
    }
    let shortest = plane.width().min(plane.height());
    let step = ((sigma / WORKING_SIGMA) as usize).min(shortest / 4).max(1);
    if step == 1 {
        return convolve(plane, sigma);
    }
    // The box average and the bilinear way back blur too: their variances are taken off.
    let variance = (sigma / step as f32).powi(2) - 1.0 / 12.0 - 1.0 / 6.0;
    let small = convolve(&reduce(plane, step), variance.max(0.25).sqrt());
    enlarge(&small, step, plane.size())
}

/// Gaussian blur of `plane` that looks only where `matte` is above 0: blur(m·x) / blur(m).
///
/// Where no matte is near, the unweighted blur is returned, so the result is finite everywhere.
pub fn gauss_masked(plane: &Plane, matte: &Plane, sigma: f32) -> Plane {
    let (weighted, weight) =
        rayon::join(|| gauss(&plane.zip(matte, |v, m| v * m), sigma), || gauss(matte, sigma));
    let mut out = weighted.zip(&weight, |v, w| if w > 1e-4 { v / w } else { f32::NAN });
    if out.samples().iter().any(|v| v.is_nan()) {
        let plain = gauss(plane, sigma);
        out.apply_with(&plain, |v, p| if v.is_nan() { p } else { v });
    }
    out
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
    let mut rows = Plane::zeros(plane.size());
    rows.samples_mut().par_chunks_mut(width * 16).enumerate().for_each(|(band, chunk)| {
        let mut padded = vec![0.0f32; width + 2 * radius];
        for (i, out) in chunk.chunks_mut(width).enumerate() {
            let source = plane.row(band * 16 + i);
            padded[..radius].fill(source[0]);
            padded[radius..radius + width].copy_from_slice(source);
            padded[radius + width..].fill(source[width - 1]);
            for (k, &tap) in taps.iter().enumerate() {
                out.iter_mut().zip(&padded[k..]).for_each(|(o, v)| *o += tap * v);
            }
        }
    });
    let mut out = Plane::zeros(plane.size());
    out.samples_mut().par_chunks_mut(width * 16).enumerate().for_each(|(band, chunk)| {
        for (i, out) in chunk.chunks_mut(width).enumerate() {
            let y = (band * 16 + i) as isize;
            for (k, &tap) in taps.iter().enumerate() {
                let source = (y + k as isize - radius as isize).clamp(0, height as isize - 1) as usize;
                out.iter_mut().zip(rows.row(source)).for_each(|(o, v)| *o += tap * v);
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

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
    fn masked_blur_takes_nothing_from_outside_the_matte() {
        let size = Size::new(60, 20);
        let plane = Plane::from_fn(size, |x, _| if x < 30 { 1.0 } else { 100.0 });
        let matte = Plane::from_fn(size, |x, _| if x < 30 { 1.0 } else { 0.0 });
        let blurred = gauss_masked(&plane, &matte, 4.0);
        assert!((0..30).all(|x| (blurred.at(x, 10) - 1.0).abs() < 1e-4));
    }
}
