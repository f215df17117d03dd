//! The tone that the skin around a mark gives the skin under it.
//!
//! Faces are convex, so light falls off to all sides of a place: what is merely spread inward from its rim is too dark
//! in the middle. The light on a place is a quadratic form as far as that of the clean skin around it is one; what is
//! left at the rim is spread inward, along the ridges and folds that end at the place farther than across them.

use pixel::Plane;

use super::lights::Lights;
use super::look::Look;
use super::metric::Metric;
use super::places::{Place, cells, thinned};
use super::repair::Sources;
use super::skin::Stock;
use crate::quadratic::{self, Terms, value};

/// Samples of the ring that carry the membrane.
const ANCHORS: usize = 144;
/// How far around a place its light is measured, in radii of the place, and at least, in face widths; and on how many
/// samples, at most and at least.
const AROUND: f32 = 1.2;
const LEAST_AROUND: f32 = 0.012;
const SAMPLES: usize = 500;
const FEWEST: usize = 40;
/// Sides of a place, and how many must show clean skin.
const SIDES: usize = 8;
const SEEN_SIDES: usize = 6;
/// Weight of samples that are as far off the form as half of them are, times this: marks and edges are no light.
const STRAY: f32 = 2.0;
/// How strongly bends must show, against the scatter of the samples.
const RIDGE: Terms = [0.0, 0.0, 0.0, 0.01, 0.01, 0.01];
/// How far beyond the tones of the skin around the form may go, as a share of their range.
const BEYOND: f32 = 0.35;

/// The tone of the skin around a place carried on over it, on the bounds of the place. Only a whole spot has a form: a
/// stroke is so narrow that its rim tells all, and where strokes lie the skin beside is as often hair.
pub(super) fn clean_tone(look: &Look, sources: &Sources<'_>, place: &Place, spot: bool) -> [Plane; 3] {
    let form = if spot { form(look, sources, place) } else { None };
    let metric = Metric::around(look, sources, place);
    spread(sources.stock, place, &place.anchors, (0, 0), form.as_ref(), metric)
}

/// The tones of both lights, each where it falls, on the bounds of a place that a hard shadow runs across.
pub(super) fn two_tones(stock: &Stock, place: &Place) -> Option<[Plane; 3]> {
    let lights = Lights::across(stock, place)?;
    let lit = |&(x, y): &(usize, usize)| lights.bright(stock.soft.l.at(x, y));
    let (bright, dark): (Vec<_>, Vec<_>) = place.anchors.iter().copied().partition(lit);
    let [bright, dark] = [bright, dark].map(|rim| spread(stock, place, &rim, (0, 0), None, Metric::EVEN));
    let mix = |c: usize| {
        Plane::from_fn(place.bounds.size(), |x, y| {
            let (bright, dark) = (bright[c].at(x, y), dark[c].at(x, y));
            dark + lights.share.at(x, y) * (bright - dark)
        })
    };
    Some([mix(0), mix(1), mix(2)])
}

/// The tone of the skin `offset` from the ring of a place, spread over the place.
pub(super) fn tone(stock: &Stock, place: &Place, offset: (isize, isize)) -> [Plane; 3] {
    spread(stock, place, &place.ring, offset, None, Metric::EVEN)
}

/// The tones of `rim` spread over a place, with weights of inverse cubed distance (in the manner of mean-value
/// coordinates; Farbman et al., 2009) as the metric has it, on top of a form. `offset` moves the skin that is looked at,
/// not the place.
fn spread(
    stock: &Stock,
    place: &Place,
    rim: &[(usize, usize)],
    offset: (isize, isize),
    form: Option<&Form>,
    metric: Metric,
) -> [Plane; 3] {
    let moved = |v: usize, by: isize| (v as isize + by) as usize;
    let anchors: Vec<([f32; 2], [f32; 3])> = thinned(rim, ANCHORS)
        .into_iter()
        .map(|(x, y)| {
            let tone = around(stock, moved(x, offset.0), moved(y, offset.1));
            let at = [x as f32, y as f32];
            let base = form.map_or([0.0; 3], |form| form.at(at));
            (at, [0, 1, 2].map(|c| tone[c] - base[c]))
        })
        .collect();
    let bounds = place.bounds;
    let softening = 1.0 + 0.02 * place.inside.len() as f32;
    let mut tones = [0; 3].map(|_| Plane::zeros(bounds.size()));
    let mut sums = vec![[0.0f32; 4]; bounds.width];
    for j in 0..bounds.height {
        sums.fill([0.0; 4]);
        for (at, tone) in &anchors {
            let down = at[1] - (bounds.y + j) as f32;
            let left = at[0] - bounds.x as f32;
            for (i, sum) in sums.iter_mut().enumerate() {
                let squared = metric.squared(left - i as f32, down) + softening;
                let weight = 1.0 / (squared * squared.sqrt());
                let [l, a, b] = *tone;
                let [sl, sa, sb, weights] = sum;
                (*sl, *sa, *sb) = (*sl + weight * l, *sa + weight * a, *sb + weight * b);
                *weights += weight;
            }
        }
        for (c, plane) in tones.iter_mut().enumerate() {
            plane.row_mut(j).iter_mut().zip(&sums).for_each(|(v, sum)| *v = sum[c] / sum[3].max(1e-12));
        }
        let Some(form) = form else { continue };
        for i in 0..bounds.width {
            let base = form.at([(bounds.x + i) as f32, (bounds.y + j) as f32]);
            (0..3).for_each(|c| *tones[c].at_mut(i, j) += base[c]);
        }
    }
    tones
}

/// Mean colour of nine samples.
fn around(stock: &Stock, x: usize, y: usize) -> [f32; 3] {
    let lab = &stock.soft;
    [&lab.l, &lab.a, &lab.b].map(|plane| {
        let mut sum = 0.0;
        for v in -1..=1 {
            for u in -1..=1 {
                sum += plane.at_clamped(x as isize + u, y as isize + v);
            }
        }
        sum / 9.0
    })
}

/// A quadratic form of the place for each of L*, a*, b*, within the range of what it was measured on.
struct Form {
    middle: [f32; 2],
    scale: f32,
    factors: [Terms; 3],
    range: [[f32; 2]; 3],
}

impl Form {
    fn terms(&self, at: [f32; 2]) -> Terms {
        let [u, v] = [0, 1].map(|k| f64::from((at[k] - self.middle[k]) / self.scale));
        quadratic::terms(u, v)
    }

    fn at(&self, at: [f32; 2]) -> [f32; 3] {
        let terms = self.terms(at);
        [0, 1, 2].map(|c| (value(&self.factors[c], &terms) as f32).clamp(self.range[c][0], self.range[c][1]))
    }
}

/// The form of the clean skin around a place, by least squares that strays hardly bend (iteratively reweighted,
/// Huber, 1981); `None` where too little is clean.
fn form(look: &Look, sources: &Sources<'_>, place: &Place) -> Option<Form> {
    let own = place.radius();
    let reach = (AROUND * own).max(LEAST_AROUND * look.width);
    let away = place.distances(look, reach);
    let fits = |&(x, y): &(usize, usize)| {
        let d = away.at(x, y);
        d > 1.5 && d <= reach && sources.clean.at(x, y) > 0.5 && look.skin.at(x, y) > 0.5
    };
    let found: Vec<(usize, usize)> = cells(away.near).filter(fits).collect();
    let samples = thinned(&found, SAMPLES);
    let middle = [0, 1].map(|k| {
        place.inside.iter().map(|&(x, y)| [x, y][k] as f32).sum::<f32>() / place.inside.len() as f32
    });
    if samples.len() < FEWEST || !surround(&samples, middle) {
        return None;
    }
    let scale = own + reach;
    let mut form = Form { middle, scale, factors: [Terms::default(); 3], range: [[0.0; 2]; 3] };
    let terms: Vec<Terms> = samples.iter().map(|&(x, y)| form.terms([x as f32, y as f32])).collect();
    for (c, plane) in
        [&sources.stock.soft.l, &sources.stock.soft.a, &sources.stock.soft.b].into_iter().enumerate()
    {
        let values: Vec<f64> = samples.iter().map(|&(x, y)| f64::from(plane.at(x, y))).collect();
        form.factors[c] = fit(&terms, &values)?;
        let mut sorted: Vec<f32> = values.iter().map(|&v| v as f32).collect();
        sorted.sort_by(f32::total_cmp);
        let (low, high) = (sorted[sorted.len() / 20], sorted[sorted.len() * 19 / 20]);
        let beyond = BEYOND * (high - low);
        form.range[c] = [low - beyond, high + beyond];
    }
    Some(form)
}

/// True when samples lie on most sides of a place: from one side a form would be carried on into the unknown.
fn surround(samples: &[(usize, usize)], middle: [f32; 2]) -> bool {
    let mut counts = [0; SIDES];
    for &(x, y) in samples {
        let turn = (y as f32 - middle[1]).atan2(x as f32 - middle[0]) / std::f32::consts::TAU + 0.5;
        counts[((turn * SIDES as f32) as usize).min(SIDES - 1)] += 1;
    }
    let seen = counts.iter().filter(|&&count| count * 4 * SIDES >= samples.len()).count();
    seen >= SEEN_SIDES
}

/// The factors of the terms that give the values best; `None` when they leave them open.
fn fit(terms: &[Terms], values: &[f64]) -> Option<Terms> {
    let mut weights = vec![1.0f64; values.len()];
    let mut factors = Terms::default();
    for _ in 0..4 {
        let samples = terms.iter().zip(values).zip(&weights);
        factors = quadratic::fit(samples.map(|((terms, value), weight)| (*terms, *value, *weight)), &RIDGE)?;
        let off = |(terms, seen): (&Terms, &f64)| (seen - value(&factors, terms)).abs();
        let away: Vec<f64> = terms.iter().zip(values).map(off).collect();
        let mut sorted = away.clone();
        let middle = sorted.len() / 2;
        let usual = f64::from(STRAY) * sorted.select_nth_unstable_by(middle, f64::total_cmp).1.max(0.05);
        weights = away.iter().map(|away| (usual / away.max(usual)).powi(2)).collect();
    }
    Some(factors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(value: impl Fn(f64, f64) -> f64) -> (Vec<Terms>, Vec<f64>) {
        let form =
            Form { middle: [0.0; 2], scale: 10.0, factors: [Terms::default(); 3], range: [[0.0; 2]; 3] };
        let ring: Vec<[f32; 2]> = (0..200)
            .map(|i| {
                let (turn, away) = (0.31 * i as f32, 5.0 + 0.025 * i as f32);
                [away * turn.cos(), away * turn.sin()]
            })
            .collect();
        let values = ring.iter().map(|&[x, y]| value(f64::from(x), f64::from(y))).collect();
        (ring.iter().map(|&at| form.terms(at)).collect(), values)
    }

    #[test]
    fn a_bend_of_the_light_is_told_from_the_ring_around() {
        let (terms, values) = seen(|x, y| 60.0 + 0.2 * x - 0.05 * (x * x + 0.5 * y * y));
        let middle = fit(&terms, &values).expect("enough")[0];
        let ring = values.iter().sum::<f64>() / values.len() as f64;
        assert!((middle - 60.0).abs() < 0.35 * (ring - 60.0).abs(), "{middle} of {ring}");
    }

    #[test]
    fn a_hair_over_the_ring_does_not_bend_the_light() {
        let hair = |x: f64, y: f64| if y > 0.0 && x.abs() < 1.0 { -30.0 } else { 0.0 };
        let (terms, values) = seen(|x, y| 60.0 + 0.2 * x + hair(x, y));
        let middle = fit(&terms, &values).expect("enough")[0];
        assert!((middle - 60.0).abs() < 0.5, "{middle}");
    }

    #[test]
    fn places_on_a_line_tell_no_form() {
        let terms: Vec<Terms> = (0..50).map(|i| [1.0, f64::from(i), 0.0, 0.0, 0.0, 0.0]).collect();
        assert!(fit(&terms, &vec![60.0; 50]).is_none());
    }
}
