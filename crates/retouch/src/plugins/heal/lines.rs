//! Finds scratches and stray hairs: thin lines that both sides of differ from, told from wrinkles.

use std::collections::HashSet;

use pixel::rank::median;
use pixel::{Plane, Size};
use rayon::prelude::*;

use super::look::Look;
use super::skin::Texture;
use super::spots::seen;
use super::strays::is_red_line;

/// Directions in which lines are followed.
const DIRECTIONS: usize = 16;
/// Half the length over which a line must hold its direction, in face widths.
const HALF: f32 = 0.013;
/// Answers of single samples, in deviations: looked at from here, counted up to here.
const LOOKED_AT: f32 = 1.2;
const COUNTED: f32 = 5.0;
/// Mean answer along a line: of its weakest samples, of the faintest line healed at full sensitivity, and of the weakest
/// samples of its ends, where hairs and scratches taper off.
const FOLLOWED: f32 = 1.9;
const ANSWER: f32 = 2.25;
const TAPERED: f32 = 1.1;
/// Samples within which a line goes on.
const GAP: usize = 3;
/// Directions by which an end may turn from one sample to the next.
const TURN: u8 = 2;
/// How many times as long as it is clear a line may become where it is followed fainter.
const FOLLOWED_TO: usize = 3;
/// Contrast of the faintest line healed at full sensitivity.
const CONTRAST: f32 = 2.8;
/// Shortest line in face widths.
const SHORTEST: f32 = 0.022;
/// Distance of the flanks a line is compared with, and of the shoulders at which a thin line has ended.
const FLANK: f32 = 0.0065;
const SHOULDER: f32 = 0.0042;

/// A thin line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// How clearly it stands out: 1 is just healed at full sensitivity.
    pub saliency: f32,
    /// Colour less that of its flanks, CIELAB in optical-density units.
    pub shift: [f32; 3],
    /// Samples along its middle, the faint ends last.
    pub spine: Vec<usize>,
    /// The direction in which the line goes on at each of them.
    pub rays: Vec<[f32; 2]>,
    /// Direction 0..pi.
    pub angle: f32,
    /// Length in samples.
    pub length: f32,
    /// Middle in samples.
    pub middle: [f32; 2],
}

impl Line {
    /// By how much its direction differs from another, in radians, 0..pi/2.
    pub fn turned(&self, angle: f32) -> f32 {
        let turn = (self.angle - angle).rem_euclid(std::f32::consts::PI);
        turn.min(std::f32::consts::PI - turn)
    }
}

/// All lines on the look.
pub(super) fn find_lines(look: &Look, texture: &Texture) -> Vec<Line> {
    let spread = [0, 1].map(|c| texture.thin.spread[c].over(look.size()));
    let mut lines: Vec<Line> = [(-1.0f32, 0.0f32), (1.0, 0.0), (-0.5, 1.0)]
        .into_par_iter()
        .flat_map_iter(|(lightness, redness)| {
            trace(look, texture, &strength(look, texture, &spread, lightness, redness))
        })
        .collect();
    lines.sort_by(|a, b| b.saliency.total_cmp(&a.saliency).then(a.spine.cmp(&b.spine)));
    lines
}

/// The thin band toward a kind of line, in deviations of this skin.
fn strength(look: &Look, texture: &Texture, spread: &[Plane; 2], lightness: f32, redness: f32) -> Plane {
    let band = &texture.thin;
    let width = look.size().width.max(1);
    let mut out = Plane::zeros(look.size());
    out.samples_mut().par_chunks_mut(width).enumerate().for_each(|(y, row)| {
        let [l, a] = [0, 1].map(|c| band.planes[c].row(y));
        let [sl, sa] = [0, 1].map(|c| spread[c].row(y));
        let reach = look.reach.row(y);
        for (x, out) in row.iter_mut().enumerate() {
            let value = lightness * l[x] + redness * a[x];
            let spread = ((lightness * sl[x]).powi(2) + (redness * sa[x]).powi(2)).sqrt();
            *out = if value > 0.2 && reach[x] > 0.5 { (value / spread).min(COUNTED) } else { 0.0 };
        }
    });
    out
}

/// Connected runs of samples that go on in one direction.
fn trace(look: &Look, texture: &Texture, strength: &Plane) -> Vec<Line> {
    let size = look.size();
    let half = (HALF * look.width).round().max(4.0) as isize;
    let rays: [(f32, f32); DIRECTIONS] = std::array::from_fn(|n| {
        let (sin, cos) = (n as f32 * std::f32::consts::PI / DIRECTIONS as f32).sin_cos();
        (cos, sin)
    });
    let steps: Vec<[(isize, isize); DIRECTIONS]> = (-half..=half)
        .map(|t| rays.map(|(dx, dy)| ((t as f32 * dx).round() as isize, (t as f32 * dy).round() as isize)))
        .collect();
    // The same as distances in a row of all samples, for places far enough from the edges.
    let offsets: Vec<[isize; DIRECTIONS]> =
        steps.iter().map(|steps| steps.map(|(u, v)| v * size.width as isize + u)).collect();
    let mut answer = Plane::zeros(size);
    let mut course = vec![0u8; size.area()];
    let rows = answer.samples_mut().par_chunks_mut(size.width).zip(course.par_chunks_mut(size.width));
    rows.enumerate().for_each(|(y, (answer, course))| {
        for x in 0..size.width {
            if strength.at(x, y) >= LOOKED_AT {
                let best = best_course(strength, &steps, &offsets, (x, y));
                (answer[x], course[x]) = (best.0 / steps.len() as f32, best.1);
            }
        }
    });
    let is_ridge = |index: usize| {
        let (x, y) = (index % size.width, index / size.width);
        let (dx, dy) = rays[course[index] as usize];
        let beside = |side: f32| strength.bilinear(x as f32 - side * dy * 1.4, y as f32 + side * dx * 1.4);
        let here = strength.at(x, y);
        here >= beside(1.0) && here >= beside(-1.0)
    };
    let answers = answer.samples();
    let ridge: Vec<bool> = (0..size.area()).map(|i| answers[i] >= TAPERED && is_ridge(i)).collect();
    // A line is found in the zone and followed as far as its marks may reach: a hair shall not leave its end behind.
    let clear = (0..size.area())
        .map(|i| ridge[i] && answers[i] >= FOLLOWED && look.zone.samples()[i] > 0.5)
        .collect();
    let measured = |spine| measure(look, texture, &answer, &course, &rays, spine);
    let lines = runs(clear, size).into_iter().filter_map(measured);
    let followed = lines.filter_map(|mut line| {
        let (ends, goes_on) = ends(&line.spine, &ridge, &course, size);
        line.rays.extend(ends.iter().map(|&i| <[f32; 2]>::from(rays[course[i] as usize])));
        line.spine.extend(ends);
        // A hair that goes on and on is one of many strands: a piece of it would be missed. Scratches run into wrinkles.
        (!goes_on || is_red_line(&line)).then_some(line)
    });
    followed.collect()
}

/// Where a line goes on fainter until it is [`FOLLOWED_TO`] times as long, and whether it goes on even then.
fn ends(spine: &[usize], ridge: &[bool], course: &[u8], size: Size) -> (Vec<usize>, bool) {
    let turned = |a: u8, b: u8| {
        let apart = a.abs_diff(b);
        apart.min(DIRECTIONS as u8 - apart)
    };
    let mut line: Vec<usize> = spine.to_vec();
    let mut known: HashSet<usize> = spine.iter().copied().collect();
    let mut next = 0;
    while next < line.len() && line.len() < FOLLOWED_TO * spine.len() {
        let here = line[next];
        next += 1;
        let goes_on = |index: usize| ridge[index] && turned(course[index], course[here]) <= TURN;
        line.extend(around(here, size).filter(|&index| goes_on(index) && known.insert(index)));
    }
    let goes_on = next < line.len();
    (line.split_off(spine.len()), goes_on)
}

/// The greatest sum over the directions, and its direction; the first of several. All directions are added up side by
/// side: one sum at a time would wait for itself.
fn best_course(
    strength: &Plane,
    steps: &[[(isize, isize); DIRECTIONS]],
    offsets: &[[isize; DIRECTIONS]],
    (x, y): (usize, usize),
) -> (f32, u8) {
    let (width, height, half) = (strength.width(), strength.height(), steps.len() / 2);
    let inner = x >= half && y >= half && x + half < width && y + half < height;
    let mut sums = [0.0f32; DIRECTIONS];
    if inner {
        let here = &strength.samples()[(y - half) * width + x - half..];
        let corner = (half * width + half) as isize;
        for offsets in offsets {
            sums.iter_mut().zip(offsets).for_each(|(sum, by)| *sum += here[(corner + by) as usize]);
        }
    } else {
        let at = |(u, v): &(isize, isize)| strength.at_clamped(x as isize + u, y as isize + v);
        steps.iter().for_each(|steps| sums.iter_mut().zip(steps).for_each(|(sum, step)| *sum += at(step)));
    }
    let best = (0..DIRECTIONS).rev().max_by(|&a, &b| sums[a].total_cmp(&sums[b])).unwrap_or(0);
    (sums[best], best as u8)
}

/// Samples within which a line goes on from one, row by row.
fn around(index: usize, size: Size) -> impl Iterator<Item = usize> {
    let (x, y) = (index % size.width, index / size.width);
    let columns = x.saturating_sub(GAP)..(x + GAP + 1).min(size.width);
    let rows = y.saturating_sub(GAP)..(y + GAP + 1).min(size.height);
    rows.flat_map(move |v| columns.clone().map(move |u| v * size.width + u))
}

/// Groups of ridge samples with gaps of at most two samples, each in reading order.
fn runs(mut ridge: Vec<bool>, size: Size) -> Vec<Vec<usize>> {
    let mut runs = Vec::new();
    for start in 0..ridge.len() {
        if !std::mem::take(&mut ridge[start]) {
            continue;
        }
        let mut run = vec![start];
        let mut next = 0;
        while next < run.len() {
            let here = run[next];
            next += 1;
            run.extend(around(here, size).filter(|&index| std::mem::take(&mut ridge[index])));
        }
        run.sort_unstable();
        runs.push(run);
    }
    runs
}

fn measure(
    look: &Look,
    texture: &Texture,
    answer: &Plane,
    course: &[u8],
    rays: &[(f32, f32)],
    spine: Vec<usize>,
) -> Option<Line> {
    let width = look.size().width;
    let (length, breadth, angle, middle) = extent(&spine, width);
    if length < SHORTEST * look.width || breadth > 0.45 * length || (spine.len() as f32) < 0.5 * length {
        return None;
    }
    let lab = &texture.soft;
    let sample = |x: f32, y: f32| [&lab.l, &lab.a, &lab.b].map(|plane| plane.bilinear(x, y));
    let (flank, shoulder) = ((FLANK * look.width).max(3.2), (SHOULDER * look.width).max(2.2));
    let mut shifts: [Vec<f32>; 3] = Default::default();
    let (mut sides, mut shoulders, mut own) = ([[0.0f32; 3]; 2], [0.0f32; 3], [0.0f32; 3]);
    for &index in &spine {
        let (x, y) = ((index % width) as f32, (index / width) as f32);
        let (dx, dy) = rays[course[index] as usize];
        let here = sample(x, y);
        let density = texture.density(index % width, index / width);
        let beside = [1.0f32, -1.0].map(|side| sample(x - side * dy * flank, y + side * dx * flank));
        let near = [1.0f32, -1.0].map(|side| sample(x - side * dy * shoulder, y + side * dx * shoulder));
        for c in 0..3 {
            let flanks = 0.5 * (beside[0][c] + beside[1][c]);
            shifts[c].push((here[c] - flanks) * density);
            own[c] += here[c] - flanks;
            shoulders[c] += 0.5 * (near[0][c] + near[1][c]) - flanks;
            (0..2).for_each(|s| sides[s][c] += here[c] - beside[s][c]);
        }
    }
    let shift = shifts.map(median);
    let contrast = seen(shift);
    let total = seen(own).max(1e-3);
    let along = |v: [f32; 3]| (v[0] * own[0] + 0.36 * v[1] * own[1] + 0.36 * v[2] * own[2]) / (total * total);
    let weaker = along(sides[0]).min(along(sides[1]));
    let softness = along(shoulders).max(0.0);
    let two_sided = ((weaker - 0.35) / 0.3).clamp(0.0, 1.0);
    // A furrow has soft shoulders; a scratch may be a little swollen.
    let limit = if shift[1] > 0.6 * shift[0].abs() { 0.36 } else { 0.27 };
    let thin = ((limit - softness) / 0.07).clamp(0.0, 1.0);
    let mean_answer = spine.iter().map(|&i| answer.samples()[i]).sum::<f32>() / spine.len() as f32;
    let doubt = texture.doubt(look, middle[0] as usize, middle[1] as usize);
    let saliency = (mean_answer / ANSWER).min(contrast / CONTRAST) * two_sided * thin / doubt;
    let own_rays = spine.iter().map(|&i| <[f32; 2]>::from(rays[course[i] as usize])).collect();
    (saliency > 0.2).then_some(Line { saliency, shift, spine, rays: own_rays, angle, length, middle })
}

/// Length, breadth (four deviations along and across), direction and middle of a set of samples.
fn extent(spine: &[usize], width: usize) -> (f32, f32, f32, [f32; 2]) {
    let count = spine.len().max(1) as f32;
    let place = |&i: &usize| [(i % width) as f32, (i / width) as f32];
    let mean = |k: usize| spine.iter().map(|i| place(i)[k]).sum::<f32>() / count;
    let (mx, my) = (mean(0), mean(1));
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for index in spine {
        let [x, y] = place(index);
        let (dx, dy) = (x - mx, y - my);
        xx += dx * dx / count;
        xy += dx * dy / count;
        yy += dy * dy / count;
    }
    let root = (0.25 * (xx - yy) * (xx - yy) + xy * xy).sqrt();
    let (long, short) = (0.5 * (xx + yy) + root, (0.5 * (xx + yy) - root).max(0.0));
    let angle = (0.5 * (2.0 * xy).atan2(xx - yy)).rem_euclid(std::f32::consts::PI);
    // A straight line of length n has the variance n² / 12.
    ((12.0 * long).sqrt() + 1.0, (12.0 * short).sqrt(), angle, [mx, my])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_go_on_in_the_direction_of_the_line_and_not_for_ever() {
        let size = Size::new(60, 30);
        let at = |x: usize, y: usize| y * size.width + x;
        let (mut ridge, mut course) = (vec![false; size.area()], vec![0u8; size.area()]);
        // Along a row with a gap; across it at the end; a stroke beside it, too far away.
        let along: Vec<usize> = (4..56).filter(|x| !(24..26).contains(x)).map(|x| at(x, 10)).collect();
        let across: Vec<usize> = (11..25).map(|y| at(30, y)).collect();
        let beside: Vec<usize> = (20..40).map(|x| at(x, 2)).collect();
        along.iter().chain(&across).chain(&beside).for_each(|&i| ridge[i] = true);
        across.iter().for_each(|&i| course[i] = DIRECTIONS as u8 / 2);
        let part = |of: std::ops::Range<usize>| -> Vec<usize> {
            along.iter().copied().filter(|i| of.contains(&(i % size.width))).collect()
        };
        let spine = part(12..42);
        let (found, goes_on) = ends(&spine, &ridge, &course, size);
        assert!(found.iter().all(|i| along.contains(i) && !spine.contains(i)), "{found:?}");
        assert!(found.contains(&at(4, 10)) && found.contains(&at(55, 10)) && !goes_on, "{found:?}");
        let spine = part(12..18);
        let (found, goes_on) = ends(&spine, &ridge, &course, size);
        assert!(found.len() <= (FOLLOWED_TO - 1) * spine.len() + 2 * GAP && goes_on, "{found:?}");
        // A direction that is nearly the same counts as the same, also beyond the last one.
        along.iter().for_each(|&i| course[i] = DIRECTIONS as u8 - TURN);
        spine.iter().for_each(|&i| course[i] = 0);
        assert!(!ends(&spine, &ridge, &course, size).0.is_empty());
    }
}
