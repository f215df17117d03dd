//! A picture on its way through a workflow: the subject with its matte, the shadow and the ground behind it.

use pixel::codec::Format;
use pixel::colour::profile::ColourSpace;
use pixel::picture::{Picture, Samples};
use pixel::{Orientation, Plane, Rect, Size};
use vision::{Sight, VisionError};

use super::exif;
use super::run::WorkflowFault;
use super::shadow::Shadow;
use crate::engine::{Engine, Looker, Options, OutcomeKind, Watch, document_space, overview};
use crate::layer::Finding;

/// One file to run a workflow on.
#[derive(Clone, Copy)]
pub struct Upload<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// Its name, with or without extension; the result is named after it.
    pub name: &'a str,
    /// Where pictures that the workflow names by content hash are found.
    pub assets: &'a dyn Assets,
}

impl<'a> Upload<'a> {
    /// A file with its name, for workflows that name no other picture.
    pub fn new(bytes: &'a [u8], name: &'a str) -> Self {
        Self { bytes, name, assets: &NoAssets }
    }
}

/// Where pictures that a workflow names are found.
pub trait Assets: Sync {
    /// The bytes of the file with that content hash, if it is there and may be used.
    fn fetch(&self, hash: &str) -> Option<Vec<u8>>;
}

/// No pictures but the upload.
pub struct NoAssets;

impl Assets for NoAssets {
    fn fetch(&self, _hash: &str) -> Option<Vec<u8>> {
        None
    }
}

/// What a workflow has made of the upload so far.
///
/// Shadow and ground stay apart until the export, so that a ground may be chosen before or after the canvas is set.
pub struct Work<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) options: &'a Options,
    pub(crate) watch: &'a dyn Watch,
    /// Where other pictures are found.
    pub assets: &'a dyn Assets,
    /// The subject. Its alpha, if any, is the matte; without alpha the subject is the whole picture.
    pub picture: Picture,
    /// Format of the upload.
    pub format: Format,
    /// The shadow under the subject.
    pub(super) shadow: Option<Shadow>,
    /// What lies behind everything; transparent if nothing.
    pub(super) ground: Option<Ground>,
    /// Name of the upload without extension.
    pub(super) original: String,
    /// Name of the result without extension.
    pub(super) stem: String,
    /// Sides of the photograph, or of what was cut out of it, that cut the subject off: left, top, right, bottom.
    pub(super) cut_off: [bool; 4],
    pub(super) findings: Vec<Finding>,
    /// What the result cannot hold, for the report.
    pub(super) notes: Vec<String>,
    pub(super) result: Option<(Vec<u8>, Format)>,
}

/// What lies behind the subject. Drawn for the canvas as it is at the end.
pub(super) enum Ground {
    /// One colour, encoded document RGB.
    Colour([f32; 3]),
    /// From one colour to another.
    Gradient {
        /// First and last colour, encoded document RGB.
        colours: [[f32; 3]; 2],
        /// Direction in radians, 0 from left to right, clockwise; `None` from the middle outwards.
        angle: Option<f32>,
    },
    /// A picture, upright, in the document's space.
    Picture(Box<Picture>),
}

impl<'a> Work<'a> {
    pub(crate) fn new(
        engine: &'a Engine,
        upload: &Upload<'a>,
        picture: Picture,
        format: Format,
        options: &'a Options,
        watch: &'a dyn Watch,
    ) -> Self {
        let original = stem(upload.name);
        Self {
            engine,
            options,
            watch,
            assets: upload.assets,
            picture,
            format,
            shadow: None,
            ground: None,
            stem: original.clone(),
            original,
            cut_off: [false; 4],
            findings: Vec::new(),
            notes: Vec::new(),
            result: None,
        }
    }

    /// Notes a count or measure for the report.
    pub fn found(&mut self, what: &'static str, value: f64) {
        self.findings.push(Finding { what, value });
    }

    /// The document's colour space.
    pub fn space(&self) -> ColourSpace {
        document_space(&self.picture)
    }

    /// Encoded document RGB of an encoded sRGB colour.
    pub(super) fn document_colour(&self, srgb: [f32; 3]) -> [f32; 3] {
        let space = self.space();
        if space.is_srgb() { srgb } else { space.from_linear(ColourSpace::srgb().to_linear(srgb)) }
    }

    /// Turns the pixels upright, once; EXIF then says so.
    pub fn turn_upright(&mut self) {
        turn_upright(&mut self.picture);
    }

    /// Looks at the upright picture.
    pub(super) fn look<T>(
        &self,
        see: impl FnOnce(&Picture, &ColourSpace, &Sight<'_>) -> Result<T, VisionError>,
    ) -> Result<T, WorkflowFault> {
        let space = self.space();
        let looker = Looker { picture: &self.picture, space: &space };
        let sight = Sight::new(&self.engine.networks, overview(&self.picture, &space), &looker)?;
        Ok(see(&self.picture, &space, &sight)?)
    }

    /// Refuses results with more pixels than an upload may have.
    pub(super) fn admit(&self, component: &'static str, size: Size) -> Result<(), WorkflowFault> {
        let pixels = size.width as u64 * size.height as u64;
        if size.area() == 0 || pixels > self.options.limits.max_pixels {
            return Err(WorkflowFault::TooLarge { component, width: size.width, height: size.height });
        }
        Ok(())
    }

    /// The matte as 0 to 1; `None` when the whole picture is the subject.
    pub(super) fn matte(&self) -> Option<Plane> {
        let alpha = self.picture.alpha.as_ref()?;
        Some(Plane::from_vec(self.picture.size, (0..alpha.len()).map(|i| alpha.unit(i)).collect()))
    }

    /// The rectangle that the subject fills: all that is more than faintly covered, else the whole picture.
    pub(super) fn subject_rect(&self) -> Rect {
        let size = self.picture.size;
        let Some(alpha) = &self.picture.alpha else { return size.rect() };
        let (mut left, mut top, mut right, mut bottom) = (size.width, size.height, 0, 0);
        for y in 0..size.height {
            for x in 0..size.width {
                if alpha.unit(y * size.width + x) > 0.08 {
                    (left, right) = (left.min(x), right.max(x + 1));
                    (top, bottom) = (top.min(y), bottom.max(y + 1));
                }
            }
        }
        if right == 0 { size.rect() } else { Rect::from_edges(left, top, right, bottom) }
    }

    /// Sides of the picture that the cut-out subject touches: left, top, right, bottom. None when nothing is cut out.
    pub(super) fn touched_sides(&self) -> [bool; 4] {
        let Some(alpha) = &self.picture.alpha else { return [false; 4] };
        let Size { width, height } = self.picture.size;
        let covers = |x: usize, y: usize| alpha.unit(y * width + x) > 0.5;
        [
            (0..height).any(|y| covers(0, y)),
            (0..width).any(|x| covers(x, 0)),
            (0..height).any(|y| covers(width - 1, y)),
            (0..width).any(|x| covers(x, height - 1)),
        ]
    }

    pub(super) fn take_result(&mut self) -> Result<(Vec<u8>, OutcomeKind), WorkflowFault> {
        let (bytes, format) = match self.result.take() {
            Some(result) => result,
            // A workflow always ends with an export; this is what an export without settings would give.
            None => {
                let encode = pixel::codec::EncodeOptions::default();
                (pixel::codec::encode(&self.picture, self.format, &encode)?, self.format)
            }
        };
        Ok((bytes, OutcomeKind::Image(format)))
    }
}

/// Turns the pixels of a picture upright; EXIF and XMP then say so, and the thumbnail, which lies as before, goes.
pub(crate) fn turn_upright(picture: &mut Picture) {
    let (stored, orientation) = (picture.size, picture.orientation);
    if orientation == Orientation::Upright {
        return;
    }
    picture.rgb = turned(&picture.rgb, 3, stored, orientation);
    picture.alpha = picture.alpha.as_ref().map(|alpha| turned(alpha, 1, stored, orientation));
    picture.size = orientation.turn_size(stored);
    picture.orientation = Orientation::Upright;
    exif::set_upright(&mut picture.metadata);
    exif::set_size(&mut picture.metadata, picture.size.width, picture.size.height);
}

/// Interleaved samples of `channels` each, turned upright.
fn turned(samples: &Samples, channels: usize, stored: Size, orientation: Orientation) -> Samples {
    match samples {
        Samples::U8(samples) => Samples::U8(turn(samples, channels, stored, orientation)),
        Samples::U16(samples) => Samples::U16(turn(samples, channels, stored, orientation)),
    }
}

fn turn<T: Copy>(samples: &[T], channels: usize, stored: Size, orientation: Orientation) -> Vec<T> {
    let upright = orientation.turn_size(stored);
    let mut out = Vec::with_capacity(samples.len());
    for y in 0..upright.height {
        for x in 0..upright.width {
            let (sx, sy) = orientation.to_stored(x, y, stored);
            let start = channels * (sy * stored.width + sx);
            out.extend_from_slice(&samples[start..start + channels]);
        }
    }
    out
}

/// A file name without folders and extension; `picture` when nothing is left.
fn stem(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let stem = match file.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 5 => stem,
        _ => file,
    };
    if stem.is_empty() { "picture".to_owned() } else { stem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_lose_folders_and_extensions() {
        assert_eq!(stem("C:\\shop\\jacket front.v2.JPG"), "jacket front.v2");
        assert_eq!(stem("a/b/.hidden"), ".hidden");
        assert_eq!(stem(""), "picture");
        assert_eq!(stem("no extension"), "no extension");
    }

    #[test]
    fn turning_moves_samples_as_the_orientation_says() {
        let stored = Size::new(3, 2);
        let samples: Vec<u8> = (0..6).collect();
        assert_eq!(turn(&samples, 1, stored, Orientation::Turn90), [3, 0, 4, 1, 5, 2]);
        assert_eq!(turn(&samples, 1, stored, Orientation::MirrorX), [2, 1, 0, 5, 4, 3]);
    }
}
