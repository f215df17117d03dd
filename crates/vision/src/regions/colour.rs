//! Colour evidence: how often a colour occurs in skin and in what lies around it, on this very picture.

use pixel::Plane;
use pixel::colour::Lab;

/// Bins along L*, a* and b* and their widths.
const BINS: [usize; 3] = [20, 32, 32];
const WIDTHS: [f32; 3] = [5.0, 4.0, 4.0];
/// Offset of the lowest a* and b* bin.
const LOWEST: [f32; 3] = [0.0, -64.0, -64.0];
/// How far colour alone may move a probability, as the logarithm of odds. A network that is sure is believed.
const TRUST: f32 = 2.5;
/// Share of a uniform spread mixed into every histogram, so that rare colours are not evidence.
const UNIFORM: f32 = 0.02;

/// Relative frequency of CIELAB colours, smoothed.
pub(crate) struct Histogram {
    density: Vec<f32>,
    /// Sum of the weights it was made from.
    pub mass: f64,
}

impl Histogram {
    /// From the colours of a picture, each counted with its `weight`.
    pub fn new(lab: &Lab, weight: impl Fn(usize) -> f32) -> Self {
        let mut counts = vec![0.0f64; BINS.iter().product()];
        let mut mass = 0.0;
        for i in 0..lab.size().area() {
            let w = f64::from(weight(i));
            if w > 0.0 {
                counts[bin([lab.l.samples()[i], lab.a.samples()[i], lab.b.samples()[i]])] += w;
                mass += w;
            }
        }
        for axis in 0..3 {
            smooth(&mut counts, axis);
        }
        let uniform = UNIFORM / counts.len() as f32;
        let scale = 1.0 / mass.max(1e-9);
        let density = counts.into_iter().map(|c| (1.0 - UNIFORM) * (c * scale) as f32 + uniform).collect();
        Self { density, mass }
    }

    fn at(&self, bin: usize) -> f32 {
        self.density[bin]
    }
}

/// Moves `prior` (probability of the class of `inside`) by the colour of each sample. `outside` are the rival
/// classes with their own prior probabilities.
pub(crate) fn weigh(lab: &Lab, prior: &Plane, inside: &Histogram, outside: &[(&Plane, Histogram)]) -> Plane {
    // Too few samples say nothing about a colour.
    const ENOUGH: f64 = 60.0;
    if inside.mass < ENOUGH {
        return prior.clone();
    }
    let rivals: Vec<_> = outside.iter().filter(|(_, histogram)| histogram.mass >= ENOUGH).collect();
    let size = prior.size();
    let samples = (0..size.area()).map(|i| {
        let p = prior.samples()[i].clamp(1e-4, 1.0 - 1e-4);
        let bin = bin([lab.l.samples()[i], lab.a.samples()[i], lab.b.samples()[i]]);
        let (mut weights, mut density) = (0.0, 0.0);
        for (plane, histogram) in &rivals {
            let weight = plane.samples()[i] + 1e-3;
            weights += weight;
            density += weight * histogram.at(bin);
        }
        if weights == 0.0 {
            return p;
        }
        let evidence = (inside.at(bin) * weights / density).ln().clamp(-TRUST, TRUST);
        let odds = (p / (1.0 - p)).ln() + evidence;
        1.0 / (1.0 + (-odds).exp())
    });
    Plane::from_vec(size, samples.collect())
}

fn bin(lab: [f32; 3]) -> usize {
    let [l, a, b] =
        [0, 1, 2].map(|k| (((lab[k] - LOWEST[k]) / WIDTHS[k]).max(0.0) as usize).min(BINS[k] - 1));
    (l * BINS[1] + a) * BINS[2] + b
}

/// Binomial smoothing (1 2 1) along one axis.
fn smooth(counts: &mut [f64], axis: usize) {
    let stride = BINS[axis + 1..].iter().product::<usize>();
    let length = BINS[axis];
    for start in 0..counts.len() {
        if (start / stride) % length != 0 {
            continue;
        }
        let line: Vec<f64> = (0..length).map(|k| counts[start + k * stride]).collect();
        for k in 0..length {
            let before = line[k.saturating_sub(1)];
            let after = line[(k + 1).min(length - 1)];
            counts[start + k * stride] = 0.25 * before + 0.5 * line[k] + 0.25 * after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pixel::Size;

    fn two_colours() -> Lab {
        let size = Size::new(40, 20);
        let plane = |left: f32, right: f32| Plane::from_fn(size, |x, _| if x < 20 { left } else { right });
        Lab { l: plane(65.0, 30.0), a: plane(15.0, 5.0), b: plane(18.0, 10.0) }
    }

    #[test]
    fn colour_moves_the_unsure_and_not_the_sure() {
        let lab = two_colours();
        let size = lab.size();
        let inside = Histogram::new(&lab, |i| if i % 40 < 20 { 1.0 } else { 0.0 });
        let outside = Histogram::new(&lab, |i| if i % 40 >= 20 { 1.0 } else { 0.0 });
        let rest = Plane::filled(size, 0.5);
        let unsure = weigh(&lab, &Plane::filled(size, 0.5), &inside, &[(&rest, outside)]);
        assert!(unsure.at(5, 5) > 0.85 && unsure.at(30, 5) < 0.15);
        let outside = Histogram::new(&lab, |i| if i % 40 >= 20 { 1.0 } else { 0.0 });
        let sure = weigh(&lab, &Plane::filled(size, 0.995), &inside, &[(&rest, outside)]);
        assert!(sure.at(30, 5) > 0.5);
    }

    #[test]
    fn without_examples_the_prior_stays() {
        let lab = two_colours();
        let prior = Plane::filled(lab.size(), 0.3);
        let nothing = Histogram::new(&lab, |_| 0.0);
        assert_eq!(weigh(&lab, &prior, &nothing, &[]), prior);
    }
}
