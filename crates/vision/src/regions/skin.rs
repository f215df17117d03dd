//! The skin matte: where the networks see skin, moved by this person's colours, refined on the picture's edges.

use pixel::filter::{erode, gauss};
use pixel::{Plane, ramp};

use super::canvas::{Canvas, lab};
use super::colour::{Histogram, weigh};
use super::prior::Prior;
use super::strands::remove_strands;
use crate::faces::Face;
use crate::parts::Part;

/// A class is an example of its own colours from this probability on.
const SURE: f32 = 0.9;

/// Skin on the canvas without `features` (full canvas size); `share` limits it to one of several persons.
pub(crate) fn skin(canvas: &Canvas<'_>, prior: &Prior, features: &Plane, share: Option<&Plane>) -> Plane {
    let excluded = prior.reduce(features);
    let snapped = prior.snap(&prior.skin());
    let lab = lab(prior.guide());

    let inside = Histogram::new(&lab, |i| {
        let sure = prior.plane(Part::FaceSkin).samples()[i] + prior.plane(Part::BodySkin).samples()[i] > SURE;
        if sure && excluded.samples()[i] < 0.05 { 1.0 } else { 0.0 }
    });
    let rivals = [Part::Background, Part::Hair, Part::Clothes, Part::Other].map(|part| {
        let plane = prior.plane(part);
        (plane, Histogram::new(&lab, |i| if plane.samples()[i] > SURE { 1.0 } else { 0.0 }))
    });
    let weighed = weigh(&lab, &snapped, &inside, &rivals);
    let smooth = gauss(&weighed, 0.25 * prior.blur);

    let mut matte = prior.refine(canvas, &smooth);
    // The filter lets freckles and shine of the skin show through the matte; well inside there is nothing to refine.
    let core = erode(&smooth.map(|v| if v > 0.7 { 1.0 } else { 0.0 }), 1.2 * prior.blur);
    let inner = prior.enlarge(&gauss(&core, 0.4 * prior.blur), canvas);
    matte.apply_with(&inner, |v, c| v.max(c));
    remove_strands(canvas, prior, &core.zip(&excluded, |c, e| c * (1.0 - e)), &mut matte);
    matte.apply_with(features, |v, f| v * (1.0 - f));
    if let Some(share) = share {
        matte.apply_with(&prior.enlarge(share, canvas), |v, s| v * s);
    }
    matte
}

/// Which parts of the picture belong to one of several persons: those nearer to that face than to any other, measured
/// in widths of the faces.
pub struct Person {
    own: Head,
    others: Vec<Head>,
}

/// Centre of a face and its width, full-resolution pixels.
struct Head {
    centre: [f32; 2],
    width: f32,
}

impl Head {
    fn of(face: &Face) -> Self {
        Self { centre: face.centre(), width: face.width.max(1.0) }
    }

    /// Distance of a place in face widths.
    fn distance(&self, x: f32, y: f32) -> f32 {
        let [cx, cy] = self.centre;
        // Bodies hang below heads: going down costs half.
        let dy = if y > cy { 0.5 * (y - cy) } else { y - cy };
        (x - cx).hypot(dy) / self.width
    }
}

impl Person {
    /// The person with that `face`, one of `faces`.
    pub fn of(face: &Face, faces: &[Face]) -> Self {
        let others = faces.iter().filter(|other| *other != face).map(Head::of).collect();
        Self { own: Head::of(face), others }
    }

    /// How much of a full-resolution upright place is this person's rather than another's, 0 to 1.
    pub fn share(&self, x: f32, y: f32) -> f32 {
        let nearest = self.others.iter().map(|other| other.distance(x, y)).fold(f32::MAX, f32::min);
        ramp(nearest - self.own.distance(x, y), -0.05, 0.05)
    }
}

/// [`Person::share`] at the prior's resolution. `None` when there is no other face.
pub(crate) fn person_share(face: &Face, faces: &[Face], canvas: &Canvas<'_>, prior: &Prior) -> Option<Plane> {
    let person = Person::of(face, faces);
    if person.others.is_empty() {
        return None;
    }
    Some(Plane::from_fn(prior.size(), |i, j| {
        let centre = |k: usize| (k as f32 + 0.5) * prior.factor as f32 - 0.5;
        let [x, y] = canvas.place(centre(i), centre(j));
        person.share(x, y)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::landmarks::{Mesh, POINTS};
    use crate::networks::Networks;
    use crate::sight::Sight;
    use crate::sight::tests::{Grey, grey};

    /// A face 40 pixels wide, whose landmarks all lie in its middle.
    fn face(n: usize, with_mesh: bool) -> Face {
        let (x, y) = (25.0 + 50.0 * (n % 8) as f32, 25.0 + 50.0 * (n / 8) as f32);
        let mesh = Mesh { points: Box::new([[x, y, 0.0]; POINTS]), presence: 1.0 };
        let frame = [x - 20.0, y - 20.0, x + 20.0, y + 20.0];
        Face { frame, score: 1.0, points: [[x, y]; 5], mesh: with_mesh.then_some(mesh), width: 40.0 }
    }

    #[test]
    fn persons_are_told_apart_by_their_landmarks_as_by_their_boxes() {
        let networks = Networks::new(1);
        let sight = Sight::new(&networks, grey(400, 250), &Grey).expect("has pixels");
        let overview = grey(400, 250);
        let canvas = Canvas { rgb: overview.view().rgb, origin: (0, 0), step: 1 };
        let prior = Prior::sample(&sight, &canvas, false).expect("runs");
        let share = |with_mesh: bool| {
            let faces: Vec<Face> = (0..40).map(|n| face(n, with_mesh)).collect();
            person_share(&faces[9], &faces, &canvas, &prior).expect("other faces")
        };
        let (by_box, by_mesh) = (share(false), share(true));
        assert_eq!(by_box, by_mesh);
        let at = |x: usize, y: usize| by_mesh.at(x / prior.factor, y / prior.factor);
        assert!(at(75, 75) == 1.0 && at(125, 75) == 0.0 && at(25, 75) == 0.0);
    }
}
