//! How near two samples are, as tones go on: nearer along a ridge, a fold or the edge of a shadow than across it.

use pixel::Plane;
use pixel::filter::gauss;

use super::look::Look;
use super::places::Place;
use super::ramp;
use super::repair::Sources;

/// How much nearer samples along a clear edge are than samples across it.
const STRETCH: f32 = 3.0;
/// Coherence of the slopes from which, to which, they are those of an edge.
const EDGE: [f32; 2] = [0.2, 1.0];
/// Samples next to a place still have something of its mark; and how far around it slopes are taken at least, in face
/// widths.
const RIM: f32 = 2.5;
const LEAST_AROUND: f32 = 0.012;

/// Squared distance `xx·dx² + xy·dx·dy + yy·dy²`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metric {
    xx: f32,
    xy: f32,
    yy: f32,
}

impl Metric {
    /// The same to all sides.
    pub const EVEN: Self = Self { xx: 1.0, xy: 0.0, yy: 1.0 };

    /// Around a place, from the slopes of lightness on the clean skin around it.
    pub fn around(look: &Look, sources: &Sources<'_>, place: &Place) -> Self {
        let reach = place.radius().max(LEAST_AROUND * look.width);
        let away = place.distances(look, reach);
        let near = away.near;
        let weights = Plane::from_fn(near.size(), |x, y| {
            let (u, v) = (near.x + x, near.y + y);
            let d = away.at(u, v);
            let shown = d >= RIM && sources.clean.at(u, v) > 0.5 && look.skin.at(u, v) > 0.5;
            if shown { (1.0 - d / reach).max(0.0) } else { 0.0 }
        });
        Self::of(&gauss(&sources.stock.soft.l.crop(near), 1.0), &weights)
    }

    /// From the slopes of a plane where it has weight (structure tensor; Förstner and Gülch, 1987).
    fn of(plane: &Plane, weights: &Plane) -> Self {
        let (mut xx, mut xy, mut yy) = (0.0f32, 0.0f32, 0.0f32);
        for y in 1..plane.height().saturating_sub(1) {
            for x in 1..plane.width().saturating_sub(1) {
                let weight = weights.at(x, y);
                if weight > 0.0 {
                    let gx = plane.at(x + 1, y) - plane.at(x - 1, y);
                    let gy = plane.at(x, y + 1) - plane.at(x, y - 1);
                    xx += weight * gx * gx;
                    xy += weight * gx * gy;
                    yy += weight * gy * gy;
                }
            }
        }
        let (difference, twice) = (xx - yy, 2.0 * xy);
        let coherence = difference.hypot(twice) / (xx + yy).max(1e-9);
        let nearer = 1.0 + (STRETCH - 1.0) * ramp(coherence, EDGE);
        let along = 1.0 / (nearer * nearer);
        let (down, right) = (0.5 * twice.atan2(difference)).sin_cos();
        Self {
            xx: right * right + along * down * down,
            xy: 2.0 * (1.0 - along) * right * down,
            yy: down * down + along * right * right,
        }
    }

    /// Squared distance of two samples that lie `right` and `down` of each other.
    #[inline(always)]
    pub fn squared(&self, right: f32, down: f32) -> f32 {
        (self.xx * right + self.xy * down) * right + self.yy * down * down
    }
}

#[cfg(test)]
mod tests {
    use pixel::Size;

    use super::*;

    fn metric(value: impl Fn(f32, f32) -> f32) -> Metric {
        let size = Size::new(40, 30);
        Metric::of(&Plane::from_fn(size, |x, y| value(x as f32, y as f32)), &Plane::from_fn(size, |_, _| 1.0))
    }

    #[test]
    fn along_an_edge_samples_are_nearer_than_across_it() {
        // A ridge that goes down to the right.
        let ridge = metric(|x, y| 60.0 - (0.3 * (x - y)).clamp(-3.0, 3.0).powi(2));
        let (along, across) = (ridge.squared(4.0, 4.0), ridge.squared(4.0, -4.0));
        assert!((across - 32.0).abs() < 0.5 && along < 0.15 * across, "{along} {across}");
    }

    #[test]
    fn where_slopes_point_everywhere_all_sides_are_as_near() {
        let pores = metric(|x, y| 60.0 + (1.1 * x).sin() + (1.1 * y).sin());
        for (right, down) in [(4.0, 4.0), (4.0, -4.0), (5.0, 0.0), (0.0, 5.0)] {
            let even = Metric::EVEN.squared(right, down);
            assert!((pores.squared(right, down) / even - 1.0).abs() < 0.1, "{right} {down}");
        }
    }
}
