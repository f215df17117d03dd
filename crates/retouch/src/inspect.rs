//! What the engine sees on a picture, in numbers and as a drawing over it.

mod overlay;
mod region;

pub(crate) use region::Inset;
pub use region::Region;

use std::fmt;

use pixel::Plane;
use pixel::codec::{self, Decoded, EncodeOptions, Format, Limits};
use pixel::picture::Picture;
use serde::Serialize;
use serde_json::{Map, Value};
use vision::regions::Features;
use vision::{FaceRegions, PictureRegions, Sight};

use crate::engine::{Engine, EngineError, Looker, document_space, overview};
use crate::pile::Pile;
use crate::plugin::Need;
use crate::report::Report;
use crate::scene::{FaceView, Scene};

/// A feature is named in the text when its matte covers at least this share of the face's width squared.
const NOTABLE_SHARE: f64 = 1e-4;

/// What is seen on one picture. Coordinates are upright full-resolution pixels.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// Upright width in pixels.
    pub width: usize,
    /// Upright height in pixels.
    pub height: usize,
    /// EXIF orientation of the file, 1 to 8.
    pub orientation: u32,
    /// Format of the file.
    pub format: String,
    /// What differs between the file and its pixels as decoded.
    pub notes: Vec<String>,
    /// The faces, largest first.
    pub faces: Vec<SeenFace>,
    /// Share of the picture that each region takes, 0 to 1. Regions overlap: a person has skin and hair.
    pub regions: Map<String, Value>,
    #[serde(skip)]
    drawing: Picture,
}

/// One face.
#[derive(Debug, Serialize)]
pub struct SeenFace {
    /// Left, top, right, bottom; may reach beyond the picture.
    pub bounds: [f32; 4],
    /// How sure the detector is, 0.5 to 1.
    pub score: f32,
    /// From cheek to cheek, in pixels.
    pub width: f32,
    /// Degrees clockwise from upright; unknown without landmarks.
    pub tilt: Option<f32>,
    /// Lid distance over corner distance of the eye at the left of the picture and at the right; about 0.3 when open.
    pub eyes_open: Option<[f32; 2]>,
    /// Lip distance over face width.
    pub mouth_open: Option<f32>,
    /// Area of each feature in pixels.
    pub features: Map<String, Value>,
    /// 478 landmarks, or five points (eyes, nose, mouth corners) where landmarks could not be found.
    pub landmarks: Vec<[f32; 2]>,
}

impl Engine {
    /// Looks at a picture with everything that plugins can ask for.
    ///
    /// # Errors
    /// When the upload cannot be read or a network fails.
    pub fn inspect(&self, upload: &[u8], limits: &Limits) -> Result<Inspection, EngineError> {
        let Decoded { picture, format, notes } = codec::decode(upload, limits)?;
        let space = document_space(&picture);
        let looker = Looker { picture: &picture, space: &space };
        let sight = Sight::new(&self.networks, overview(&picture, &space), &looker)?;
        let mut scene = Scene::new(Pile::new(&picture), &space, Some(&sight), &|| false);
        scene.meet(&[Need::Faces, Need::FaceRegions, Need::PictureRegions])?;

        let Report { orientation, format, notes, .. } = Report::new(&picture, format, &notes);
        let size = scene.size();
        Ok(Inspection {
            width: size.width,
            height: size.height,
            orientation,
            format,
            notes,
            faces: scene.faces().iter().map(seen_face).collect(),
            regions: scene.picture().map(|view| shares(&view.regions)).unwrap_or_default(),
            drawing: overlay::draw(&scene),
        })
    }
}

impl Inspection {
    /// The picture, reduced to the size of the analysis, with regions tinted, faces framed and landmarks dotted: a PNG.
    ///
    /// # Errors
    /// When the PNG cannot be written.
    pub fn overlay_png(&self) -> Result<Vec<u8>, EngineError> {
        Ok(codec::encode(&self.drawing, Format::Png, &EncodeOptions::default())?)
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} x {} pixels, {}", self.width, self.height, self.format)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))?;
        match self.faces.len() {
            1 => writeln!(f, "1 face")?,
            count => writeln!(f, "{count} faces")?,
        }
        for (index, face) in self.faces.iter().enumerate() {
            writeln!(f, "  {}: {face}", index + 1)?;
        }
        let shares = self.regions.iter().map(|(name, share)| {
            format!("{} {:.0} %", name.replace('_', " "), 100.0 * share.as_f64().unwrap_or(0.0))
        });
        writeln!(f, "regions: {}", shares.collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Display for SeenFace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [left, top, ..] = self.bounds;
        write!(f, "{:.0} pixels wide at ({left:.0}, {top:.0}), score {:.2}", self.width, self.score)?;
        match self.tilt {
            Some(tilt) => write!(f, ", tilted {tilt:.0} degrees")?,
            None => write!(f, ", without landmarks")?,
        }
        let floor = NOTABLE_SHARE * f64::from(self.width).powi(2);
        let seen = self.features.iter().filter(|(_, area)| area.as_f64().is_some_and(|area| area > floor));
        let names: Vec<String> = seen.map(|(name, _)| name.replace('_', " ")).collect();
        write!(f, ": {}", names.join(", "))
    }
}

impl SeenFace {
    /// The same face in a picture `factor` times as large, each pixel standing for `factor`² ones.
    pub(crate) fn enlarged(mut self, factor: f32) -> Self {
        let place = |v: f32| (v + 0.5) * factor - 0.5;
        self.bounds = self.bounds.map(place);
        self.width *= factor;
        self.landmarks.iter_mut().for_each(|point| *point = point.map(place));
        for area in self.features.values_mut() {
            *area = Value::from(area.as_f64().unwrap_or(0.0) * f64::from(factor).powi(2));
        }
        self
    }
}

pub(crate) fn seen_face(view: &FaceView) -> SeenFace {
    let face = &view.face;
    let mesh = face.mesh.as_ref();
    SeenFace {
        bounds: mesh.map_or(face.frame, vision::Mesh::bounds),
        score: face.score,
        width: face.width,
        tilt: mesh.map(|mesh| mesh.tilt().to_degrees()),
        eyes_open: mesh.map(|mesh| [mesh.eye_openness(0), mesh.eye_openness(1)]),
        mouth_open: mesh.map(vision::Mesh::mouth_openness),
        features: areas(&view.regions, view.canvas.grid.step),
        landmarks: landmarks(view),
    }
}

/// The landmarks, or the detector's five points.
fn landmarks(view: &FaceView) -> Vec<[f32; 2]> {
    match &view.face.mesh {
        Some(mesh) => mesh.points.iter().map(|point| [point[0], point[1]]).collect(),
        None => view.face.points.to_vec(),
    }
}

fn areas(regions: &FaceRegions, step: usize) -> Map<String, Value> {
    let block = (step * step) as f64;
    let Features { mouth, eyes: [left, right], brows, lashes, nostrils, beard, glasses, .. } =
        &regions.features;
    let areas = [
        ("skin", regions.skin.sum()),
        ("lips", mouth.lips.sum()),
        ("teeth", mouth.teeth.sum()),
        ("gums_tongue", mouth.gums_tongue.sum()),
        ("sclera", left.sclera.sum() + right.sclera.sum()),
        ("iris", left.iris.sum() + right.iris.sum()),
        ("pupil", left.pupil.sum() + right.pupil.sum()),
        ("brows", brows.sum()),
        ("lashes", lashes.sum()),
        ("nostrils", nostrils.sum()),
        ("beard", beard.sum()),
        ("glasses", glasses.sum()),
    ];
    areas.into_iter().map(|(name, sum)| (name.to_owned(), Value::from((sum * block).round()))).collect()
}

fn shares(regions: &PictureRegions) -> Map<String, Value> {
    let share = |plane: &Plane| {
        let mean = plane.sum() / plane.size().area().max(1) as f64;
        Value::from((mean * 1e4).round() / 1e4)
    };
    let planes = [
        ("person", &regions.person),
        ("skin", &regions.skin),
        ("hair", &regions.hair),
        ("clothes", &regions.clothes),
        ("other", &regions.other),
        ("background", &regions.background),
    ];
    planes.into_iter().map(|(name, plane)| (name.to_owned(), share(plane))).collect()
}
