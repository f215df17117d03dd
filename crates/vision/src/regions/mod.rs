//! Region mattes: skin and the features of a face, and what the whole picture is made of.
//!
//! Networks and landmarks say roughly what lies where; every matte is then refined on the pixels at which it is
//! used, so ask with a canvas of the resolution you work at. A matte is 0 to 1, 1 is wholly inside.

mod beard;
mod canvas;
mod colour;
mod eyes;
mod matte;
mod mouth;
mod nearby;
mod prior;
mod skin;
mod strands;

use pixel::filter::gauss;
use pixel::{Plane, Rect, Size, ramp};

pub use canvas::Canvas;
pub use eyes::{EyeRegions, eye_regions};
pub use matte::Matte;
pub use mouth::{MouthRegions, mouth_regions};
pub use skin::Person;

use crate::error::VisionError;
use crate::faces::Face;
use crate::landmarks::{Mesh, OVAL};
use crate::parts::Part;
use crate::sight::Sight;
use beard::beard;
use nearby::{brows, glasses, lashes, nostrils};
use prior::Prior;
use skin::{person_share, skin};

/// Mattes of one face at the resolution of a canvas.
#[derive(Clone, Debug)]
pub struct FaceRegions {
    /// This person's visible skin: face, ears, neck and body, without the features below.
    pub skin: Plane,
    /// The face from forehead to chin as the landmarks outline it, whatever lies over it.
    pub oval: Plane,
    /// Lips, eyes and all else of the face that is not bare skin.
    pub features: Features,
}

impl FaceRegions {
    /// Nothing seen: every matte is 0, and the features cover nothing.
    pub fn none(size: Size) -> Self {
        Self { skin: Plane::zeros(size), oval: Plane::zeros(size), features: Features::none(Rect::default()) }
    }

    /// Samples in all mattes together.
    pub fn samples(&self) -> usize {
        self.skin.size().area() + self.oval.size().area() + self.features.samples()
    }
}

/// Mattes of the features of a face, on the part of the canvas around the face: most of a canvas is neck, body and what
/// lies behind. As planes they cover that part while they are found.
#[derive(Clone, Debug)]
pub struct Features<M = Matte> {
    /// The part of the canvas that is looked at.
    pub rect: Rect,
    /// Lips, teeth, gums and tongue.
    pub mouth: MouthRegions<M>,
    /// The eye at the left of the picture, then the one at the right.
    pub eyes: [EyeRegions<M>; 2],
    /// Both brows.
    pub brows: M,
    /// Lashes of all four lids, with the line they grow from.
    pub lashes: M,
    /// Openings of the nostrils.
    pub nostrils: M,
    /// Beard and moustache, stubble included as far as it hides the skin.
    pub beard: M,
    /// Frames and glasses worn on this face.
    pub glasses: M,
}

/// Mattes of what the picture is made of, at the resolution of a canvas.
#[derive(Clone, Debug)]
pub struct PictureRegions {
    /// Skin of all persons.
    pub skin: Plane,
    /// Hair.
    pub hair: Plane,
    /// Clothes.
    pub clothes: Plane,
    /// Glasses, jewellery, things held.
    pub other: Plane,
    /// Persons with all they wear, soft along the outline.
    pub person: Plane,
    /// Everything else: 1 - `person`.
    pub background: Plane,
}

/// All mattes of one face of the picture. For eyes or mouth alone, [`eye_regions`] and [`mouth_regions`] cost less.
///
/// # Errors
/// When a network cannot be loaded or run.
pub fn face_regions(sight: &Sight<'_>, face: &Face, canvas: &Canvas<'_>) -> Result<FaceRegions, VisionError> {
    let prior = Prior::sample(sight, canvas, false)?;
    let share = person_share(face, sight.faces()?, canvas, &prior);
    let mut regions = FaceRegions::none(canvas.size());
    let mut no_skin = Plane::zeros(canvas.size());
    if let Some(mesh) = &face.mesh {
        regions.oval = canvas.fill(&mesh.ring(&OVAL));
        if let Some(features) = Features::find(mesh, canvas, &prior) {
            features.apply(&mut no_skin, &features.no_skin(mesh, canvas), f32::max);
            regions.features = features.kept();
        }
    }
    regions.skin = skin(canvas, &prior, &no_skin, share.as_ref());
    Ok(regions)
}

/// What the picture is made of.
///
/// # Errors
/// When a network cannot be loaded or run.
pub fn picture_regions(sight: &Sight<'_>, canvas: &Canvas<'_>) -> Result<PictureRegions, VisionError> {
    let prior = Prior::sample(sight, canvas, true)?;
    let faces = sight.faces()?;
    let all_skin = || {
        let mut excluded = Plane::zeros(canvas.size());
        for mesh in faces.iter().filter_map(|face| face.mesh.as_ref()) {
            if let Some(features) = Features::find(mesh, canvas, &prior) {
                features.apply(&mut excluded, &features.no_skin(mesh, canvas), f32::max);
            }
        }
        skin(canvas, &prior, &excluded, None)
    };
    let refined = |part: Part| prior.refine(canvas, prior.plane(part));
    let (skin, ((person, other), (hair, clothes))) = rayon::join(all_skin, || {
        rayon::join(
            || rayon::join(|| person(canvas, &prior), || refined(Part::Other)),
            || rayon::join(|| refined(Part::Hair), || refined(Part::Clothes)),
        )
    });
    let background = person.map(|v| 1.0 - v);
    let within = |matte: Plane| matte.zip(&person, |v, p| v.min(p));
    let (hair, clothes, other) = (within(hair), within(clothes), within(other));
    Ok(PictureRegions { skin, hair, clothes, other, person, background })
}

/// Persons where both networks see one; the parts network alone takes bright backdrops for cloth now and then, the
/// person network alone misses things held.
fn person(canvas: &Canvas<'_>, prior: &Prior) -> Plane {
    let parts = prior.plane(Part::Background).map(|v| ramp(1.0 - v, 0.05, 0.95));
    let both = match &prior.person {
        Some(mask) => parts.zip(mask, |p, m| (p * ramp(m, 0.02, 0.6)).sqrt().min(p.max(m))),
        None => parts,
    };
    prior.refine(canvas, &both)
}

impl Features {
    /// Nothing seen in that part of a canvas: every matte is 0.
    pub fn none(rect: Rect) -> Self {
        let size = Size::new(0, 0);
        let none = Matte::none;
        let eye = EyeRegions::none(size).map(|_| none());
        Self {
            rect,
            mouth: MouthRegions::none(size).map(|_| none()),
            eyes: [eye.clone(), eye],
            brows: none(),
            lashes: none(),
            nostrils: none(),
            beard: none(),
            glasses: none(),
        }
    }

    /// Samples in all mattes together.
    fn samples(&self) -> usize {
        let Self { rect: _, mouth, eyes: [left, right], brows, lashes, nostrils, beard, glasses } = self;
        let others = [brows, lashes, nostrils, beard, glasses];
        let mattes = mouth.mattes().into_iter().chain(left.mattes()).chain(right.mattes()).chain(others);
        mattes.map(Matte::samples).sum()
    }
}

impl<M> Features<M> {
    /// How far from a face its features reach, in face widths.
    const REACH: f32 = 0.3;

    /// Replaces every sample of a plane of the canvas's size on the part that is looked at by `f` of it and of `matte`,
    /// which covers that part.
    pub fn apply(&self, plane: &mut Plane, matte: &Plane, f: impl Fn(f32, f32) -> f32) {
        for (y, from) in (self.rect.y..self.rect.bottom()).zip(0..) {
            let row = &mut plane.row_mut(y)[self.rect.x..self.rect.right()];
            row.iter_mut().zip(matte.row(from)).for_each(|(v, m)| *v = f(*v, *m));
        }
    }
}

impl Features<Plane> {
    /// `None` when the face lies beyond the canvas.
    fn find(mesh: &Mesh, canvas: &Canvas<'_>, prior: &Prior) -> Option<Self> {
        let [left, top, right, bottom] = mesh.bounds();
        let near = canvas.around(&[[left, top], [right, bottom]], Self::REACH * canvas.length(mesh.width()));
        if near.is_empty() {
            return None;
        }
        let (rect, prior) = prior.inset(canvas, near);
        let rgb = canvas.crop(rect);
        let canvas = &canvas.inset(&rgb, rect);
        let ((beard, glasses), (mouth, eyes)) = rayon::join(
            || (beard(mesh, canvas, &prior), glasses(mesh, canvas, &prior)),
            || (mouth_regions(mesh, canvas), eye_regions(mesh, canvas)),
        );
        let ((brows, lashes), nostrils) =
            rayon::join(|| (brows(mesh, canvas), lashes(mesh, canvas)), || nostrils(mesh, canvas));
        Some(Self { rect, mouth, eyes, brows, lashes, nostrils, beard, glasses })
    }

    /// What shall be remembered of them.
    fn kept(&self) -> Features {
        let Self { rect, mouth, eyes, brows, lashes, nostrils, beard, glasses } = self;
        let kept = |plane: &Plane| Matte::of(plane, *rect);
        Features {
            rect: *rect,
            mouth: mouth.map(kept),
            eyes: eyes.each_ref().map(|eye| eye.map(kept)),
            brows: kept(brows),
            lashes: kept(lashes),
            nostrils: kept(nostrils),
            beard: kept(beard),
            glasses: kept(glasses),
        }
    }

    /// All of them together, with the thin wet rim around eyes and lips.
    fn no_skin(&self, mesh: &Mesh, canvas: &Canvas<'_>) -> Plane {
        let rim = canvas.length(0.008 * mesh.width());
        let mut wet = self.mouth.lips.zip(&self.mouth.mouth, f32::max);
        self.eyes.iter().for_each(|eye| wet.apply_with(&eye.opening, f32::max));
        let mut no_skin = gauss(&wet, 0.5 * rim).map(|v| ramp(v, 0.0, 0.5));
        for plane in [&self.brows, &self.lashes, &self.nostrils, &self.beard, &self.glasses] {
            no_skin.apply_with(plane, f32::max);
        }
        no_skin
    }
}

#[cfg(test)]
mod tests {
    use pixel::{Rect, Size};

    use super::*;
    use crate::landmarks::{EYES, LIPS_INNER, LIPS_OUTER, POINTS};
    use crate::networks::Networks;
    use crate::view::{Look, Overview};

    struct Flat;

    impl Look for Flat {
        fn look(&self, rect: Rect, step: usize) -> [Plane; 3] {
            let size = Size::new(rect.width.div_ceil(step), rect.height.div_ceil(step));
            std::array::from_fn(|_| Plane::filled(size, 0.4))
        }
    }

    fn circle(points: &mut [[f32; 3]; POINTS], ring: &[usize], centre: [f32; 2], radii: [f32; 2]) {
        for (n, &index) in ring.iter().enumerate() {
            let (sin, cos) = (n as f32 / ring.len() as f32 * std::f32::consts::TAU).sin_cos();
            points[index] = [centre[0] - radii[0] * cos, centre[1] - radii[1] * sin, 0.0];
        }
    }

    /// A drawn face: 200 pixels wide, mouth open or shut.
    fn drawn_mesh(open: bool) -> Mesh {
        let mut points = Box::new([[150.0, 150.0, 0.0]; POINTS]);
        circle(&mut points, &OVAL, [150.0, 150.0], [100.0, 130.0]);
        circle(&mut points, &LIPS_OUTER, [150.0, 215.0], [40.0, 22.0]);
        circle(&mut points, &LIPS_INNER, [150.0, 215.0], [32.0, if open { 12.0 } else { 0.4 }]);
        for (eye, x) in [(0, 110.0), (1, 190.0)] {
            circle(&mut points, &EYES[eye], [x, 120.0], [20.0, 9.0]);
            let iris = crate::landmarks::IRISES[eye];
            points[iris[0]] = [x, 120.0, 0.0];
            circle(&mut points, &iris[1..], [x, 120.0], [8.0, 8.0]);
        }
        points[crate::landmarks::CHEEKS[0]] = [50.0, 150.0, 0.0];
        points[crate::landmarks::CHEEKS[1]] = [250.0, 150.0, 0.0];
        Mesh { points, presence: 1.0 }
    }

    fn drawn_picture() -> [Plane; 3] {
        let size = Size::new(300, 300);
        let paint = |skin: f32, lip: f32, tooth: f32, white: f32, iris: f32| {
            Plane::from_fn(size, |x, y| {
                let (x, y) = (x as f32, y as f32);
                let within = |cx: f32, cy: f32, rx: f32, ry: f32| ((x - cx) / rx).hypot((y - cy) / ry) < 1.0;
                if within(150.0, 215.0, 30.0, 9.0) {
                    return tooth;
                }
                if within(150.0, 215.0, 40.0, 22.0) {
                    return lip;
                }
                for cx in [110.0, 190.0] {
                    if within(cx, 120.0, 20.0, 9.0) {
                        return if within(cx, 120.0, 8.0, 8.0) { iris } else { white };
                    }
                }
                skin
            })
        };
        [
            paint(0.78, 0.70, 0.88, 0.90, 0.25),
            paint(0.58, 0.32, 0.84, 0.88, 0.20),
            paint(0.48, 0.32, 0.76, 0.86, 0.15),
        ]
    }

    #[test]
    fn teeth_lie_inside_an_open_mouth_and_nowhere_in_a_shut_one() {
        let rgb = drawn_picture();
        let canvas = Canvas { rgb: [&rgb[0], &rgb[1], &rgb[2]], origin: (0, 0), step: 1 };
        let open = mouth_regions(&drawn_mesh(true), &canvas);
        assert!(open.teeth.at(150, 215) > 0.9, "{}", open.teeth.at(150, 215));
        assert!(open.lips.at(150, 233) > 0.9 && open.lips.at(150, 215) < 0.1);
        assert_eq!(open.teeth.at(150, 233), 0.0);
        let inside = canvas.fill(&drawn_mesh(true).ring(&LIPS_INNER));
        assert!(open.teeth.samples().iter().zip(inside.samples()).all(|(t, m)| *t <= m + 1e-3));
        assert_eq!(mouth_regions(&drawn_mesh(false), &canvas).teeth.sum(), 0.0);
    }

    #[test]
    fn the_white_lies_between_lids_and_iris() {
        let rgb = drawn_picture();
        let canvas = Canvas { rgb: [&rgb[0], &rgb[1], &rgb[2]], origin: (0, 0), step: 1 };
        let [left, right] = eye_regions(&drawn_mesh(true), &canvas);
        for (eye, x) in [(&left, 110), (&right, 190)] {
            assert!((eye.radius - 8.0).abs() < 1.0, "{}", eye.radius);
            assert!(eye.iris.at(x, 120) > 0.95 && eye.sclera.at(x, 120) == 0.0);
            assert!(eye.sclera.sum() > 20.0);
            assert!(eye.sclera.samples().iter().zip(eye.opening.samples()).all(|(s, o)| *s <= o + 1e-3));
            assert!(eye.pupil.sum() < eye.iris.sum());
        }
        assert_eq!(left.opening.at(190, 120), 0.0);
    }

    #[test]
    fn a_canvas_beside_the_face_is_empty() {
        let rgb = drawn_picture();
        let canvas = Canvas { rgb: [&rgb[0], &rgb[1], &rgb[2]], origin: (4000, 4000), step: 1 };
        assert_eq!(mouth_regions(&drawn_mesh(true), &canvas).lips.sum(), 0.0);
        assert!(eye_regions(&drawn_mesh(true), &canvas).iter().all(|eye| eye.opening.sum() == 0.0));
    }

    #[test]
    fn grey_pictures_of_any_shape_have_no_skin() {
        let networks = Networks::new(1);
        for (width, height) in [(64, 48), (1, 1), (200, 3)] {
            let full = Size::new(width, height);
            let rgb: [Plane; 3] = std::array::from_fn(|_| Plane::filled(full, 0.4));
            let overview = Overview { rgb: rgb.clone().into(), step: 1.0, full };
            let sight = Sight::new(&networks, overview, &Flat).expect("has pixels");
            let canvas = Canvas { rgb: [&rgb[0], &rgb[1], &rgb[2]], origin: (0, 0), step: 1 };
            let regions = picture_regions(&sight, &canvas).expect("runs");
            assert_eq!(regions.skin.size(), full);
            assert!(regions.skin.max() < 0.05, "{}", regions.skin.max());
            assert!(regions.background.samples().iter().all(|v| v.is_finite()));
        }
    }
}
