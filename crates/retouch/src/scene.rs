//! What a plugin sees: the picture so far, and the faces and regions on it.

use std::borrow::Cow;
use std::sync::Arc;

use pixel::colour::profile::ColourSpace;
use pixel::colour::{Lab, for_bands};
use pixel::filter::{enlarge, reduce};
use pixel::{Plane, Rect, Size};
use vision::parts::{Part, PartsMap};
use vision::{Face, FaceRegions, Person, PictureRegions, Sight, VisionError};

use crate::canvas::Canvas;
use crate::eye::Eyes;
use crate::known::{Knowledge, Known};
use crate::lay::StoredLayer;
use crate::layer::Layer;
use crate::pile::Pile;
use crate::plugin::{Blend, Need, Scale};

/// Face canvases are reduced until the face is less than twice this wide: enough for everything that
/// is corrected with a soft brush, little enough to be quick.
const CANVAS_FACE_WIDTH: f32 = 200.0;

/// The picture canvas is reduced until its long edge is at most this.
const CANVAS_LONG_EDGE: usize = 1536;

/// What the whole picture is made of is told on a canvas coarser by this factor: borders of cloth and
/// backdrop are drawn with a soft brush, and the time goes with the square.
const REGIONS_STEP: usize = 2;

/// Largest face canvas in samples.
const CANVAS_AREA: usize = 2_400_000;

/// Planes of [`PictureRegions`].
const PICTURE_MATTES: usize = 6;

/// One face with the part of the picture around it. A copy shares canvas and regions until one of them is changed.
#[derive(Clone)]
pub struct FaceView {
    /// Place, landmarks and size.
    pub face: Face,
    /// The picture so far around the face, with the person's skin as far as the canvas reaches.
    pub canvas: Arc<Canvas>,
    /// Features and skin on that canvas. `skin` is this person's alone where persons meet.
    pub regions: Arc<FaceRegions>,
    /// The eyes at full resolution, found when they are first asked for.
    pub(crate) eyes: Arc<Eyes>,
}

impl FaceView {
    /// Face width from cheek to cheek in canvas samples.
    pub fn width(&self) -> f32 {
        self.face.width / self.canvas.grid.step as f32
    }
}

/// The whole picture at working size. A copy shares canvas and regions until one of them is changed.
#[derive(Clone)]
pub struct PictureView {
    /// The picture so far.
    pub canvas: Arc<Canvas>,
    /// Skin, hair, clothes, background; the samples may be coarser than the canvas's, see [`PictureView::fine`].
    pub regions: Arc<PictureRegions>,
}

impl PictureView {
    /// A matte of the size of the regions, brought to the canvas.
    pub fn fine<'m>(&self, matte: &'m Plane) -> Cow<'m, Plane> {
        let size = self.canvas.size();
        if matte.size() == size {
            Cow::Borrowed(matte)
        } else {
            Cow::Owned(enlarge(matte, REGIONS_STEP, size))
        }
    }

    /// Canvas samples a sample of the regions.
    pub fn regions_step(&self) -> usize {
        if self.regions.skin.size() == self.canvas.size() { 1 } else { REGIONS_STEP }
    }
}

/// What is known about a picture, apart from the picture itself: all that a [`Scene`] must be given to go on
/// where another one stopped.
#[derive(Clone, Default)]
pub struct Views {
    met: Vec<Need>,
    faces: Vec<FaceView>,
    found: Vec<Face>,
    picture: Option<PictureView>,
}

impl Views {
    /// Which questions have been answered.
    pub fn met(&self) -> &[Need] {
        &self.met
    }

    /// Faces with their canvases; see [`Scene::faces`].
    pub fn faces(&self) -> &[FaceView] {
        &self.faces
    }

    /// All faces; see [`Scene::found_faces`].
    pub fn found_faces(&self) -> &[Face] {
        &self.found
    }

    /// The whole picture; see [`Scene::picture`].
    pub fn picture(&self) -> Option<&PictureView> {
        self.picture.as_ref()
    }

    /// Bytes of the mattes.
    pub(crate) fn regions_memory(&self) -> usize {
        let faces = self.faces.iter().map(|view| view.regions.samples());
        let picture = self.picture.iter().map(|view| PICTURE_MATTES * view.regions.skin.size().area());
        let eyes = self.faces.iter().map(|view| view.eyes.memory());
        faces.chain(picture).sum::<usize>() * size_of::<f32>() + eyes.sum::<usize>()
    }

    /// Canvases, those of faces first.
    pub(crate) fn canvases(&self) -> impl Iterator<Item = &Arc<Canvas>> {
        self.faces.iter().map(|view| &view.canvas).chain(self.picture.iter().map(|view| &view.canvas))
    }
}

/// The picture so far and what is known about it.
pub struct Scene<'a> {
    pile: Pile<'a>,
    /// By how much the picture is reduced against what the final result is made of.
    reduction: usize,
    /// By how much the canvases of faces are coarser than those of the final result.
    coarseness: usize,
    space: &'a ColourSpace,
    sight: Option<&'a Sight<'a>>,
    views: Views,
    /// What the plugin that draws next found out when it drew on this very picture before.
    known: Option<&'a Known>,
    cancelled: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> Scene<'a> {
    /// The upload with nothing laid over it and nothing looked for yet.
    pub fn new(
        pile: Pile<'a>,
        space: &'a ColourSpace,
        sight: Option<&'a Sight<'a>>,
        cancelled: &'a (dyn Fn() -> bool + Sync),
    ) -> Self {
        Self {
            pile,
            reduction: 1,
            coarseness: 1,
            space,
            sight,
            views: Views::default(),
            known: None,
            cancelled,
        }
    }

    /// The same for a picture that is a whole number of times smaller than the one it stands for.
    #[must_use]
    pub fn reduced_by(self, reduction: usize) -> Self {
        Self { reduction, ..self }
    }

    /// Looks at faces with fewer samples a side, this many times: for a first look, which must be there soon.
    #[must_use]
    pub fn coarser_by(self, coarseness: usize) -> Self {
        Self { coarseness, ..self }
    }

    /// Goes on where another scene of the same picture stopped: `pile` holds the layers that `views` show.
    #[must_use]
    pub fn resumed(self, views: Views) -> Self {
        Self { views, ..self }
    }

    /// What is known by now. Cheap: nothing is copied until a layer changes it.
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// Lets the plugin that draws next find again, and leave behind, what it finds out; `None` before another draws.
    pub(crate) fn know(&mut self, known: Option<&'a Known>) {
        self.known = known;
    }

    /// True when what is found out now will be asked for again; see [`Scene::recall`].
    pub fn remembers(&self) -> bool {
        self.known.is_some()
    }

    /// What was found on this very picture before, if it is one that `fits`; else what `find` finds now.
    pub fn recall<T: Knowledge>(&self, fits: impl Fn(&T) -> bool, find: impl FnOnce() -> T) -> Arc<T> {
        if let Some(found) = self.known.and_then(|known| known.get(fits)) {
            return found;
        }
        let found = Arc::new(find());
        if let Some(known) = self.known.filter(|_| !self.cancelled()) {
            known.put(Arc::clone(&found) as Arc<dyn Knowledge>);
        }
        found
    }

    /// Upright size of the picture.
    pub fn size(&self) -> Size {
        self.pile.picture().upright_size()
    }

    /// True for a grey picture, whose corrections must have no colour.
    pub fn is_grey(&self) -> bool {
        self.pile.picture().grey
    }

    /// True when the work is no longer wanted; long loops ask now and then.
    pub fn cancelled(&self) -> bool {
        (self.cancelled)()
    }

    /// The document's colour space.
    pub fn space(&self) -> &ColourSpace {
        self.space
    }

    /// All faces, largest first, with or without landmarks. Needs [`Need::Faces`].
    pub fn found_faces(&self) -> &[Face] {
        &self.views.found
    }

    /// Faces, largest first, each with its canvas; profiles have no landmarks. Needs [`Need::FaceRegions`].
    pub fn faces(&self) -> &[FaceView] {
        &self.views.faces
    }

    /// Each face with the width, in its canvas's samples, that a scale makes it be measured by; ends early
    /// when the work is no longer wanted. Needs [`Need::FaceRegions`].
    pub fn faces_by(&self, scale: Scale) -> impl Iterator<Item = (&FaceView, f32)> {
        let wanted = self.views.faces.iter().take_while(|_| !self.cancelled());
        wanted.map(move |view| {
            let long_edge = self.size().long_edge() as f32 / view.canvas.grid.step as f32;
            (view, scale.face_width(view.width(), long_edge))
        })
    }

    /// The whole picture at working size. Needs [`Need::PictureRegions`].
    pub fn picture(&self) -> Option<&PictureView> {
        self.views.picture.as_ref()
    }

    /// The scene of a test with hand-made faces and regions.
    #[cfg(test)]
    pub(crate) fn with_picture(mut self, found: Vec<Face>, view: PictureView) -> Self {
        self.views.found = found;
        self.views.picture = Some(view);
        self
    }

    /// Full-resolution pixels of an upright rectangle as they are so far, encoded document RGB 0..1.
    pub fn read(&self, rect: Rect) -> [Plane; 3] {
        self.pile.read(rect)
    }

    /// CIELAB of encoded document RGB.
    pub fn lab(&self, rgb: &[Plane; 3]) -> Lab {
        Lab::of([&rgb[0], &rgb[1], &rgb[2]], self.space)
    }

    /// Encoded document RGB of CIELAB, limited to what the document can hold.
    pub fn document(&self, lab: &Lab) -> [Plane; 3] {
        lab.encoded(self.space)
    }

    /// The pile of layers under the next plugin.
    pub fn pile(&self) -> &Pile<'a> {
        &self.pile
    }

    /// Gives the pile up when all plugins have drawn.
    pub fn into_pile(self) -> Pile<'a> {
        self.pile
    }

    /// Finds what a list of plugins needs, once. Canvases are read from the upload, so all needs must be
    /// met before the first layer is laid. Nothing is met when the work is no longer wanted meanwhile.
    ///
    /// # Errors
    /// When a network cannot be run.
    pub fn meet(&mut self, needs: &[Need]) -> Result<(), VisionError> {
        let Some(sight) = self.sight else { return Ok(()) };
        let is_missing = |need: Need| needs.contains(&need) && !self.views.met.contains(&need);
        let missing: Vec<Need> = Need::ALL.into_iter().filter(|&need| is_missing(need)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let (faces, picture) =
            (missing.contains(&Need::FaceRegions), missing.contains(&Need::PictureRegions));
        if faces || picture {
            sight.read_ahead(picture);
        }
        let wants_faces = faces || missing.contains(&Need::Faces);
        let found = if wants_faces { sight.faces()?.to_vec() } else { self.views.found.clone() };
        if self.cancelled() {
            return Ok(());
        }
        // All networks have answered: neither side waits for an answer that the other is about to give.
        let (opened, picture) = rayon::join(
            || faces.then(|| self.open_faces(sight, &found)).transpose(),
            || picture.then(|| self.open_picture(sight)).transpose(),
        );
        if let Some(opened) = opened? {
            self.views.faces = opened;
        }
        if let Some(picture) = picture? {
            self.views.picture = Some(picture);
        }
        self.views.found = found;
        self.views.met.extend(missing);
        Ok(())
    }

    fn open_faces(&self, sight: &Sight<'_>, found: &[Face]) -> Result<Vec<FaceView>, VisionError> {
        let open = |face: &Face| {
            let step = self.face_step(face);
            let person = Person::of(face, found);
            let rect = skin_rect(face, &person, face_rect(face, step, self.size()), &sight.parts()?);
            let canvas = Canvas::read(&self.pile, rect, step, self.space);
            let srgb = encoded_srgb(Cow::Borrowed(&*canvas.rgb), self.space);
            let regions = vision::face_regions(sight, face, &vision_canvas(&canvas, &srgb))?;
            let (canvas, regions) = (Arc::new(canvas), Arc::new(regions));
            Ok(FaceView { face: face.clone(), canvas, regions, eyes: Arc::default() })
        };
        found.iter().map(open).collect()
    }

    /// Pixels a sample of a face's canvas: on a reduced picture as many as come closest to those on the picture itself.
    fn face_step(&self, face: &Face) -> usize {
        let reduction = self.reduction as f32;
        let step = (face.width * reduction / CANVAS_FACE_WIDTH).floor().max(1.0);
        self.coarseness * (step / reduction).round().max(1.0) as usize
    }

    fn open_picture(&self, sight: &Sight<'_>) -> Result<PictureView, VisionError> {
        let size = self.size();
        let step = size.long_edge().div_ceil(CANVAS_LONG_EDGE).max(1);
        let overview = sight.overview();
        // The networks' overview mostly has the same step: one reading of all pixels is enough.
        let canvas = match self.space.is_srgb() && overview.step == step as f32 {
            true => Canvas::of(Arc::clone(&overview.rgb), size.rect(), step, self.space),
            false => Canvas::read(&self.pile, size.rect(), step, self.space),
        };
        let coarse = canvas.channels().map(|plane| reduce(plane, REGIONS_STEP));
        let srgb = encoded_srgb(Cow::Owned(coarse), self.space);
        let seen =
            vision::Canvas { rgb: [&srgb[0], &srgb[1], &srgb[2]], origin: (0, 0), step: step * REGIONS_STEP };
        let regions = vision::picture_regions(sight, &seen)?;
        Ok(PictureView { canvas: Arc::new(canvas), regions: Arc::new(regions) })
    }

    /// Lays a finished drawing over the picture. Of the views only those that `later` plugins need are
    /// brought up to date.
    pub fn lay(&mut self, layer: &Layer, blend: Blend, later: &[Need]) {
        self.pile.push(layer, blend);
        self.show(layer, blend, later);
    }

    /// [`Scene::lay`] for a layer that was drawn and turned to stored orientation before.
    pub fn lay_again(&mut self, layer: &Layer, stored: Arc<StoredLayer>, later: &[Need]) {
        let blend = stored.blend();
        self.pile.push_stored(stored);
        self.show(layer, blend, later);
    }

    /// Takes the layer on top of the pile into the views.
    fn show(&mut self, layer: &Layer, blend: Blend, later: &[Need]) {
        if matches!(blend, Blend::Mask | Blend::Metadata) || layer.is_empty() {
            return;
        }
        if later.contains(&Need::FaceRegions) {
            for view in &mut self.views.faces {
                Arc::make_mut(&mut view.canvas).update(layer, blend, &self.pile);
            }
        }
        if let Some(view) = self.views.picture.as_mut().filter(|_| later.contains(&Need::PictureRegions)) {
            Arc::make_mut(&mut view.canvas).update(layer, blend, &self.pile);
        }
    }
}

/// Encoded sRGB of encoded document RGB, for the networks: the same planes when the document is in sRGB.
pub fn encoded_srgb<'p>(rgb: Cow<'p, [Plane; 3]>, space: &ColourSpace) -> Cow<'p, [Plane; 3]> {
    if space.is_srgb() {
        return rgb;
    }
    let srgb = ColourSpace::srgb();
    let mut rgb = rgb.into_owned();
    for_bands(rgb.each_mut(), |_, [red, green, blue]| {
        space.rows_to_linear(red, green, blue);
        srgb.rows_from_linear(red, green, blue);
    });
    Cow::Owned(rgb)
}

fn vision_canvas<'c>(canvas: &Canvas, srgb: &'c [Plane; 3]) -> vision::Canvas<'c> {
    vision::Canvas {
        rgb: [&srgb[0], &srgb[1], &srgb[2]],
        origin: (canvas.grid.x, canvas.grid.y),
        step: canvas.grid.step,
    }
}

/// The part of the picture that belongs to a face: head, neck, shoulders, chest; less when that would
/// be too many samples.
fn face_rect(face: &Face, step: usize, size: Size) -> Rect {
    let [left, top, right, bottom] = face.frame;
    let (x, y, width) = ((left + right) / 2.0, (top + bottom) / 2.0, face.width);
    let mut reach = 1.0;
    loop {
        let (side, up, down) = (2.2 * reach * width, 1.6 * reach * width, 3.0 * reach * width);
        let rect = Rect::cover(x - side, y - up, x + side, y + down, size);
        if rect.size().area() / (step * step) <= CANVAS_AREA || reach < 0.65 {
            return rect;
        }
        reach *= 0.9;
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

/// The part of `rect` in which the networks see skin of this person, with some margin, and the face itself in any case:
/// on a picture of many people most of the skin around a face is that of others.
fn skin_rect(face: &Face, person: &Person, rect: Rect, parts: &PartsMap<'_>) -> Rect {
    /// Places that are asked, along each side.
    const PLACES: usize = 40;
    let (dx, dy) = (rect.width as f32 / PLACES as f32, rect.height as f32 / PLACES as f32);
    let margin = 0.35 * face.width;
    let [mut left, mut top, mut right, mut bottom] = face.frame;
    for j in 0..PLACES {
        for i in 0..PLACES {
            let x = rect.x as f32 + (i as f32 + 0.5) * dx;
            let y = rect.y as f32 + (j as f32 + 0.5) * dy;
            if person.share(x, y) == 0.0 {
                continue;
            }
            let seen = parts.at(x, y);
            if seen[Part::FaceSkin as usize] + seen[Part::BodySkin as usize] > 0.1 {
                (left, right) = (left.min(x - dx), right.max(x + dx));
                (top, bottom) = (top.min(y - dy), bottom.max(y + dy));
            }
        }
    }
    let size = Size::new(rect.right(), rect.bottom());
    Rect::cover(left - margin, top - margin, right + margin, bottom + margin, size).intersect(rect)
}
