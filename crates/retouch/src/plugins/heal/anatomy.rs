//! What of the lines and spots belongs to the face because of where it lies: furrows, its outline, hairs of brows and
//! beard, lashes, the wings of the nose, the border of the lips.

use vision::Mesh;
use vision::landmarks::{BROWS, EYES, LIPS_OUTER, NOSE_WINGS, OVAL};

use super::lines::Line;
use super::look::Look;
use super::ramp;
use super::strays::{hair_hue, is_red_line};

/// Where faces have furrows, as mesh points they run between, with the distance (face widths) to either side:
/// forehead, frown, crow's feet, lids, bags under the eyes, from nose to mouth and on to the chin.
const CREASES: [(usize, usize, f32); 14] = [
    (103, 332, 0.16),
    (151, 168, 0.07),
    (33, 127, 0.12),
    (263, 356, 0.12),
    (33, 133, 0.07),
    (263, 362, 0.07),
    (111, 128, 0.08),
    (340, 357, 0.08),
    (129, 216, 0.06),
    (358, 436, 0.06),
    (61, 204, 0.05),
    (291, 424, 0.05),
    (117, 187, 0.05),
    (346, 411, 0.05),
];
/// The one across the forehead among them.
const FOREHEAD: usize = 0;
/// How much clearer a line along a crease must be, when it is dark and when it is red.
const CREASE_DOUBT: [f32; 2] = [1.8, 1.15];
/// Face width, in samples, from which, to which, shoulders can be seen that creases have and hairs have not.
const RESOLVED: [f32; 2] = [380.0, 500.0];
/// Where they cannot be seen: length, in face widths, from which, to which, a line across the forehead is a furrow whatever
/// its colour, and how far the colour of a hair counts in other lines.
const LONG_CREASE: [f32; 2] = [0.14, 0.18];
const SHORT_HAIR: f32 = 0.85;
/// How near to the outline of a brow, and of an eye, a dark line comes that is one of its hairs or lashes, and how long
/// they are, in face widths.
const BROW_REACH: f32 = 0.03;
const LASH_REACH: f32 = 0.07;
const OWN_HAIR: f32 = 0.09;
/// How near to the outline of the face, in face widths, and how nearly along it, in radians, a line runs that is the edge
/// of the jaw, or stubble seen against what lies behind.
const OUTLINE: [f32; 2] = [0.02, 0.3];
/// How near to the outline of the lips what is red is their border, in face widths, and the share of a line there that
/// makes it so.
const LIPS_REACH: f32 = 0.022;
const AT_LIPS: f32 = 0.3;
/// How near to a wing of the nose, in face widths, and how nearly along it, in radians, what is red is its crease.
const WING: [f32; 2] = [0.03, 0.5];

/// The landmarks of a face on a look.
pub(super) struct Anatomy<'a> {
    look: &'a Look,
    mesh: &'a Mesh,
}

impl<'a> Anatomy<'a> {
    pub fn new(look: &'a Look, mesh: &'a Mesh) -> Self {
        Self { look, mesh }
    }

    /// A landmark in samples of the look.
    fn place(&self, index: usize) -> [f32; 2] {
        let (look, [x, y]) = (self.look, self.mesh.point(index));
        let at = |v: f32, start: usize| (v - start as f32 + 0.5) / look.step as f32 - 0.5;
        [at(x, look.rect.x), at(y, look.rect.y)]
    }

    /// How much clearer a line must be because furrows run where and as it does.
    pub fn doubt(&self, line: &Line) -> f32 {
        let Some(crease) = CREASES.iter().position(|crease| self.follows(crease, line)) else { return 1.0 };
        let doubt = CREASE_DOUBT[usize::from(is_red_line(line))];
        let width = self.look.width;
        let resolved = ramp(width, RESOLVED);
        // Only across the forehead do furrows run as long and as even as loose hairs.
        let long = if crease == FOREHEAD { ramp(line.length / width, LONG_CREASE) } else { 0.0 };
        let hair = hair_hue(line) * resolved.max(SHORT_HAIR * (1.0 - long));
        1.0 + (doubt - 1.0) * (1.0 - hair)
    }

    /// True for a line near a crease, with its direction.
    fn follows(&self, &(from, to, side): &(usize, usize, f32), line: &Line) -> bool {
        let ([ax, ay], [bx, by]) = (self.place(from), self.place(to));
        let (dx, dy) = (bx - ax, by - ay);
        let length = dx.hypot(dy).max(1.0);
        let [px, py] = [line.middle[0] - ax, line.middle[1] - ay];
        let share = (px * dx + py * dy) / (length * length);
        let away = (px * dy - py * dx).abs() / length;
        (-0.25..1.25).contains(&share) && away < side * self.look.width && line.turned(dy.atan2(dx)) < 0.6
    }

    /// True for a short dark line at an eye, a brow or a beard, as they are seen or as the landmarks have them: one of
    /// their hairs and not a loose one.
    pub fn is_of_hair(&self, line: &Line) -> bool {
        let near = |&i: &usize| {
            let at = self.sample(i);
            self.look.hair.samples()[i] > 0.5
                || BROWS.iter().any(|brow| self.is_near(brow, at, BROW_REACH))
                || EYES.iter().any(|eye| self.is_near(eye, at, LASH_REACH))
        };
        line.shift[0] < 0.0 && line.length < OWN_HAIR * self.look.width && line.spine.iter().any(near)
    }

    /// True for a line along the outline of the face.
    pub fn is_of_outline(&self, line: &Line) -> bool {
        let mut stretches = OVAL.iter().zip(OVAL.iter().cycle().skip(1));
        stretches.any(|(&from, &to)| self.runs_along([from, to], line, OUTLINE))
    }

    /// True at the outline of the lips and inside it.
    pub fn is_on_lips(&self, at: [f32; 2]) -> bool {
        self.is_near(&LIPS_OUTER, at, LIPS_REACH)
    }

    /// True for a line a good part of which lies there.
    pub fn is_at_lips(&self, line: &Line) -> bool {
        let there = line.spine.iter().filter(|&&i| self.is_on_lips(self.sample(i))).count();
        there as f32 > AT_LIPS * line.spine.len() as f32
    }

    /// True for a line along the crease around a wing of the nose.
    pub fn is_at_nose_wing(&self, line: &Line) -> bool {
        let mut stretches = NOSE_WINGS.iter().flat_map(|wing| wing.windows(2)).map(|pair| [pair[0], pair[1]]);
        stretches.any(|stretch| self.runs_along(stretch, line, WING))
    }

    /// True for a line whose middle lies near a stretch between landmarks and that has its direction; at most so far in
    /// face widths and radians.
    fn runs_along(&self, [from, to]: [usize; 2], line: &Line, [reach, turn]: [f32; 2]) -> bool {
        let ([ax, ay], [bx, by]) = (self.place(from), self.place(to));
        let away = away(line.middle, [ax, ay], [bx, by]);
        away < reach * self.look.width && line.turned((by - ay).atan2(bx - ax)) < turn
    }

    /// Where a sample of the look lies on it.
    fn sample(&self, index: usize) -> [f32; 2] {
        let columns = self.look.size().width;
        [(index % columns) as f32, (index / columns) as f32]
    }

    /// True within `reach` (face widths) of a ring of landmarks or inside it.
    fn is_near(&self, ring: &[usize], at: [f32; 2], reach: f32) -> bool {
        let mut inside = false;
        for (n, &index) in ring.iter().enumerate() {
            let ([ax, ay], [bx, by]) = (self.place(index), self.place(ring[(n + 1) % ring.len()]));
            if away(at, [ax, ay], [bx, by]) < reach * self.look.width {
                return true;
            }
            let [x, y] = at;
            if (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax) {
                inside = !inside;
            }
        }
        inside
    }
}

/// Distance of a place from a stretch between two others.
fn away([x, y]: [f32; 2], [ax, ay]: [f32; 2], [bx, by]: [f32; 2]) -> f32 {
    let (dx, dy) = (bx - ax, by - ay);
    let along = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy).max(1e-6)).clamp(0.0, 1.0);
    (x - ax - along * dx).hypot(y - ay - along * dy)
}

#[cfg(test)]
mod tests {
    use pixel::Plane;
    use vision::landmarks::POINTS;

    use super::super::tests::{SIZE, look, skin};
    use super::*;

    /// Brows and lips as boxes of these corners: left, top, right, bottom.
    fn mesh(brow: [f32; 4], lips: [f32; 4]) -> Mesh {
        let mut points = Box::new([[-900.0, -900.0, 0.0]; POINTS]);
        let mut frame = |ring: &[usize], [left, top, right, bottom]: [f32; 4]| {
            let half = ring.len() / 2;
            for (n, &index) in ring.iter().enumerate() {
                let along = (n % half) as f32 / (half - 1) as f32;
                let (x, y) = if n < half { (along, top) } else { (1.0 - along, bottom) };
                points[index] = [left + x * (right - left), y, 0.0];
            }
        };
        frame(&BROWS[0], brow);
        frame(&LIPS_OUTER, lips);
        Mesh { points, presence: 1.0 }
    }

    /// A dark line from one sample to another.
    fn dark_line(from: [f32; 2], to: [f32; 2]) -> Line {
        let length = (to[0] - from[0]).hypot(to[1] - from[1]);
        let at = |k: usize, t: f32| from[k] + (to[k] - from[k]) * t / length;
        let spine = (0..length as usize)
            .map(|t| at(1, t as f32).round() as usize * SIZE.width + at(0, t as f32).round() as usize);
        let spine: Vec<usize> = spine.collect();
        let ray = [0, 1].map(|k| (to[k] - from[k]) / length);
        let middle = [0, 1].map(|k| 0.5 * (from[k] + to[k]));
        let rays = vec![ray; spine.len()];
        Line { saliency: 2.0, shift: [-13.0, 1.0, 1.0], spine, rays, angle: 0.0, length, middle }
    }

    #[test]
    fn hairs_at_a_brow_are_its_own_and_long_or_distant_ones_are_not() {
        let look = look(skin(), Plane::filled(SIZE, 1.0), Plane::filled(SIZE, 1.0));
        let mesh = mesh([100.0, 80.0, 208.0, 100.0], [100.0, 300.0, 220.0, 340.0]);
        let anatomy = Anatomy::new(&look, &mesh);
        assert!(anatomy.is_of_hair(&dark_line([212.0, 104.0], [226.0, 78.0])));
        assert!(!anatomy.is_of_hair(&dark_line([212.0, 204.0], [226.0, 178.0])));
        assert!(!anatomy.is_of_hair(&dark_line([262.0, 30.0], [210.0, 150.0])));
        let pale = Line { shift: [13.0, 0.0, 0.0], ..dark_line([212.0, 104.0], [226.0, 78.0]) };
        assert!(!anatomy.is_of_hair(&pale));
    }

    #[test]
    fn hairs_at_a_brow_that_is_seen_are_its_own() {
        let mut look = look(skin(), Plane::filled(SIZE, 1.0), Plane::filled(SIZE, 1.0));
        let tail = dark_line([260.0, 104.0], [276.0, 112.0]);
        let mesh = mesh([100.0, 80.0, 208.0, 100.0], [100.0, 300.0, 220.0, 340.0]);
        assert!(!Anatomy::new(&look, &mesh).is_of_hair(&tail));
        look.hair = Plane::from_fn(SIZE, |x, _| if x < 265 { 1.0 } else { 0.0 });
        assert!(Anatomy::new(&look, &mesh).is_of_hair(&tail));
    }

    #[test]
    fn what_runs_along_the_outline_of_the_face_is_its_edge() {
        let look = look(skin(), Plane::filled(SIZE, 1.0), Plane::filled(SIZE, 1.0));
        let mut mesh = mesh([100.0, 80.0, 208.0, 100.0], [100.0, 300.0, 220.0, 340.0]);
        for (n, &index) in OVAL.iter().enumerate() {
            let (sin, cos) = (n as f32 / OVAL.len() as f32 * std::f32::consts::TAU).sin_cos();
            mesh.points[index] = [180.0 + 120.0 * cos, 200.0 + 160.0 * sin, 0.0];
        }
        let anatomy = Anatomy::new(&look, &mesh);
        let line = |from: [f32; 2], to: [f32; 2]| {
            let angle = (to[1] - from[1]).atan2(to[0] - from[0]);
            Line { angle, ..dark_line(from, to) }
        };
        assert!(anatomy.is_of_outline(&line([297.0, 185.0], [297.0, 215.0])));
        assert!(!anatomy.is_of_outline(&line([280.0, 200.0], [310.0, 200.0])), "across it");
        assert!(!anatomy.is_of_outline(&line([260.0, 185.0], [260.0, 215.0])), "on the cheek");
    }

    #[test]
    fn lashes_are_no_stray_hairs_and_hairs_on_the_cheek_are() {
        let look = look(skin(), Plane::filled(SIZE, 1.0), Plane::filled(SIZE, 1.0));
        let mut mesh = mesh([100.0, 20.0, 208.0, 30.0], [100.0, 380.0, 220.0, 400.0]);
        EYES[0].iter().for_each(|&index| mesh.points[index] = [150.0, 120.0, 0.0]);
        let anatomy = Anatomy::new(&look, &mesh);
        assert!(anatomy.is_of_hair(&dark_line([185.0, 118.0], [205.0, 112.0])));
        assert!(!anatomy.is_of_hair(&dark_line([215.0, 218.0], [235.0, 212.0])));
    }

    #[test]
    fn a_line_around_the_wing_of_the_nose_is_its_crease() {
        let look = look(skin(), Plane::filled(SIZE, 1.0), Plane::filled(SIZE, 1.0));
        let mut mesh = mesh([100.0, 20.0, 208.0, 30.0], [100.0, 380.0, 220.0, 400.0]);
        for (n, &index) in NOSE_WINGS[0].iter().enumerate() {
            mesh.points[index] = [200.0, 180.0 + 10.0 * n as f32, 0.0];
        }
        let anatomy = Anatomy::new(&look, &mesh);
        let down = Line { angle: 1.5, ..dark_line([208.0, 188.0], [208.0, 212.0]) };
        assert!(anatomy.is_at_nose_wing(&down));
        assert!(!anatomy.is_at_nose_wing(&Line { angle: 0.0, ..down.clone() }), "across it");
        assert!(!anatomy.is_at_nose_wing(&Line { middle: [240.0, 200.0], ..down }), "on the cheek");
    }

    #[test]
    fn where_shoulders_cannot_be_seen_a_long_line_across_the_forehead_is_a_wrinkle() {
        let mut look = look(skin(), Plane::filled(SIZE, 1.0), Plane::filled(SIZE, 1.0));
        let mut mesh = mesh([100.0, 20.0, 208.0, 30.0], [100.0, 380.0, 220.0, 400.0]);
        mesh.points[CREASES[FOREHEAD].0] = [40.0, 100.0, 0.0];
        mesh.points[CREASES[FOREHEAD].1] = [300.0, 100.0, 0.0];
        let doubt = |look: &Look, length: f32| {
            let from = 170.0 - 0.5 * length * look.width;
            let line = dark_line([from, 104.0], [340.0 - from, 104.0]);
            Anatomy::new(look, &mesh).doubt(&line)
        };
        assert_eq!(doubt(&look, 0.25), 1.0, "on a large face a hair is seen to be one");
        look.width = 300.0;
        assert_eq!(doubt(&look, 0.25), CREASE_DOUBT[0]);
        assert!(doubt(&look, 0.1) < 1.3);
    }

    #[test]
    fn where_shoulders_cannot_be_seen_a_long_hair_beside_the_eye_is_still_one() {
        let mut look = look(skin(), Plane::filled(SIZE, 1.0), Plane::filled(SIZE, 1.0));
        look.width = 300.0;
        let mut mesh = mesh([100.0, 20.0, 208.0, 30.0], [100.0, 380.0, 220.0, 400.0]);
        mesh.points[CREASES[FOREHEAD].0] = [40.0, 60.0, 0.0];
        mesh.points[CREASES[FOREHEAD].1] = [300.0, 60.0, 0.0];
        let (eye, temple, _) = CREASES[2];
        mesh.points[eye] = [100.0, 200.0, 0.0];
        mesh.points[temple] = [40.0, 200.0, 0.0];
        let line = dark_line([40.0, 206.0], [100.0, 206.0]);
        assert!(Anatomy::new(&look, &mesh).doubt(&line) < 1.3);
    }

    #[test]
    fn the_lips_reach_a_little_beyond_their_landmarks() {
        let look = look(skin(), Plane::filled(SIZE, 1.0), Plane::filled(SIZE, 1.0));
        let mesh = mesh([100.0, 80.0, 208.0, 100.0], [100.0, 300.0, 220.0, 340.0]);
        let anatomy = Anatomy::new(&look, &mesh);
        assert!(anatomy.is_on_lips([160.0, 320.0]) && anatomy.is_on_lips([160.0, 291.0]));
        assert!(!anatomy.is_on_lips([160.0, 280.0]) && !anatomy.is_on_lips([240.0, 320.0]));
    }
}
