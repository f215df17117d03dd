//! Places that a hard shadow runs across.
//!
//! The skin around such a place has two tones. Spread over it from its rim, or bent into a form, they would lie as a grey
//! patch where the shadow ends. Hardly any mark is as much darker than its skin as a hard shadow is, so what is seen
//! tells on which side of the edge a sample lies, and each side goes on in its own tone.

use pixel::filter::{gauss, label};
use pixel::{Plane, ramp};

use super::places::{Place, cells, thinned};
use super::skin::Stock;

/// Samples of the ring that tell the two lights.
const ANCHORS: usize = 288;
/// How far apart the two lights are, at least, in L* and in deviations of the skin within them.
const APART: f32 = 18.0;
const APART_OF_SPREAD: f32 = 4.0;
/// Share of the ring that lies in each of them, at least.
const LEAST_SHARE: f32 = 0.1;
/// Within so many samples of the edge lightness falls by this share of what the lights are apart, on this share of the
/// edge: form and soft shadows fall off slower, and so does the rim of a mark.
const FALLS_WITHIN: isize = 2;
const FALLS: f32 = 0.6;
const HARD: f32 = 0.7;
/// How smooth the edge runs across a place (Gaussian sigma, radii of the place), and between which shares of light it
/// lies.
const SMOOTH: f32 = 0.15;
const EDGE: [f32; 2] = [0.25, 0.75];

/// The two lights on a place.
pub(super) struct Lights {
    /// L* between them.
    level: f32,
    /// How much of the brighter one falls on each sample of the place's bounds, 0..1.
    pub share: Plane,
}

impl Lights {
    /// `None` where the skin around has one light, or the two run into each other.
    pub fn across(stock: &Stock, place: &Place) -> Option<Self> {
        let lightness = |&(x, y): &(usize, usize)| stock.soft.l.at(x, y);
        let Parted { level, apart } = part(thinned(&place.anchors, ANCHORS).iter().map(lightness).collect())?;
        let seen = stock.soft.l.crop(place.bounds);
        let bright = without_islands(seen.map(|l| if l > level { 1.0 } else { 0.0 }), place);
        if hard_share(&seen, &bright, FALLS * apart) < HARD {
            return None;
        }
        let soft = gauss(&bright, (SMOOTH * place.radius()).max(0.8));
        Some(Self { level, share: soft.map(|v| ramp(v, EDGE[0], EDGE[1])) })
    }

    /// True for skin in the brighter of them.
    pub fn bright(&self, lightness: f32) -> bool {
        lightness > self.level
    }
}

/// Lightness in two groups.
struct Parted {
    /// L* between them.
    level: f32,
    /// L* from mean to mean.
    apart: f32,
}

/// Parts values where the groups vary least (Otsu, 1979); `None` where they are no two groups.
fn part(mut values: Vec<f32>) -> Option<Parted> {
    values.sort_by(f32::total_cmp);
    if values.last()? - values.first()? <= APART {
        return None;
    }
    let count = values.len();
    let fewest = ((LEAST_SHARE * count as f32) as usize).max(2);
    let mean_and_squares = |values: &[f32]| {
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f32>())
    };
    let parts = (fewest..(count + 1).saturating_sub(fewest)).map(|at| {
        let [(dark, below), (bright, above)] = [&values[..at], &values[at..]].map(mean_and_squares);
        (at, bright - dark, below + above)
    });
    let (at, apart, squares) = parts.min_by(|a, b| a.2.total_cmp(&b.2))?;
    let spread = (squares / count as f32).sqrt();
    let level = 0.5 * (values[at - 1] + values[at]);
    (apart > APART.max(APART_OF_SPREAD * spread)).then_some(Parted { level, apart })
}

/// 1 on the bright side, with what lies all inside a place turned over: that is the mark, and no light.
fn without_islands(mut bright: Plane, place: &Place) -> Plane {
    let inside = place.drawn(place.bounds, |_, _| 1.0);
    for side in [1.0, 0.0] {
        let parts = label(&bright.map(|v| if v == side { 1.0 } else { 0.0 }));
        let mut reaches_out = vec![false; parts.areas.len()];
        for (x, y) in cells(bright.size().rect()) {
            if let Some(part) = (parts.at(x, y) as usize).checked_sub(1) {
                reaches_out[part] |= inside.at(x, y) < 0.5;
            }
        }
        let islands = parts.mask(|part| !reaches_out[part]);
        bright.apply_with(&islands, |v, island| if island > 0.5 { 1.0 - side } else { v });
    }
    bright
}

/// Share of the edge between both sides at which lightness falls by `much` at once, 0..1.
fn hard_share(lightness: &Plane, bright: &Plane, much: f32) -> f32 {
    let (mut edge, mut hard) = (0, 0);
    for (x, y) in cells(bright.size().rect()) {
        let (x, y) = (x as isize, y as isize);
        let side = bright.at_clamped(x, y);
        if bright.at_clamped(x + 1, y) == side && bright.at_clamped(x, y + 1) == side {
            continue;
        }
        let (mut low, mut high) = (f32::MAX, f32::MIN);
        for v in y - FALLS_WITHIN..=y + FALLS_WITHIN {
            for u in x - FALLS_WITHIN..=x + FALLS_WITHIN {
                let l = lightness.at_clamped(u, v);
                (low, high) = (low.min(l), high.max(l));
            }
        }
        edge += 1;
        hard += usize::from(high - low > much);
    }
    hard as f32 / edge.max(1) as f32
}

#[cfg(test)]
mod tests {
    use pixel::colour::Lab;
    use pixel::{Rect, Size};

    use super::*;
    use crate::plugins::heal::tone::two_tones;

    /// Skin whose light changes across a slanting line within `penumbra` samples, with a mark of radius 6 on the bright side
    /// of it; and the mark's place, which reaches over the line.
    fn skin(penumbra: f32) -> (Stock, Place) {
        let size = Size::new(61, 61);
        let away = |x: usize, y: usize| (x as f32 - 27.0).hypot(y as f32 - 30.0);
        let l = Plane::from_fn(size, |x, y| {
            let light = ramp(x as f32 + 0.4 * y as f32, 45.0 + 0.5 * penumbra, 45.0 - 0.5 * penumbra);
            let mark = if away(x, y) < 6.0 { -5.0 } else { 0.0 };
            40.0 + 30.0 * light + mark
        });
        let a = l.map(|l| 8.0 + 0.2 * l);
        let flat = |v: f32| Plane::filled(size, v);
        let soft = Lab { b: flat(15.0), a, l };
        let rect = |from: usize, to: usize| (from..to).flat_map(move |y| (from..to).map(move |x| (x, y)));
        let inside = rect(10, 50).filter(|&(x, y)| away(x, y) <= 8.0).collect();
        let ring: Vec<_> = rect(10, 50).filter(|&(x, y)| away(x, y) > 9.0 && away(x, y) < 14.0).collect();
        let bounds = Rect { x: 11, y: 14, width: 33, height: 33 };
        let place = Place { inside, anchors: ring.clone(), ring, bounds, whole: true };
        (Stock { soft, unrest: flat(0.0), energy: flat(1.0) }, place)
    }

    #[test]
    fn a_hard_shadow_keeps_its_edge_under_a_mark() {
        let (stock, place) = skin(2.0);
        let [l, a, _] = two_tones(&stock, &place).expect("two lights");
        for &(x, y) in &place.inside {
            let along = x as f32 + 0.4 * y as f32 - 45.0;
            if along.abs() > 2.5 {
                let lit = if along < 0.0 { 70.0 } else { 40.0 };
                let (at_x, at_y) = (x - place.bounds.x, y - place.bounds.y);
                assert!((l.at(at_x, at_y) - lit).abs() < 3.0, "{x} {y}: {}", l.at(at_x, at_y));
                assert!((a.at(at_x, at_y) - 8.0 - 0.2 * lit).abs() < 0.6, "{x} {y}");
            }
        }
    }

    #[test]
    fn what_falls_off_softly_is_form_and_no_edge() {
        for penumbra in [20.0, 35.0] {
            let (stock, place) = skin(penumbra);
            assert!(Lights::across(&stock, &place).is_none(), "{penumbra}");
        }
    }

    #[test]
    fn one_light_is_not_parted_by_pores() {
        let (mut stock, place) = skin(2.0);
        stock.soft.l = Plane::from_fn(stock.soft.l.size(), |x, y| if (x + y) % 3 == 0 { 58.0 } else { 64.0 });
        assert!(Lights::across(&stock, &place).is_none());
    }

    #[test]
    fn a_dark_mark_in_the_light_is_no_shadow() {
        let (mut stock, place) = skin(2.0);
        let dark = |x: usize, y: usize| (x as f32 - 22.0).hypot(y as f32 - 30.0) < 2.5;
        stock.soft.l =
            Plane::from_fn(stock.soft.l.size(), |x, y| if dark(x, y) { 38.0 } else { stock.soft.l.at(x, y) });
        let [l, ..] = two_tones(&stock, &place).expect("two lights");
        let middle = l.at(22 - place.bounds.x, 30 - place.bounds.y);
        assert!((middle - 70.0).abs() < 3.0, "{middle}");
    }
}
