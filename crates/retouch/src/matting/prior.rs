//! What the networks take for the subject, on the working picture.

use pixel::Plane;
use pixel::filter::{enlarge, guided_colour, reduce, resize_bilinear};
use vision::networks::SALIENT_SIDE;
use vision::{Canvas, Sight, VisionError, picture_regions};

use super::Method;

/// Regions of persons are told on a canvas coarser by this factor.
const REGIONS_STEP: usize = 2;
/// Share of the picture that persons must fill to be the subject.
const LEAST_PERSON: f64 = 0.02;
/// Share of the picture that a thing must fill.
const LEAST_THING: f64 = 0.002;

/// What the subject was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// One or more persons.
    Person,
    /// A thing, or several.
    Product,
}

/// What the networks say, at working resolution.
pub(super) struct Prior {
    /// What the subject is.
    pub kind: SubjectKind,
    /// Probability of subject, 0 to 1.
    pub subject: Plane,
    /// Hair, 0 to 1.
    pub hair: Plane,
    /// Working samples a network sample: how uncertain the edges of `subject` are.
    pub pitch: f32,
}

impl Prior {
    /// Looks for the subject on the working picture (encoded sRGB, `step` full-resolution pixels a sample).
    pub fn find(
        sight: &Sight<'_>,
        srgb: &[Plane; 3],
        step: usize,
        method: Method,
    ) -> Result<Option<Self>, VisionError> {
        if method != Method::Product
            && let Some(person) = Self::person(sight, srgb, step, method == Method::Person)?
        {
            return Ok(Some(person));
        }
        if method == Method::Person { Ok(None) } else { Self::thing(sight, srgb) }
    }

    fn person(
        sight: &Sight<'_>,
        srgb: &[Plane; 3],
        step: usize,
        surely: bool,
    ) -> Result<Option<Self>, VisionError> {
        // Cloth and cats excite the person network; without a face only a large and certain person counts.
        let face = !sight.faces()?.is_empty();
        let size = srgb[0].size();
        let coarse = [0, 1, 2].map(|c| reduce(&srgb[c], REGIONS_STEP));
        let canvas =
            Canvas { rgb: [&coarse[0], &coarse[1], &coarse[2]], origin: (0, 0), step: step * REGIONS_STEP };
        let regions = picture_regions(sight, &canvas)?;
        let share = regions.person.sum() / regions.person.size().area() as f64;
        let bare = regions.skin.sum() / regions.person.sum().max(1e-9);
        let is_person = share > LEAST_PERSON && (face || surely || bare > 0.05);
        if !is_person {
            return Ok(None);
        }
        let up = |plane: &Plane| enlarge(plane, REGIONS_STEP, size);
        let pitch = size.long_edge() as f32 / 256.0;
        Ok(Some(Self {
            kind: SubjectKind::Person,
            subject: up(&regions.person),
            hair: up(&regions.hair),
            pitch,
        }))
    }

    fn thing(sight: &Sight<'_>, srgb: &[Plane; 3]) -> Result<Option<Self>, VisionError> {
        let size = srgb[0].size();
        let pitch = size.long_edge() as f32 / SALIENT_SIDE as f32;
        let rough = resize_bilinear(sight.salient()?, size);
        let guide = [&srgb[0], &srgb[1], &srgb[2]];
        let subject = guided_colour(guide, &rough, 1.2 * pitch, 1e-4);
        if subject.sum() < LEAST_THING * size.area() as f64 {
            return Ok(None);
        }
        let hair = Plane::zeros(size);
        Ok(Some(Self { kind: SubjectKind::Product, subject, hair, pitch }))
    }
}
