//! One eye at full resolution: its iris and its white, found in the eye's own pixels near the landmarks.
//!
//! Landmarks come from a face seen 256 pixels wide, so on a large face they are off by a tenth of an iris, and the lower
//! lid by up to a third.
//! They say where to look; rim, lids and white are read from the picture.

mod iris;
mod lids;
mod white;

use std::sync::{Arc, OnceLock};

use pixel::{Plane, Rect, Size, ramp};
use vision::{Mesh, landmarks};

use crate::feature::{Pixels, quantile};
use crate::scene::{FaceView, Scene};
use iris::Iris;
use lids::Lids;
use white::White;

/// Lid distance over corner distance from which an eye counts as shut, and from which as open.
const SHUT: [f32; 2] = [0.06, 0.11];
/// Rise of L* from iris to white that a visible iris has at least, and surely: a lid or a dark lens in the
/// eye's place has no rim.
const RIM: [f32; 2] = [2.6, 4.6];
/// Irises smaller than this radius in pixels show nothing to work on, and from which all is worked on.
const SMALL: [f32; 2] = [1.5, 3.0];

/// The eyes of a face once they have been looked for: the one at the left of the upright picture first.
#[derive(Default)]
pub struct Eyes(OnceLock<[Option<Eye>; 2]>);

/// What was found of an eye on the upload.
struct Eye {
    rect: Rect,
    centre: [f32; 2],
    radius: f32,
    iris: Arc<Plane>,
    white: Arc<Plane>,
    seen: f32,
}

/// One eye at full resolution. Planes are as large as `pixels`, 0..1.
pub struct EyeView {
    /// The eye with its lids, as it is so far.
    pub pixels: Pixels,
    /// Centre of the iris in pixels of the rectangle.
    pub centre: [f32; 2],
    /// Radius of the iris in pixels.
    pub radius: f32,
    /// Visible iris with the pupil, drawn in from lids and lashes.
    pub iris: Arc<Plane>,
    /// The white with its vessels, drawn in from iris, lids and the pink inner corner.
    pub white: Arc<Plane>,
    /// How surely this is an open eye and nothing before it, 0..1.
    pub seen: f32,
}

impl EyeView {
    /// Reads both eyes, the one at the left of the upright picture first; `None` when one is shut, covered, too small
    /// or outside the picture, or when the face has no landmarks. They are looked for once, on the upload, whatever
    /// has been drawn.
    pub fn both(scene: &Scene<'_>, view: &FaceView) -> [Option<Self>; 2] {
        let Some(mesh) = &view.face.mesh else { return [None, None] };
        let find = |eye| Eye::look(scene, mesh, eye);
        let eyes = view.eyes.0.get_or_init(|| rayon::join(|| find(0), || find(1)).into());
        eyes.each_ref().map(|eye| {
            let Eye { rect, centre, radius, iris, white, seen } = eye.as_ref()?;
            let pixels = Pixels::read(scene, *rect);
            let (iris, white) = (Arc::clone(iris), Arc::clone(white));
            Some(Self { pixels, centre: *centre, radius: *radius, iris, white, seen: *seen })
        })
    }
}

impl Eyes {
    /// Bytes held.
    pub fn memory(&self) -> usize {
        let eyes = self.0.get().into_iter().flatten().flatten();
        eyes.map(|eye| 2 * eye.rect.size().area() * size_of::<f32>()).sum()
    }
}

impl Eye {
    fn look(scene: &Scene<'_>, mesh: &Mesh, eye: usize) -> Option<Self> {
        let openness = ramp(mesh.eye_openness(eye), SHUT[0], SHUT[1]);
        let (middle, radius) = mesh.iris(eye);
        let large = ramp(radius, SMALL[0], SMALL[1]);
        if openness * large <= 0.0 {
            return None;
        }
        let ring = mesh.ring(&landmarks::EYES[eye]);
        let pixels = Pixels::uploaded(scene, Pixels::rect_around(scene, &ring, 0.7 * radius + 2.0)?);
        let local = |p: [f32; 2]| [p[0] - pixels.rect.x as f32, p[1] - pixels.rect.y as f32];
        let corners = landmarks::EYE_CORNERS[eye].map(|index| local(mesh.point(index)));
        let lids = Lids::new(ring.into_iter().map(local).collect(), corners, pixels.size());
        let guess = Iris { centre: local(middle), radius, rim: 0.0 };
        Self::find(&pixels, &lids, guess, openness * large)
    }

    /// Finds the parts of an eye from lids and iris as the landmarks have them.
    fn find(pixels: &Pixels, lids: &Lids, guess: Iris, seen: f32) -> Option<Self> {
        let iris = iris::fit(&pixels.lab.l, &lids.opening, lids.axis, guess);
        let seen = seen * ramp(iris.rim, RIM[0], RIM[1]);
        if seen <= 0.0 {
            return None;
        }
        let white = White::look(&pixels.lab, lids, iris);
        let first = white.likeness(lids);
        let settled = first.as_ref().and_then(|first| lids.settled(&first.share, iris));
        let (found, likeness) = match &settled {
            Some(settled) => (settled, white.likeness(settled)),
            None => (lids, first),
        };
        let nothing = || Plane::zeros(pixels.size());
        let white = likeness.map_or_else(nothing, |likeness| white.matte(found, &likeness));
        let visible = iris::visible(pixels, lids, settled.as_ref(), iris);
        let (centre, radius) = (iris.centre, iris.radius);
        Some(Self { rect: pixels.rect, centre, radius, iris: visible.into(), white: white.into(), seen })
    }
}

/// 1 where it holds, 0 elsewhere.
fn flags(size: Size, holds: impl Fn(usize, usize) -> bool) -> Plane {
    Plane::from_fn(size, |x, y| if holds(x, y) { 1.0 } else { 0.0 })
}

/// The median colour where the weight is above 1/2; `None` when that is nearly nowhere.
fn median(lab: &[Plane; 3], weight: &Plane) -> Option<[f32; 3]> {
    let [l, a, b] = lab.each_ref().map(|plane| quantile(plane, weight, 0.5, 3));
    Some([l?, a?, b?])
}

/// How far each colour is on the way from one colour, 0, to another one, 1. L* counts `light` times; colours that are
/// nearly the same are taken for somewhat farther apart.
fn toward(lab: &[Plane; 3], from: [f32; 3], to: [f32; 3], light: f32) -> Plane {
    let way = [light * (to[0] - from[0]), to[1] - from[1], to[2] - from[2]];
    let length = way.iter().map(|v| v * v).sum::<f32>().max(9.0);
    let [l, a, b] = lab;
    let share = |i: usize| {
        let [l, a, b] = [l, a, b].map(|plane| plane.samples()[i]);
        (light * (l - from[0]) * way[0] + (a - from[1]) * way[1] + (b - from[2]) * way[2]) / length
    };
    Plane::from_vec(l.size(), (0..l.size().area()).map(share).collect())
}

fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use pixel::colour::Lab;

    /// Lids that open like a lens, the lower one by `lower` pixels.
    fn lens(lower: f32) -> Lids {
        let lid = |i: usize, open: f32| {
            let u = i as f32 / 4.0 - 1.0;
            [70.0 + 60.0 * u, 40.0 + open * (1.0 - u * u)]
        };
        let ring = (0..8).map(|i| lid(i, lower)).chain((1..=8).rev().map(|i| lid(i, -25.0)));
        Lids::new(ring.collect(), [[12.0, 40.0], [128.0, 40.0]], Size::new(140, 80))
    }

    /// An eye with its iris at `centre` in a lens-shaped opening; `dark` is how much darker it is than the white.
    fn eye(centre: [f32; 2], radius: f32, dark: f32) -> (Pixels, Lids) {
        let size = Size::new(140, 80);
        let lids = lens(25.0);
        let opening = lids.opening.clone();
        let value = |x: usize, y: usize, skin: f32, white: f32, iris: f32| {
            if opening.at(x, y) < 0.5 {
                skin
            } else if distance([x as f32, y as f32], centre) < radius {
                iris
            } else {
                white
            }
        };
        let lab = Lab {
            l: Plane::from_fn(size, |x, y| value(x, y, 60.0, 75.0, 75.0 - dark)),
            a: Plane::from_fn(size, |x, y| value(x, y, 16.0, 1.0, 6.0)),
            b: Plane::from_fn(size, |x, y| value(x, y, 18.0, 3.0, 9.0)),
        };
        let rgb = [0, 1, 2].map(|_| lab.l.map(|l| l / 100.0));
        let pixels = Pixels { rect: Rect { x: 0, y: 0, width: 140, height: 80 }, rgb, lab };
        (pixels, lids)
    }

    #[test]
    fn the_iris_is_found_beside_the_landmarks() {
        let (pixels, lids) = eye([74.0, 40.0], 20.0, 45.0);
        let guess = Iris { centre: [70.0, 41.0], radius: 21.5, rim: 0.0 };
        let view = Eye::find(&pixels, &lids, guess, 1.0).expect("an open eye");
        assert!(distance(view.centre, [74.0, 40.0]) < 1.5, "{:?}", view.centre);
        assert!((view.radius - 20.0).abs() < 1.5, "{}", view.radius);
        assert_eq!(view.seen, 1.0);
        assert!(view.iris.at(74, 40) > 0.9 && view.iris.at(40, 40) == 0.0 && view.iris.at(74, 5) == 0.0);
        assert!(view.white.at(40, 40) > 0.9 && view.white.at(74, 40) == 0.0 && view.white.at(70, 70) == 0.0);
        assert_eq!(view.white.at(126, 40), 0.0, "the inner corner is not white");
    }

    #[test]
    fn a_catchlight_beside_the_pupil_does_not_draw_the_iris_to_it() {
        let (mut pixels, lids) = eye([70.0, 40.0], 24.0, 22.0);
        let l = &mut pixels.lab.l;
        *l = Plane::from_fn(l.size(), |x, y| match distance([x as f32, y as f32], [70.0, 40.0]) {
            d if (56..66).contains(&x) && (28..40).contains(&y) && d < 22.0 => 98.0,
            d if d < 9.0 => 15.0,
            _ => l.at(x, y),
        });
        let guess = Iris { centre: [74.0, 40.0], radius: 22.0, rim: 0.0 };
        let view = Eye::find(&pixels, &lids, guess, 1.0).expect("an open eye");
        assert!(distance(view.centre, [70.0, 40.0]) < 1.5, "{:?} {}", view.centre, view.radius);
        assert!((view.radius - 24.0).abs() < 1.5, "{}", view.radius);
    }

    #[test]
    fn a_lid_or_a_dark_lens_is_no_eye() {
        let (pixels, lids) = eye([74.0, 40.0], 20.0, 0.0);
        let guess = Iris { centre: [74.0, 40.0], radius: 20.0, rim: 0.0 };
        assert!(Eye::find(&pixels, &lids, guess, 1.0).is_none());
    }

    #[test]
    fn a_lid_between_the_landmarks_is_no_white_and_a_vessel_is() {
        let (mut pixels, lids) = eye([70.0, 40.0], 20.0, 45.0);
        let opening = lids.opening.clone();
        let red = |x: usize, y: usize| {
            let lid = opening.at(x, y) > 0.0 && y >= 52;
            let vessel = (32..46).contains(&x) && (36..39).contains(&y);
            lid || vessel
        };
        for (plane, value) in
            [(&mut pixels.lab.l, 60.0), (&mut pixels.lab.a, 16.0), (&mut pixels.lab.b, 18.0)]
        {
            *plane = Plane::from_fn(plane.size(), |x, y| if red(x, y) { value } else { plane.at(x, y) });
        }
        let guess = Iris { centre: [70.0, 40.0], radius: 20.0, rim: 0.0 };
        let view = Eye::find(&pixels, &lids, guess, 1.0).expect("an open eye");
        let white = |x: usize, y: usize| view.white.at(x, y);
        assert!(white(36, 33) > 0.9 && white(40, 37) > 0.9, "{} {}", white(36, 33), white(40, 37));
        assert!(
            (30..48).all(|x| white(x, 54) < 0.1),
            "{:?}",
            (30..48).map(|x| white(x, 54)).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_lower_lid_below_the_landmarks_is_found_and_white_and_iris_go_on_to_it() {
        let (pixels, _) = eye([70.0, 40.0], 20.0, 45.0);
        let guess = Iris { centre: [70.0, 40.0], radius: 20.0, rim: 0.0 };
        let found = |lower| Eye::find(&pixels, &lens(lower), guess, 1.0).expect("an open eye");
        let (high, right) = (found(18.0), found(25.0));
        for (x, y) in [(38, 54), (44, 57), (96, 57), (102, 54)] {
            assert!(
                high.white.at(x, y) > 0.5 && right.white.at(x, y) > 0.5,
                "{x} {y}: {}",
                high.white.at(x, y)
            );
        }
        assert!(high.iris.at(70, 57) > 0.9, "{}", high.iris.at(70, 57));
        assert!(high.white.zip(&high.iris, f32::max).row(68).iter().all(|v| *v == 0.0), "the lid is neither");
    }

    #[test]
    fn a_dark_upper_lid_does_not_make_the_shaded_white_a_lid() {
        let (mut pixels, lids) = eye([70.0, 40.0], 20.0, 45.0);
        let opening = lids.opening.clone();
        let l = &mut pixels.lab.l;
        *l = Plane::from_fn(l.size(), |x, y| match opening.at(x, y) > 0.5 {
            // The white darkens toward a corner; above the eye is the rim of glasses.
            true => l.at(x, y) - if x < 50 { 0.5 * (50 - x) as f32 } else { 0.0 },
            false if y < 40 => 15.0,
            false => l.at(x, y),
        });
        let guess = Iris { centre: [70.0, 40.0], radius: 20.0, rim: 0.0 };
        let view = Eye::find(&pixels, &lids, guess, 1.0).expect("an open eye");
        assert!((30..44).all(|x| view.white.at(x, 40) > 0.9), "{:?}", view.white.row(40));
    }
}
