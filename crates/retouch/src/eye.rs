//! One eye at full resolution: its iris and its white, found in the eye's own pixels near the landmarks.
//!
//! Landmarks come from a face seen 256 pixels wide, so on a large face they are off by a tenth of an iris.
//! They say where to look; rim, lids and white are read from the picture.

use std::sync::{Arc, OnceLock};

use pixel::colour::Lab;
use pixel::filter::{distance_inside, distance_outside, enlarge, gauss, guided_colour, reduce};
use pixel::{Plane, Rect, ramp};
use vision::{Mesh, landmarks};

use crate::feature::{Pixels, quantile};
use crate::scene::{FaceView, Scene};

/// Lid distance over corner distance from which an eye counts as shut, and from which as open.
const SHUT: [f32; 2] = [0.06, 0.11];
/// Rise of L* from iris to white that a visible iris has at least, and surely: a lid or a dark lens in the
/// eye's place has no rim.
const RIM: [f32; 2] = [2.6, 4.6];
/// Rise of L* up to which a rim is the clearer; the edge of a catchlight beside the pupil rises far more than the rim of
/// an iris, and is hardly a clearer rim for it.
const CLEAR: f32 = 18.0;
/// Irises smaller than this radius in pixels show nothing to work on, and from which all is worked on.
const SMALL: [f32; 2] = [1.5, 3.0];

/// Half the breadth up to which something red in the white is a vessel, in iris radii, and at least, in pixels.
const THIN: f32 = 0.13;
const LEAST_THIN: f32 = 2.0;
/// How far from the white to the lids a colour is the lid's, near the lids as the landmarks have them and deep between
/// them.
const LID: [f32; 2] = [0.3, 0.7];

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
        let [middle, rim @ ..] = landmarks::IRISES[eye].map(|index| mesh.point(index));
        let radius = rim.iter().map(|p| distance(*p, middle)).sum::<f32>() / 4.0;
        let large = ramp(radius, SMALL[0], SMALL[1]);
        if openness * large <= 0.0 {
            return None;
        }
        let ring = mesh.ring(&landmarks::EYES[eye]);
        let pixels = Pixels::uploaded(scene, Pixels::rect_around(scene, &ring, 0.7 * radius + 2.0)?);
        let opening = pixels.see(scene, |canvas| canvas.fill(&ring));
        let local = |p: [f32; 2]| [p[0] - pixels.rect.x as f32, p[1] - pixels.rect.y as f32];
        let corners = landmarks::EYE_CORNERS[eye].map(|index| local(mesh.point(index)));
        let guess = Iris { centre: local(middle), radius, rim: 0.0 };
        Self::find(&pixels, &opening, corners, guess, openness * large)
    }

    /// Finds the parts of an eye from the lid contour's fill, the outer and the inner corner, and the iris as the
    /// landmarks have it.
    fn find(
        pixels: &Pixels,
        opening: &Plane,
        corners: [[f32; 2]; 2],
        guess: Iris,
        seen: f32,
    ) -> Option<Self> {
        let iris = fit_iris(&pixels.lab.l, opening, corners, guess);
        let seen = seen * ramp(iris.rim, RIM[0], RIM[1]);
        let white = white(&pixels.lab, opening, corners, iris);
        let visible = visible_iris(pixels, opening, iris);
        if seen <= 0.0 {
            return None;
        }
        let (centre, radius) = (iris.centre, iris.radius);
        Some(Self { rect: pixels.rect, centre, radius, iris: visible.into(), white: white.into(), seen })
    }
}

/// A circle and how clear its rim is.
#[derive(Clone, Copy, Debug)]
struct Iris {
    centre: [f32; 2],
    radius: f32,
    /// Mean rise of L* across the rim.
    rim: f32,
}

/// Moves the circle to where the rim is clearest (the integro-differential operator of Daugman, 1993, on the
/// arcs that the lids leave free), never far from where the landmarks have it.
fn fit_iris(lightness: &Plane, opening: &Plane, corners: [[f32; 2]; 2], guess: Iris) -> Iris {
    // Some twenty pixels of radius say as much as two hundred.
    let step = ((guess.radius / 20.0) as usize).max(1);
    let scale = step as f32;
    let small = |v: f32| (v + 0.5) / scale - 0.5;
    let radius = guess.radius / scale;
    let opening = reduce(opening, step);
    let lightness = gauss(&reduce(lightness, step), 0.05 * radius);
    let search = Search { lightness, free: opening, axis: direction(corners[0], corners[1]) };
    let start = [small(guess.centre[0]), small(guess.centre[1]), radius];
    let coarse = |strict: bool| search.best(start, start, 0.06 * radius, [5, 4, 5], strict);
    let fine = search.best(start, coarse(true), 0.02 * radius, [2, 2, 2], true);
    // Whether there is a rim at all is asked as mildly as can be: whites may lie in the shadow of lashes.
    let rim = search.rim(coarse(false), false).unwrap_or(0.0);
    let full = |v: f32| (v + 0.5) * scale - 0.5;
    Iris { centre: [full(fine[0]), full(fine[1])], radius: fine[2] * scale, rim }
}

struct Search {
    lightness: Plane,
    /// Where the eye can be seen.
    free: Plane,
    /// Unit vector along the eye.
    axis: [f32; 2],
}

impl Search {
    /// The best circle (x, y, radius) around `from`, `count` steps to either side; being away from `start` costs.
    fn best(&self, start: [f32; 3], from: [f32; 3], step: f32, count: [i32; 3], strict: bool) -> [f32; 3] {
        let [ax, ay] = self.axis;
        let mut best = (f32::NEG_INFINITY, from);
        for along in -count[0]..=count[0] {
            for across in -count[1]..=count[1] {
                for size in -count[2]..=count[2] {
                    let [u, v, s] = [along, across, size].map(|n| n as f32 * step);
                    let [x, y, r] = [from[0] + u * ax - v * ay, from[1] + u * ay + v * ax, from[2] + s];
                    let Some(rim) = self.rim([x, y, r], strict) else { continue };
                    // Landmarks know the size of an iris better than its place.
                    let moved = (x - start[0]).powi(2) + (y - start[1]).powi(2);
                    let score = rim - (20.0 * moved + 90.0 * (r - start[2]).powi(2)) / start[2].powi(2);
                    if score > best.0 {
                        best = (score, [x, y, r]);
                    }
                }
            }
        }
        best.1
    }

    /// Rise of L* across the rim of a circle (x, y, radius), the mean of both sides of the eye; `None` where lids
    /// hide it. When `strict`, all near the rim must be dark inside and light outside: a pupil or a catchlight has
    /// an edge, too, but no white behind it and no iris before it.
    fn rim(&self, circle: [f32; 3], strict: bool) -> Option<f32> {
        const ARC: [f32; 9] = [-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0];
        let ([x, y, r], [ax, ay]) = (circle, self.axis);
        let (mut sum, mut count) = (0.0, 0.0);
        for side in [-1.0f32, 1.0] {
            for angle in ARC {
                let (sin, cos) = angle.sin_cos();
                let (dx, dy) = (side * cos * ax - sin * ay, side * cos * ay + sin * ax);
                let at = |k: f32| (x + k * r * dx, y + k * r * dy);
                let free = |k: f32| self.free.bilinear(at(k).0, at(k).1) > 0.7;
                let light = |k: f32| self.lightness.bilinear(at(k).0, at(k).1);
                if !free(1.12) || !free(0.86) {
                    continue;
                }
                let (mut white, mut iris) = (light(1.12), light(0.86));
                if strict && free(1.28) {
                    white = white.min(light(1.28));
                }
                if strict && free(0.68) {
                    iris = iris.max(light(0.68));
                }
                let rise = (white - iris).max(-5.0);
                sum += if strict {
                    rise / (1.0 + (rise.max(0.0) / CLEAR).powi(2)).sqrt()
                } else {
                    rise.min(25.0)
                };
                count += 1.0;
            }
        }
        (count >= 3.0).then(|| sum / (count + 2.0))
    }
}

/// The iris between the lids: its disc, narrowed to the pixels that differ from lids and skin.
fn visible_iris(pixels: &Pixels, opening: &Plane, iris: Iris) -> Plane {
    let r = iris.radius;
    let disc = Plane::from_fn(pixels.size(), |x, y| {
        ramp(distance([x as f32, y as f32], iris.centre), r + 0.5, 0.9 * r - 0.5)
    });
    let prior = disc.zip(&gauss(opening, 0.05 * r), |d, o| d * ramp(o, 0.4, 0.9));
    let guide = [&pixels.rgb[0], &pixels.rgb[1], &pixels.rgb[2]];
    let refined = guided_colour(guide, &prior, (0.16 * r).max(0.7), 4e-4);
    refined.zip(&prior, |v, p| ramp(v, 0.25, 0.8).min(p))
}

/// The white by its place (about the lid contour, beside the iris, off the inner corner), as far as its colour is
/// nearer to the surest part of it than to the lids. Vessels are part of it: they are as red as lids, but thin.
fn white(lab: &Lab, opening: &Plane, corners: [[f32; 2]; 2], iris: Iris) -> Plane {
    let r = iris.radius;
    let size = lab.size();
    let nothing = Plane::zeros(size);
    let inside = distance_inside(opening);
    let outside = distance_outside(opening);
    let span = distance(corners[0], corners[1]);
    let off_iris = Plane::from_fn(size, |x, y| {
        let p = [x as f32, y as f32];
        ramp(distance(p, iris.centre), 1.03 * r + 0.3, 1.12 * r + 0.8)
            * ramp(distance(p, corners[1]), 0.09 * span, 0.17 * span)
    });
    let soft = 0.1 * r;
    let [l, a, b] = [&lab.l, &lab.a, &lab.b].map(|p| gauss(p, soft));
    // The surest white: deep between the lids, the lighter half of it.
    let deep = inside.zip(&off_iris, |d, o| if d > 0.12 * r + 0.5 { o } else { 0.0 });
    let Some(light) = quantile(&l, &deep, 0.6, 6) else { return nothing };
    let sure = deep.zip(&l, |d, v| if v >= light { d } else { 0.0 });
    let lids = outside.map(|d| if d > 0.3 * r && d < 0.6 * r { 1.0 } else { 0.0 });
    let median = |weight: &Plane| -> Option<[f32; 3]> {
        Some([quantile(&l, weight, 0.5, 3)?, quantile(&a, weight, 0.5, 3)?, quantile(&b, weight, 0.5, 3)?])
    };
    let (Some(pale), Some(skin)) = (median(&sure), median(&lids)) else { return nothing };
    let toward = [0.35 * (skin[0] - pale[0]), skin[1] - pale[1], skin[2] - pale[2]];
    let length = toward.iter().map(|v| v * v).sum::<f32>().max(9.0);
    let fine = [&lab.l, &lab.a, &lab.b].map(|p| gauss(p, 0.04 * r));
    let skinlike = Plane::from_vec(
        size,
        (0..size.area())
            .map(|i| {
                let [l, a, b] = fine.each_ref().map(|plane| plane.samples()[i]);
                let away = [0.35 * (l - pale[0]), a - pale[1], b - pale[2]];
                away.iter().zip(toward).map(|(v, t)| v * t).sum::<f32>() / length
            })
            .collect(),
    );
    let skinlike = without_thin(&skinlike, (THIN * r).max(LEAST_THIN), r);
    let mut white = off_iris;
    for (i, value) in white.samples_mut().iter_mut().enumerate() {
        let depth = inside.samples()[i] - outside.samples()[i];
        if *value <= 0.0 || depth < -0.2 * r {
            *value = 0.0;
            continue;
        }
        let l = l.samples()[i];
        // Whites are pink here and there, lids begin where they seem to.
        let limit = LID[0] + (LID[1] - LID[0]) * ramp(depth, 0.0, 0.35 * r);
        let lit = ramp(l, 0.5 * pale[0], 0.7 * pale[0]) * ramp(l, 1.6 * pale[0] + 12.0, 1.3 * pale[0] + 8.0);
        *value *=
            ramp(skinlike.samples()[i], limit + 0.25, limit) * lit * ramp(depth, -0.15 * r, 0.1 * r + 0.5);
    }
    white
}

/// A plane without what rises above its surroundings and is thinner than twice `reach`: an opening (Serra, 1982) by a
/// square, worked out on as few samples as show an iris of radius `r`.
fn without_thin(plane: &Plane, reach: f32, r: f32) -> Plane {
    let step = ((r / 16.0) as usize).max(1);
    let reach = ((reach / step as f32).round() as isize).max(1);
    let along = |plane: &Plane, (dx, dy): (isize, isize), pick: fn(f32, f32) -> f32| {
        Plane::from_fn(plane.size(), |x, y| {
            let at = |t: isize| plane.at_clamped(x as isize + t * dx, y as isize + t * dy);
            (-reach..=reach).map(at).fold(at(0), pick)
        })
    };
    let pick = |plane: &Plane, pick| along(&along(plane, (1, 0), pick), (0, 1), pick);
    let opened = pick(&pick(&reduce(plane, step), f32::min), f32::max);
    enlarge(&opened, step, plane.size())
}

fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

fn direction(from: [f32; 2], to: [f32; 2]) -> [f32; 2] {
    let length = distance(from, to).max(f32::MIN_POSITIVE);
    [(to[0] - from[0]) / length, (to[1] - from[1]) / length]
}

#[cfg(test)]
mod tests {
    use super::*;
    use pixel::Size;

    /// An eye with its iris at `centre` in a lens-shaped opening; `dark` is how much darker it is than the white.
    fn eye(centre: [f32; 2], radius: f32, dark: f32) -> (Pixels, Plane, [[f32; 2]; 2]) {
        let size = Size::new(140, 80);
        let opening = Plane::from_fn(size, |x, y| {
            let (u, v) = ((x as f32 - 70.0) / 60.0, (y as f32 - 40.0) / 25.0);
            if v.abs() < 1.0 - u * u { 1.0 } else { 0.0 }
        });
        let value = |x: usize, y: usize, skin: f32, white: f32, iris: f32| {
            if opening.at(x, y) == 0.0 {
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
        (pixels, opening, [[12.0, 40.0], [128.0, 40.0]])
    }

    #[test]
    fn the_iris_is_found_beside_the_landmarks() {
        let (pixels, opening, corners) = eye([74.0, 40.0], 20.0, 45.0);
        let guess = Iris { centre: [70.0, 41.0], radius: 21.5, rim: 0.0 };
        let view = Eye::find(&pixels, &opening, corners, guess, 1.0).expect("an open eye");
        assert!(distance(view.centre, [74.0, 40.0]) < 1.5, "{:?}", view.centre);
        assert!((view.radius - 20.0).abs() < 1.5, "{}", view.radius);
        assert_eq!(view.seen, 1.0);
        assert!(view.iris.at(74, 40) > 0.9 && view.iris.at(40, 40) == 0.0 && view.iris.at(74, 5) == 0.0);
        assert!(view.white.at(40, 40) > 0.9 && view.white.at(74, 40) == 0.0 && view.white.at(70, 70) == 0.0);
        assert_eq!(view.white.at(126, 40), 0.0, "the inner corner is not white");
    }

    #[test]
    fn a_catchlight_beside_the_pupil_does_not_draw_the_iris_to_it() {
        let (mut pixels, opening, corners) = eye([70.0, 40.0], 24.0, 22.0);
        let l = &mut pixels.lab.l;
        *l = Plane::from_fn(l.size(), |x, y| match distance([x as f32, y as f32], [70.0, 40.0]) {
            d if (56..66).contains(&x) && (28..40).contains(&y) && d < 22.0 => 98.0,
            d if d < 9.0 => 15.0,
            _ => l.at(x, y),
        });
        let guess = Iris { centre: [74.0, 40.0], radius: 22.0, rim: 0.0 };
        let view = Eye::find(&pixels, &opening, corners, guess, 1.0).expect("an open eye");
        assert!(distance(view.centre, [70.0, 40.0]) < 1.5, "{:?} {}", view.centre, view.radius);
        assert!((view.radius - 24.0).abs() < 1.5, "{}", view.radius);
    }

    #[test]
    fn a_lid_or_a_dark_lens_is_no_eye() {
        let (pixels, opening, corners) = eye([74.0, 40.0], 20.0, 0.0);
        let guess = Iris { centre: [74.0, 40.0], radius: 20.0, rim: 0.0 };
        assert!(Eye::find(&pixels, &opening, corners, guess, 1.0).is_none());
    }

    #[test]
    fn a_lid_between_the_landmarks_is_no_white_and_a_vessel_is() {
        let (mut pixels, opening, corners) = eye([70.0, 40.0], 20.0, 45.0);
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
        let view = Eye::find(&pixels, &opening, corners, guess, 1.0).expect("an open eye");
        let white = |x: usize, y: usize| view.white.at(x, y);
        assert!(white(36, 33) > 0.9 && white(40, 37) > 0.9, "{} {}", white(36, 33), white(40, 37));
        assert!(
            (30..48).all(|x| white(x, 54) < 0.1),
            "{:?}",
            (30..48).map(|x| white(x, 54)).collect::<Vec<_>>()
        );
    }
}
