//! Local colour distributions of subject and ground, carried from where they are sure to where they are wanted.

use pixel::filter::gauss;
use pixel::{Plane, Size};
use rayon::prelude::*;

/// Reach over which colours are averaged, in working samples, near first.
const REACHES: [f32; 5] = [3.0, 6.0, 12.0, 28.0, 70.0];
/// Share of sure samples within a reach at which it is trusted by half.
const ENOUGH: f32 = 0.03;

/// A normal distribution of encoded RGB.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Colour {
    /// Mean.
    pub mean: [f32; 3],
    /// Covariance: rr, rg, rb, gg, gb, bb.
    pub covariance: [f32; 6],
}

/// One distribution a working sample.
#[derive(Clone)]
pub(super) struct Field {
    size: Size,
    colours: Vec<Colour>,
}

/// Distributions of subject and ground.
pub(super) struct Statistics {
    pub subject: Field,
    pub ground: Field,
}

impl Statistics {
    /// Gathers the colours of samples that are surely the one (weight 0 to 1) or the other.
    pub fn gather(rgb: &[Plane; 3], subject: &Plane, ground: &Plane) -> Self {
        let (subject, ground) = rayon::join(|| Field::gather(rgb, subject), || Field::gather(rgb, ground));
        Self { subject, ground }
    }
}

const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];

impl Field {
    fn gather(rgb: &[Plane; 3], weight: &Plane) -> Self {
        let size = weight.size();
        let mut moments: Vec<Plane> = vec![weight.clone()];
        moments.extend(rgb.iter().map(|channel| channel.zip(weight, |v, w| v * w)));
        let squares = PAIRS.map(|(i, j)| moments[1 + i].zip(&rgb[j], |weighted, v| weighted * v));
        moments.extend(squares);
        let total = weight.sum().max(1e-6);
        // Mean of all sure samples, for places that nothing reaches.
        let overall: Vec<f32> = moments[1..].iter().map(|m| (m.sum() / total) as f32).collect();
        let mut mixed = vec![[0.0f32; 9]; size.area()];
        mixed.par_iter_mut().for_each(|m| m.copy_from_slice(&overall));
        for reach in REACHES.iter().rev() {
            let near: Vec<Plane> = moments.par_iter().map(|plane| gauss(plane, *reach)).collect();
            mixed.par_iter_mut().enumerate().for_each(|(i, mixed)| {
                let weight = near[0].samples()[i];
                if weight > 1e-5 {
                    let trust = weight / (weight + ENOUGH);
                    for (k, m) in mixed.iter_mut().enumerate() {
                        *m += trust * (near[1 + k].samples()[i] / weight - *m);
                    }
                }
            });
        }
        let colours = mixed.par_iter().map(|m| {
            let mean = [m[0], m[1], m[2]];
            let mut covariance = [0.0; 6];
            for (k, &(i, j)) in PAIRS.iter().enumerate() {
                covariance[k] = m[3 + k] - mean[i] * mean[j];
            }
            (0..6)
                .filter(|k| PAIRS[*k].0 == PAIRS[*k].1)
                .for_each(|k| covariance[k] = covariance[k].max(0.0));
            Colour { mean, covariance }
        });
        Self { size, colours: colours.collect() }
    }

    /// The distribution at a real working place, bilinear, edges continued.
    pub fn at(&self, x: f32, y: f32) -> Colour {
        let x = x.clamp(0.0, (self.size.width - 1) as f32);
        let y = y.clamp(0.0, (self.size.height - 1) as f32);
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = ((left + 1).min(self.size.width - 1), (top + 1).min(self.size.height - 1));
        let (tx, ty) = (x - left as f32, y - top as f32);
        let corners = [
            (self.colours[top * self.size.width + left], (1.0 - tx) * (1.0 - ty)),
            (self.colours[top * self.size.width + right], tx * (1.0 - ty)),
            (self.colours[bottom * self.size.width + left], (1.0 - tx) * ty),
            (self.colours[bottom * self.size.width + right], tx * ty),
        ];
        let mut sum = Colour::default();
        for (colour, share) in corners {
            sum.mean.iter_mut().zip(colour.mean).for_each(|(s, v)| *s += share * v);
            sum.covariance.iter_mut().zip(colour.covariance).for_each(|(s, v)| *s += share * v);
        }
        sum
    }
}
