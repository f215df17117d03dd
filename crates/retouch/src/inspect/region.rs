//! The regions that can be shown: what the whole picture is made of, and the features of faces.

use pixel::{Plane, Rect};
use vision::regions::Features;
use vision::{FaceRegions, PictureRegions};

/// A region that is told apart on a picture. Regions overlap: a person has skin and hair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    /// Persons with all they wear.
    Person,
    /// Skin of all persons.
    Skin,
    /// Hair.
    Hair,
    /// Clothes.
    Clothes,
    /// Glasses, jewellery, things held.
    Other,
    /// Everything but persons.
    Background,
    /// Skin of the persons whose faces were found, finer than [`Region::Skin`], without the features below.
    FaceSkin,
    /// Lips without the mouth.
    Lips,
    /// Teeth.
    Teeth,
    /// Gums and tongue.
    GumsTongue,
    /// The whites of the eyes.
    Sclera,
    /// Irises with their pupils.
    Iris,
    /// Pupils.
    Pupil,
    /// Brows.
    Brows,
    /// Lashes.
    Lashes,
    /// Openings of the nostrils.
    Nostrils,
    /// Beard and moustache.
    Beard,
    /// Frames and glasses worn.
    Glasses,
}

impl Region {
    /// All regions: those of the picture, then the features of faces in the order in which they are drawn.
    pub const ALL: [Region; 18] = [
        Self::Person,
        Self::Skin,
        Self::Hair,
        Self::Clothes,
        Self::Other,
        Self::Background,
        Self::FaceSkin,
        Self::Lips,
        Self::Teeth,
        Self::GumsTongue,
        Self::Sclera,
        Self::Iris,
        Self::Pupil,
        Self::Brows,
        Self::Lashes,
        Self::Nostrils,
        Self::Beard,
        Self::Glasses,
    ];

    /// Name for programs, lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Skin => "skin",
            Self::Hair => "hair",
            Self::Clothes => "clothes",
            Self::Other => "other",
            Self::Background => "background",
            Self::FaceSkin => "face_skin",
            Self::Lips => "lips",
            Self::Teeth => "teeth",
            Self::GumsTongue => "gums_tongue",
            Self::Sclera => "sclera",
            Self::Iris => "iris",
            Self::Pupil => "pupil",
            Self::Brows => "brows",
            Self::Lashes => "lashes",
            Self::Nostrils => "nostrils",
            Self::Beard => "beard",
            Self::Glasses => "glasses",
        }
    }

    /// The region with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|region| region.name() == name)
    }

    /// The colour in which the region is tinted, 8-bit sRGB.
    pub fn colour(self) -> [u8; 3] {
        match self {
            Self::Person => [255, 128, 128],
            Self::Skin | Self::FaceSkin => [255, 140, 51],
            Self::Hair => [140, 51, 217],
            Self::Clothes => [26, 140, 230],
            Self::Other => [230, 230, 26],
            Self::Background => [77, 128, 77],
            Self::Lips => [242, 26, 77],
            Self::Teeth => [51, 255, 255],
            Self::GumsTongue => [179, 0, 128],
            Self::Sclera => [255, 255, 77],
            Self::Iris => [26, 77, 255],
            Self::Pupil => [255, 0, 255],
            Self::Brows => [77, 204, 51],
            Self::Lashes => [0, 128, 128],
            Self::Nostrils => [153, 0, 0],
            Self::Beard => [115, 77, 26],
            Self::Glasses => [204, 204, 255],
        }
    }

    /// The matte on the picture's canvas; `None` for features of faces.
    pub fn of_picture(self, regions: &PictureRegions) -> Option<&Plane> {
        match self {
            Self::Person => Some(&regions.person),
            Self::Skin => Some(&regions.skin),
            Self::Hair => Some(&regions.hair),
            Self::Clothes => Some(&regions.clothes),
            Self::Other => Some(&regions.other),
            Self::Background => Some(&regions.background),
            _ => None,
        }
    }

    /// The mattes on a face's canvas, one or two; none for regions of the whole picture.
    pub fn of_face(self, regions: &FaceRegions) -> Vec<Inset<'_>> {
        let Features { mouth, eyes: [left, right], brows, lashes, nostrils, beard, glasses, .. } =
            &regions.features;
        let mattes = match self {
            Self::FaceSkin => return vec![Inset::whole(&regions.skin)],
            Self::Lips => vec![&mouth.lips],
            Self::Teeth => vec![&mouth.teeth],
            Self::GumsTongue => vec![&mouth.gums_tongue],
            Self::Sclera => vec![&left.sclera, &right.sclera],
            Self::Iris => vec![&left.iris, &right.iris],
            Self::Pupil => vec![&left.pupil, &right.pupil],
            Self::Brows => vec![brows],
            Self::Lashes => vec![lashes],
            Self::Nostrils => vec![nostrils],
            Self::Beard => vec![beard],
            Self::Glasses => vec![glasses],
            _ => Vec::new(),
        };
        mattes.into_iter().map(|matte| Inset { matte: matte.plane(), rect: matte.rect() }).collect()
    }
}

/// A matte and the part of a canvas, in samples, that it covers.
#[derive(Clone, Copy)]
pub struct Inset<'m> {
    matte: &'m Plane,
    rect: Rect,
}

impl<'m> Inset<'m> {
    /// A matte that covers its canvas.
    pub fn whole(matte: &'m Plane) -> Self {
        Self { matte, rect: matte.size().rect() }
    }

    /// The sum of all samples.
    pub fn sum(self) -> f64 {
        self.matte.sum()
    }

    /// Bilinear value at a real place of the canvas, 0..1; 0 beyond the part.
    pub fn at(self, x: f32, y: f32) -> f32 {
        let (x, y) = (x - self.rect.x as f32, y - self.rect.y as f32);
        let (width, height) = (self.rect.width as f32, self.rect.height as f32);
        let inside = x > -0.5 && y > -0.5 && x < width - 0.5 && y < height - 0.5;
        if inside { self.matte.bilinear(x, y) } else { 0.0 }
    }
}
