//! What a spot looks like all around its middle: the mean over a circle is the mark, as skin differs from sample to
//! sample. The bands of texture cannot tell alone: a speck as small as pores is no stronger than they are in any band,
//! and what was left of it in each would add up to its ghost.

use pixel::{Plane, Rect, ramp};

use super::separate::Planes;
use super::spots::Spot;

/// How far from its middle a spot is followed, in its radii.
const REACH: f32 = 2.5;

/// Radii, in face widths, up to which spots are specks, and from which bands tell them from texture.
const SMALL: [f32; 2] = [0.009, 0.013];

/// Middle and visible radius of a spot that is healed, in samples of the look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Middle {
    pub at: [f32; 2],
    pub radius: f32,
    /// Share of the mean that is taken off, 0 to 1.
    pub share: f32,
}

impl Middle {
    /// Of a spot on a face `width` samples wide.
    pub fn of(spot: &Spot, width: f32) -> Self {
        let share = ramp(spot.radius / width, SMALL[1], SMALL[0]);
        Self { at: [spot.x, spot.y], radius: spot.radius, share }
    }
}

/// Takes the mean over circles around the middles off `rest`, which lies on `rect`, where `inside` is set. Gives for every
/// sample the share that it had in what was taken off it, 0 to 1.
pub(super) fn take_off(rest: &mut Planes, rect: Rect, inside: &Plane, middles: &[Middle]) -> Plane {
    let size = inside.size();
    let mut shares = Plane::zeros(size);
    let away = |index: usize, middle: &Middle| {
        let (x, y) = ((rect.x + index % size.width) as f32, (rect.y + index / size.width) as f32);
        (x - middle.at[0]).hypot(y - middle.at[1])
    };
    // Every sample belongs to the spot it lies deepest in.
    let mut owned: Vec<Vec<(usize, f32)>> = vec![Vec::new(); middles.len()];
    for index in (0..size.area()).filter(|&i| inside.samples()[i] > 0.5) {
        let depths = middles.iter().enumerate().map(|(n, middle)| {
            let away = away(index, middle);
            (n, away, away / middle.radius.max(1.0))
        });
        let nearest = depths.min_by(|a, b| a.2.total_cmp(&b.2));
        if let Some((n, away, _)) = nearest.filter(|(.., depth)| *depth < REACH) {
            owned[n].push((index, away));
        }
    }
    for (samples, middle) in owned.into_iter().zip(middles).filter(|(_, middle)| middle.share > 0.0) {
        let rings = samples.iter().map(|(_, away)| *away as usize + 2).max().unwrap_or(0);
        let mut sums = vec![[0.0f32; 4]; rings];
        for &(index, away) in &samples {
            for (ring, weight) in between(away) {
                (0..3).for_each(|c| sums[ring][c] += weight * rest[c].samples()[index]);
                sums[ring][3] += weight;
            }
        }
        for &(index, away) in &samples {
            for (ring, weight) in between(away) {
                let part = middle.share * weight / sums[ring][3].max(1e-6);
                (0..3).for_each(|c| rest[c].samples_mut()[index] -= part * sums[ring][c]);
                shares.samples_mut()[index] += part;
            }
        }
    }
    shares
}

/// The two rings, a sample wide each, that a distance lies between, with the share of either.
fn between(away: f32) -> [(usize, f32); 2] {
    let ring = away as usize;
    let share = away - ring as f32;
    [(ring, 1.0 - share), (ring + 1, share)]
}

#[cfg(test)]
mod tests {
    use pixel::Size;

    use super::*;

    #[test]
    fn a_round_spot_goes_and_what_differs_around_it_stays() {
        let size = Size::new(41, 41);
        let pores = |x: usize, y: usize| if (x + y).is_multiple_of(2) { 1.0f32 } else { -1.0 };
        let spot = |x: usize, y: usize| {
            let away = (x as f32 - 20.0).hypot(y as f32 - 20.0);
            if away < 4.5 { -12.0 } else { 0.0 }
        };
        let seen = Plane::from_fn(size, |x, y| spot(x, y) + pores(x, y));
        let mut rest = [seen.clone(), Plane::zeros(size), Plane::zeros(size)];
        let inside =
            Plane::from_fn(
                size,
                |x, y| {
                    if (x as f32 - 20.0).hypot(y as f32 - 20.0) < 8.0 { 1.0 } else { 0.0 }
                },
            );
        let rect = Rect { x: 5, y: 7, width: 41, height: 41 };
        let middle = Middle { at: [25.0, 27.0], radius: 4.5, share: 1.0 };
        let shares = take_off(&mut rest, rect, &inside, &[middle]);
        for (x, y) in [(20, 22), (22, 21), (17, 20), (20, 27)] {
            assert!((rest[0].at(x, y) - pores(x, y)).abs() < 0.9, "{x} {y}: {}", rest[0].at(x, y));
        }
        assert_eq!(rest[0].at(2, 2), seen.at(2, 2));
        assert!(shares.at(20, 20) > 0.4 && shares.at(27, 20) < 0.05 && shares.at(2, 2) == 0.0);
    }
}
