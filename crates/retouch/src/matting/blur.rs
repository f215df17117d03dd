//! How soft the edge of a subject is before a plain backdrop: an edge out of focus is a mixture far into the subject.

use pixel::filter::{dilate, gauss};
use pixel::{Plane, Size};

/// How far into the subject an edge is followed, in working samples.
const REACH: usize = 44;
/// How far out of it: its foot passes for a shadow before white.
const OUT: usize = 16;
/// Standard deviation of the blur from which an edge is out of focus, in working samples; the lens, the reducing and
/// the smoothing here make up what is below.
const OUT_OF_FOCUS: f32 = 2.2;
/// Smoothing before slopes are taken, in working samples.
const SMOOTH: f32 = 1.0;
/// Slope at the foot of an edge and past its end, as shares of that in its middle. A blurred edge has 0.26 where a
/// twentieth is covered, and 0.14 at two standard deviations; light that falls off over the subject goes on.
const FOOT: f32 = 0.7;
const END: f32 = 0.4;
/// Cover one standard deviation before the middle of a blurred edge, and how far an edge may be off that there and as
/// far behind the middle.
const BEFORE: f32 = 0.16;
const OFF: f32 = 0.12;
/// Deviation from the backdrop in tolerances that is half of an edge, at least: less is noise.
const LEAST_HALF: f32 = 2.0;
/// Standard deviations from the middle of an edge to where the subject covers all.
const WHOLE: f32 = 2.2;
/// Standard deviation of the neighbourhood whose edges must agree, in working samples.
const NEIGHBOURS: f32 = 12.0;
/// Share of them that must.
const AGREE: f32 = 0.3;
/// The same for a long stretch of the edge: a lens blurs no short piece of it.
const STRETCH: f32 = 40.0;
const STRETCH_AGREES: f32 = 0.5;

/// Edges out of focus.
pub(super) struct Blur {
    /// 1 where subject and backdrop may be mixed.
    pub mixed: Plane,
    /// Cover there that the distance from the edge foretells, 0 to 1; 1 elsewhere.
    pub expected: Plane,
}

impl Blur {
    /// Follows the edge of `body`; `deviation` is that from the backdrop in tolerances, `inside` and `outside` are the
    /// distances from the edge in samples; at `hair` (above 0.9) no edge is looked at, for it has none. `None` when every
    /// edge is sharp.
    pub fn find(
        deviation: &Plane,
        body: &Plane,
        [inside, outside]: [&Plane; 2],
        hair: &Plane,
    ) -> Option<Self> {
        let size = body.size();
        let deviation = gauss(deviation, SMOOTH);
        let depth = gauss(&inside.zip(outside, |inside, outside| inside - outside), SMOOTH);
        let rim: Vec<(usize, usize)> = (0..size.area())
            .map(|i| (i % size.width, i / size.width))
            .filter(|&(x, y)| body.at(x, y) > 0.5 && inside.at(x, y) < 1.2 && !is_border(x, y, size))
            .filter(|&(x, y)| hair.at(x, y) < 0.9)
            .collect();
        let [mut all, mut soft, mut widths, mut middles] = [0; 4].map(|_| Plane::zeros(size));
        let ways: Vec<_> = rim.iter().map(|&from| across(&depth, &deviation, from)).collect();
        for (&(x, y), way) in rim.iter().zip(&ways) {
            *all.at_mut(x, y) = 1.0;
            if let Some((middle, sigma)) = blurred(&deviation, way) {
                *soft.at_mut(x, y) = 1.0;
                *widths.at_mut(x, y) = sigma;
                *middles.at_mut(x, y) = middle;
            }
        }
        if soft.max() < 0.5 {
            return None;
        }
        let stretch = gauss(&soft, STRETCH).zip(&gauss(&all, STRETCH), |soft, all| soft / all.max(1e-6));
        let [all, soft, widths, middles] =
            [all, soft, widths, middles].map(|plane| gauss(&plane, NEIGHBOURS));
        let (mut sum, mut count) = (Plane::zeros(size), Plane::zeros(size));
        for (&(x, y), way) in rim.iter().zip(&ways) {
            let agree = soft.at(x, y);
            if agree < AGREE * all.at(x, y) || stretch.at(x, y) < STRETCH_AGREES {
                continue;
            }
            let (sigma, middle) = (widths.at(x, y) / agree, middles.at(x, y) / agree);
            for (t, &[u, v]) in way.iter().enumerate() {
                let off = (t as f32 - middle) / sigma;
                if off > WHOLE {
                    break;
                }
                let (u, v) = (u.round() as usize, v.round() as usize);
                *sum.at_mut(u, v) += normal(off);
                *count.at_mut(u, v) += 1.0;
            }
        }
        let mixed = dilate(&count.map(|n| n.min(1.0)), 1.5);
        let [sum, count] = [sum, count].map(|plane| gauss(&plane, 1.5));
        let expected = sum.zip(&count, |s, n| if n > 1e-4 { s / n } else { 1.0 });
        Some(Self { expected: expected.zip(&mixed, |e, m| if m > 0.5 { e } else { 1.0 }), mixed })
    }
}

fn is_border(x: usize, y: usize, size: Size) -> bool {
    x == 0 || y == 0 || x + 1 == size.width || y + 1 == size.height
}

/// The way across the edge from where only backdrop is seen, or nearly, straight into the subject, a sample a step.
fn across(depth: &Plane, deviation: &Plane, from: (usize, usize)) -> Vec<[f32; 2]> {
    let mut way = walk(depth, from, -1.0, OUT);
    let foot = way.iter().position(|&[x, y]| deviation.bilinear(x, y) < 1.0);
    way.truncate(foot.map_or(OUT, |foot| foot + 1));
    way.reverse();
    way.extend(walk(depth, from, 1.0, REACH).into_iter().skip(1));
    way
}

/// The places met when going straight up (`side` 1) or down (-1) the depth, a sample a step.
fn walk(depth: &Plane, (x, y): (usize, usize), side: f32, steps: usize) -> Vec<[f32; 2]> {
    let size = depth.size();
    let (right, bottom) = (size.width as f32 - 1.0, size.height as f32 - 1.0);
    let (mut u, mut v) = (x as f32, y as f32);
    let mut met = Vec::with_capacity(steps);
    for _ in 0..steps {
        if !(0.0..=right).contains(&u) || !(0.0..=bottom).contains(&v) {
            break;
        }
        met.push([u, v]);
        let (i, j) = (u.round() as isize, v.round() as isize);
        let across = depth.at_clamped(i + 1, j) - depth.at_clamped(i - 1, j);
        let along = depth.at_clamped(i, j + 1) - depth.at_clamped(i, j - 1);
        let length = across.hypot(along);
        // In the middle of a thin part there is no way in.
        if length < 0.6 {
            break;
        }
        (u, v) = (u + side * across / length, v + side * along / length);
    }
    met
}

/// Middle, in samples from the start, and standard deviation of the blurred edge along a way; `None` for a sharp one and
/// for what does not rise as a blurred edge does.
fn blurred(deviation: &Plane, way: &[[f32; 2]]) -> Option<(f32, f32)> {
    let heights: Vec<f32> = way.iter().map(|&[x, y]| deviation.bilinear(x, y)).collect();
    let last = heights.len().checked_sub(1)?;
    let slope = |t: usize| {
        let (before, after) = (t.saturating_sub(2), (t + 2).min(last));
        (heights[after] - heights[before]) / (after - before).max(1) as f32
    };
    // A normal edge rises by half of its height over 1.25 standard deviations of its steepest slope.
    let width = |half: f32, slope: f32| half / slope * (2.0 / std::f32::consts::PI).sqrt();
    let steepest = (0..last).fold(0, |best, t| if slope(t) > slope(best) { t } else { best });
    if slope(steepest) <= 0.0 {
        return None;
    }
    // The steepest place is the middle only about; half of what the edge rises to tells it better.
    let past = steepest as f32 + 2.5 * width(heights[steepest], slope(steepest));
    let whole = *heights.get(past.round() as usize)?;
    let next = heights.iter().position(|height| *height >= 0.5 * whole)?;
    let (above, below) = (heights[next], heights[next.checked_sub(1)?]);
    let middle = next as f32 - (above - 0.5 * whole) / (above - below).max(1e-6);
    let most = slope(middle.round() as usize);
    if 0.5 * whole < LEAST_HALF || most <= 0.0 {
        return None;
    }
    let sigma = width(0.5 * whole, most);
    let cover = |off: f32| heights.get((middle + off).round().max(0.0) as usize).map(|height| height / whole);
    let rises = (cover(-sigma)? - BEFORE).abs() < OFF && (cover(sigma)? - (1.0 - BEFORE)).abs() < OFF;
    let end = (middle + 2.0 * sigma).round() as usize;
    let is_edge = rises && end < heights.len() && slope(0) < FOOT * most && slope(end) < END * most;
    (is_edge && sigma > OUT_OF_FOCUS).then(|| (middle, (sigma * sigma - SMOOTH * SMOOTH).sqrt()))
}

/// Cumulative normal distribution, to a hundredth.
fn normal(x: f32) -> f32 {
    1.0 / (1.0 + (-1.702 * x).exp())
}

#[cfg(test)]
mod tests {
    use pixel::filter::{distance_inside, distance_outside};

    use super::*;

    /// Deviation of a disc from its backdrop, and what of it is more than a tolerance away.
    fn disc(rise: impl Fn(f32) -> f32) -> (Plane, Plane) {
        let deviation = Plane::from_fn(Size::new(240, 240), |x, y| {
            let depth = 80.0 - (x as f32 - 120.0).hypot(y as f32 - 120.0);
            20.0 * rise(depth)
        });
        let body = deviation.map(|d| if d > 1.0 { 1.0 } else { 0.0 });
        (deviation, body)
    }

    fn find(rise: impl Fn(f32) -> f32) -> Option<Blur> {
        let (deviation, body) = disc(rise);
        let hair = Plane::zeros(body.size());
        Blur::find(&deviation, &body, [&distance_inside(&body), &distance_outside(&body)], &hair)
    }

    #[test]
    fn an_edge_out_of_focus_is_mixed_as_far_as_it_is_blurred() {
        let blur = find(|depth| normal(depth / 5.0)).expect("a soft edge");
        // The disc's middle lies 80 samples from its edge.
        for (depth, cover) in [(-5.0f32, 0.16f32), (0.0, 0.5), (5.0, 0.84)] {
            let x = (120.0 - 80.0 + depth) as usize;
            assert!(blur.mixed.at(x, 120) > 0.5, "{depth}");
            assert!((blur.expected.at(x, 120) - cover).abs() < 0.12, "{depth}: {}", blur.expected.at(x, 120));
        }
        assert_eq!(
            (blur.mixed.at(60, 120), blur.expected.at(60, 120)),
            (0.0, 1.0),
            "20 samples in it is whole"
        );
    }

    #[test]
    fn sharp_edges_and_light_that_falls_off_are_none() {
        assert!(find(|depth| (depth + 0.5).clamp(0.0, 1.0)).is_none(), "sharp");
        assert!(find(|depth| (0.2 + depth / 100.0) * (depth + 0.5).clamp(0.0, 1.0)).is_none(), "light");
        assert!(find(|depth| (depth / 60.0).clamp(0.0, 1.0)).is_none(), "light from the edge on");
    }
}
