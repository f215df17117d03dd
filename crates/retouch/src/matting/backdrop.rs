//! A plain backdrop: one smooth colour with light falling off over it, seen along the border of the picture.

use pixel::filter::{erode, gauss};
use pixel::rank::median;
use pixel::{Plane, Size};
use rayon::prelude::*;

use crate::quadratic::{self, Terms, value};

/// Width of the strip along the border, as a share of the shorter side.
const STRIP: f32 = 0.04;
/// What holds the terms of the colour surface back.
const RIDGE: Terms = [1e-9, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3];
/// Rounds of robust fitting.
const ROUNDS: usize = 8;
/// Deviation of a sample from the surface that still counts as the backdrop (encoded RGB), at least.
const LEAST_TOLERANCE: f32 = 0.025;
/// Share of the border without subject that must lie on the surface.
const PLAIN: f32 = 0.72;
/// Median deviation beyond which a backdrop is not plain.
const LARGEST_NOISE: f32 = 0.03;

/// The model of a plain backdrop.
pub(super) struct Backdrop {
    /// Colour of the backdrop everywhere, encoded document RGB.
    pub field: [Plane; 3],
    /// Standard deviation of a sample around it, encoded.
    pub noise: f32,
    /// Deviation that still counts as backdrop.
    pub tolerance: f32,
    /// True when it told subject and ground apart.
    pub used: bool,
}

impl Backdrop {
    /// Fits the border of the working picture where `subject` is unlikely; `None` when that is no plain backdrop.
    pub fn fit(rgb: &[Plane; 3], subject: &Plane) -> Option<Self> {
        let size = subject.size();
        let strip = ((STRIP * size.width.min(size.height) as f32) as usize).max(2);
        let mut places = Vec::new();
        for y in 0..size.height {
            for x in 0..size.width {
                let inset = x.min(y).min(size.width - 1 - x).min(size.height - 1 - y);
                if inset < strip && subject.at(x, y) < 0.4 {
                    places.push((x, y));
                }
            }
        }
        if places.len() < strip * size.width.min(size.height) / 2 {
            return None;
        }
        let thin = (places.len() / 20_000).max(1);
        let places: Vec<_> = places.into_iter().step_by(thin).collect();
        let mut weights = vec![1.0f64; places.len()];
        let mut surfaces = [Terms::default(); 3];
        let mut deviations = Vec::new();
        for _ in 0..ROUNDS {
            for c in 0..3 {
                surfaces[c] = least_squares(&places, &weights, size, |x, y| f64::from(rgb[c].at(x, y)))?;
            }
            deviations = places.iter().map(|&(x, y)| deviation(rgb, &surfaces, x, y, size)).collect();
            let scale = median(deviations.clone()).max(0.004) * 2.0;
            for (weight, deviation) in weights.iter_mut().zip(&deviations) {
                *weight = 1.0 / (1.0 + f64::from(deviation / scale).powi(4));
            }
        }
        let noise = median(deviations.clone());
        let tolerance = (3.5 * noise).max(LEAST_TOLERANCE);
        let on_it = deviations.iter().filter(|d| **d < tolerance).count() as f32 / deviations.len() as f32;
        if on_it < PLAIN || noise > LARGEST_NOISE {
            return None;
        }
        let field = [0, 1, 2].map(|c| surface(&surfaces[c], size));
        Some(Self { field, noise, tolerance, used: false })
    }

    /// Largest deviation of a sample's channels from the backdrop.
    pub fn deviation(&self, rgb: &[Plane; 3], index: usize) -> f32 {
        let off = |c: usize| (rgb[c].samples()[index] - self.field[c].samples()[index]).abs();
        off(0).max(off(1)).max(off(2))
    }

    /// Takes over the colours of what was found to be backdrop, smoothed, and carries them on into the rest.
    pub fn follow(&mut self, rgb: &[Plane; 3], ground: &Plane) {
        // Seams along the subject are mixed colours.
        let sure = erode(ground, 2.0);
        let most = ground.size().long_edge() as f32;
        for c in 0..3 {
            let off = rgb[c].zip(&self.field[c], |v, f| v - f);
            let mut led = Plane::zeros(ground.size());
            for reach in [0.25 * most, 0.1 * most, 0.04 * most, 0.015 * most] {
                let near = gauss(&sure, reach);
                let mean = gauss(&off.zip(&sure, |o, s| o * s), reach);
                for ((led, near), mean) in
                    led.samples_mut().iter_mut().zip(near.samples()).zip(mean.samples())
                {
                    if *near > 1e-4 {
                        *led += near / (near + 0.05) * (mean / near - *led);
                    }
                }
            }
            self.field[c].apply_with(&led, |f, l| (f + l).clamp(0.0, 1.0));
        }
    }

    /// True when the sample could be the backdrop in other light: changed by one factor, of the same colour. A
    /// loose answer allows for bright spots and any depth of shadow, a strict one for shadows only.
    pub fn is_shaded(&self, rgb: &[Plane; 3], index: usize, loose: bool) -> bool {
        let ratio = [0, 1, 2].map(|c| rgb[c].samples()[index] / self.field[c].samples()[index].max(0.02));
        let mean = (ratio[0] + ratio[1] + ratio[2]) / 3.0;
        let spread = ratio.iter().map(|r| (r - mean).abs()).fold(0.0, f32::max);
        if loose {
            (0.3..2.5).contains(&mean) && spread < 0.12 * mean
        } else {
            (0.55..1.06).contains(&mean) && spread < 0.05
        }
    }
}

fn terms(x: usize, y: usize, size: Size) -> Terms {
    let u = 2.0 * (x as f64 + 0.5) / size.width as f64 - 1.0;
    let v = 2.0 * (y as f64 + 0.5) / size.height as f64 - 1.0;
    quadratic::terms(u, v)
}

fn deviation(rgb: &[Plane; 3], surfaces: &[Terms; 3], x: usize, y: usize, size: Size) -> f32 {
    let terms = terms(x, y, size);
    let off = |c: usize| (f64::from(rgb[c].at(x, y)) - value(&surfaces[c], &terms).clamp(0.0, 1.0)).abs();
    off(0).max(off(1)).max(off(2)) as f32
}

fn surface(surface: &Terms, size: Size) -> Plane {
    let mut plane = Plane::zeros(size);
    plane.samples_mut().par_chunks_mut(size.width.max(1)).enumerate().for_each(|(y, row)| {
        for (x, v) in row.iter_mut().enumerate() {
            *v = value(surface, &terms(x, y, size)).clamp(0.0, 1.0) as f32;
        }
    });
    plane
}

/// Weighted least squares of the surface; the curved terms are held back a little, so that a border that is hidden
/// on one side does not bend the middle.
fn least_squares(
    places: &[(usize, usize)],
    weights: &[f64],
    size: Size,
    sample: impl Fn(usize, usize) -> f64,
) -> Option<Terms> {
    let samples = places.iter().zip(weights);
    quadratic::fit(samples.map(|(&(x, y), &weight)| (terms(x, y, size), sample(x, y), weight)), &RIDGE)
}
