//! Finds scratches and stray hairs: thin lines that both sides of differ from, told from wrinkles.

use pixel::Plane;
use pixel::filter::label;

use super::look::Look;
use super::skin::Texture;
use super::spots::{median, seen};

/// Directions in which lines are followed.
const DIRECTIONS: usize = 16;
/// Half the length over which a line must hold its direction, in face widths.
const HALF: f32 = 0.013;
/// Answers of single samples, in deviations: looked at from here, counted up to here.
const LOOKED_AT: f32 = 1.2;
const COUNTED: f32 = 5.0;
/// Mean answer along a line: of its weakest samples, and of the faintest line healed at full sensitivity.
const FOLLOWED: f32 = 1.9;
const ANSWER: f32 = 2.25;
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
    /// Samples along its middle.
    pub spine: Vec<usize>,
    /// Direction 0..pi.
    pub angle: f32,
    /// Length in samples.
    pub length: f32,
    /// Middle in samples.
    pub middle: [f32; 2],
}

/// All lines on the look.
pub(super) fn find_lines(look: &Look, texture: &Texture) -> Vec<Line> {
    let mut lines = Vec::new();
    for (lightness, redness) in [(-1.0f32, 0.0f32), (1.0, 0.0), (-0.5, 1.0)] {
        let strength = strength(look, texture, lightness, redness);
        lines.extend(trace(look, texture, &strength));
    }
    lines.sort_by(|a, b| b.saliency.total_cmp(&a.saliency).then(a.spine.cmp(&b.spine)));
    lines
}

/// The thin band toward a kind of line, in deviations of this skin.
fn strength(look: &Look, texture: &Texture, lightness: f32, redness: f32) -> Plane {
    let band = &texture.thin;
    let size = look.size();
    let mut out = Plane::zeros(size);
    let scale = lightness.hypot(redness);
    for y in 0..size.height {
        for x in 0..size.width {
            let value = lightness * band.planes[0].at(x, y);
            let red = redness * band.planes[1].at(x, y);
            if value + red <= 0.2 || look.zone.at(x, y) < 0.5 {
                continue;
            }
            let spread =
                (lightness * band.spread[0].at(x, y)).hypot(redness * band.spread[1].at(x, y)) / scale;
            *out.at_mut(x, y) = ((value + red) / scale / spread).min(COUNTED);
        }
    }
    out
}

/// Connected runs of samples that go on in one direction.
fn trace(look: &Look, texture: &Texture, strength: &Plane) -> Vec<Line> {
    let size = look.size();
    let half = (HALF * look.width).round().max(4.0) as isize;
    let rays: Vec<(f32, f32)> = (0..DIRECTIONS)
        .map(|n| (n as f32 * std::f32::consts::PI / DIRECTIONS as f32).sin_cos())
        .map(|(sin, cos)| (cos, sin))
        .collect();
    let mut answer = Plane::zeros(size);
    let mut course = vec![0u8; size.area()];
    for y in 0..size.height {
        for x in 0..size.width {
            if strength.at(x, y) < LOOKED_AT {
                continue;
            }
            let mut best = (0.0f32, 0usize);
            for (n, &(dx, dy)) in rays.iter().enumerate() {
                let mut sum = 0.0;
                for t in -half..=half {
                    let u = (x as f32 + t as f32 * dx).round() as isize;
                    let v = (y as f32 + t as f32 * dy).round() as isize;
                    sum += strength.at_clamped(u, v);
                }
                if sum > best.0 {
                    best = (sum, n);
                }
            }
            *answer.at_mut(x, y) = best.0 / (2 * half + 1) as f32;
            course[y * size.width + x] = best.1 as u8;
        }
    }
    let ridge = Plane::from_fn(size, |x, y| {
        let value = answer.at(x, y);
        if value < FOLLOWED {
            return 0.0;
        }
        let (dx, dy) = rays[course[y * size.width + x] as usize];
        let here = strength.at(x, y);
        let beside = |side: f32| strength.bilinear(x as f32 - side * dy * 1.4, y as f32 + side * dx * 1.4);
        if here >= beside(1.0) && here >= beside(-1.0) { 1.0 } else { 0.0 }
    });
    let joined = pixel::filter::dilate(&ridge, 1.5);
    let parts = label(&joined);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); parts.count()];
    for (index, _) in ridge.samples().iter().enumerate().filter(|(_, v)| **v > 0.5) {
        let number = parts.at(index % size.width, index / size.width);
        if number > 0 {
            members[number as usize - 1].push(index);
        }
    }
    members.into_iter().filter_map(|spine| measure(look, texture, &answer, &course, &rays, spine)).collect()
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
    let doubt = texture.doubt(middle[0] as usize, middle[1] as usize);
    let saliency = (mean_answer / ANSWER).min(contrast / CONTRAST) * two_sided * thin / doubt;
    (saliency > 0.2).then_some(Line { saliency, shift, spine, angle, length, middle })
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
