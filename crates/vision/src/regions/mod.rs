//! Region mattes: skin and the features of a face, and what the whole picture is made of.
//!
//! Networks and landmarks say roughly what lies where; every matte is then refined on the pixels at which it is
//! used, so ask with a canvas of the resolution you work at. A matte is 0 to 1, 1 is wholly inside.

mod beard;
mod canvas;
mod colour;
mod eyes;
mod mouth;
mod nearby;
mod prior;
mod skin;

use pixel::Plane;
use pixel::filter::gauss;

pub use canvas::Canvas;
pub use eyes::{EyeRegions, eye_regions};
pub use mouth::{MouthRegions, mouth_regions};

use crate::error::VisionError;
use crate::faces::Face;
use crate::landmarks::{Mesh, OVAL};
use crate::parts::Part;
use crate::sight::Sight;
use beard::beard;
use canvas::ramp;
use nearby::{brows, glasses, lashes, nostrils};
use prior::Prior;
use skin::{person_share, skin};

/// Mattes of one face at the resolution of a canvas.
#[derive(Clone, Debug)]
pub struct FaceRegions {
    /// This person's visible skin: face, ears, neck and body, without the features below.
    pub skin: Plane,
    /// Lips without the mouth.
    pub lips: Plane,
    /// Inside of the mouth.
    pub mouth: Plane,
    /// Teeth; empty when the mouth is closed.
    pub teeth: Plane,
    /// Gums and tongue.
    pub gums_tongue: Plane,
    /// The eye at the left of the picture, then the one at the right.
    pub eyes: [EyeRegions; 2],
    /// Both brows.
    pub brows: Plane,
    /// Lashes of all four lids, with the line they grow from.
    pub lashes: Plane,
    /// Openings of the nostrils.
    pub nostrils: Plane,
    /// Beard and moustache, stubble included as far as it hides the skin.
    pub beard: Plane,
    /// Frames and glasses worn on this face.
    pub glasses: Plane,
    /// The face from forehead to chin as the landmarks outline it, whatever lies over it.
    pub oval: Plane,
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
    let faces = sight.faces()?;
    let Some(mesh) = &face.mesh else {
        let none = || Plane::zeros(canvas.size());
        let eye = || EyeRegions::none(canvas.size());
        let share = person_share(face, faces, canvas, &prior);
        let skin = skin(canvas, &prior, &none(), share.as_ref());
        return Ok(FaceRegions {
            skin,
            lips: none(),
            mouth: none(),
            teeth: none(),
            gums_tongue: none(),
            eyes: [eye(), eye()],
            brows: none(),
            lashes: none(),
            nostrils: none(),
            beard: none(),
            glasses: none(),
            oval: none(),
        });
    };
    let features = features(mesh, canvas, &prior);
    let share = person_share(face, faces, canvas, &prior);
    let skin = skin(canvas, &prior, &features.no_skin(canvas, mesh), share.as_ref());
    let Features { mouth, eyes, brows, lashes, nostrils, beard, glasses } = features;
    let MouthRegions { lips, mouth, teeth, gums_tongue } = mouth;
    let oval = canvas.fill(&mesh.ring(&OVAL));
    Ok(FaceRegions {
        skin,
        lips,
        mouth,
        teeth,
        gums_tongue,
        eyes,
        brows,
        lashes,
        nostrils,
        beard,
        glasses,
        oval,
    })
}

/// What the picture is made of.
///
/// # Errors
/// When a network cannot be loaded or run.
pub fn picture_regions(sight: &Sight<'_>, canvas: &Canvas<'_>) -> Result<PictureRegions, VisionError> {
    let prior = Prior::sample(sight, canvas, true)?;
    let mut excluded = Plane::zeros(canvas.size());
    for mesh in sight.faces()?.iter().filter_map(|face| face.mesh.as_ref()) {
        let [left, top, right, bottom] = mesh.bounds();
        if !canvas.around(&[[left, top], [right, bottom]], 0.0).is_empty() {
            excluded.apply_with(&features(mesh, canvas, &prior).no_skin(canvas, mesh), f32::max);
        }
    }
    let skin = skin(canvas, &prior, &excluded, None);
    let refined = |part: Part| prior.refine(canvas, prior.plane(part), prior.blur);
    let person = person(canvas, &prior);
    let background = person.map(|v| 1.0 - v);
    let within = |matte: Plane| matte.zip(&person, |v, p| v.min(p));
    Ok(PictureRegions {
        skin,
        hair: within(refined(Part::Hair)),
        clothes: within(refined(Part::Clothes)),
        other: within(refined(Part::Other)),
        person,
        background,
    })
}

/// Persons where both networks see one; the parts network alone takes bright backdrops for cloth now and then, the
/// person network alone misses things held.
fn person(canvas: &Canvas<'_>, prior: &Prior) -> Plane {
    let parts = prior.plane(Part::Background).map(|v| ramp(1.0 - v, 0.05, 0.95));
    let both = match &prior.person {
        Some(mask) => parts.zip(mask, |p, m| (p * ramp(m, 0.02, 0.6)).sqrt().min(p.max(m))),
        None => parts,
    };
    prior.refine(canvas, &both, prior.blur)
}

/// The features of a face that are not skin.
struct Features {
    mouth: MouthRegions,
    eyes: [EyeRegions; 2],
    brows: Plane,
    lashes: Plane,
    nostrils: Plane,
    beard: Plane,
    glasses: Plane,
}

fn features(mesh: &Mesh, canvas: &Canvas<'_>, prior: &Prior) -> Features {
    Features {
        mouth: mouth_regions(mesh, canvas),
        eyes: [eye_regions(mesh, canvas, 0), eye_regions(mesh, canvas, 1)],
        brows: brows(mesh, canvas),
        lashes: lashes(mesh, canvas),
        nostrils: nostrils(mesh, canvas),
        beard: beard(mesh, canvas, prior),
        glasses: glasses(mesh, canvas, prior),
    }
}

impl Features {
    /// All of them together, with the thin wet rim around eyes and lips.
    fn no_skin(&self, canvas: &Canvas<'_>, mesh: &Mesh) -> Plane {
        let rim = canvas.length(0.008 * mesh.width());
        let mut all = self.mouth.lips.zip(&self.mouth.mouth, f32::max);
        for eye in &self.eyes {
            all.apply_with(&eye.opening, f32::max);
        }
        let mut all = gauss(&all, 0.5 * rim).map(|v| ramp(v, 0.0, 0.5));
        for plane in [&self.brows, &self.lashes, &self.nostrils, &self.beard, &self.glasses] {
            all.apply_with(plane, f32::max);
        }
        all
    }
}
