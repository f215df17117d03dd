//! Heal: takes passing marks off skin and lets the real skin around go on in their place.

mod anatomy;
mod grid;
mod judge;
mod lights;
mod lines;
mod look;
mod metric;
mod places;
mod repair;
mod rings;
mod separate;
mod skin;
mod spots;
mod strays;
#[cfg(test)]
mod tests;
mod tone;

use pixel::Plane;
use vision::Mesh;

use crate::known::Knowledge;
use crate::layer::Layer;
use crate::plugin::{Blend, Need, Param, Plugin, Scale, Settings, Spec};
use crate::scene::{FaceView, Scene};
use judge::judge;
use lines::{Line, find_lines};
use look::Look;
use places::cells;
use repair::{Sources, Wish, repair};
use rings::Middle;
use separate::Course;
use skin::{Stock, Texture};
use spots::{Spot, distances, find_spots, stamp};

/// The plugin.
pub struct Heal;

static SPEC: Spec = Spec {
    name: "Heal",
    about: "Takes pimples, scabs, specks, scratches and stray hairs off skin and puts real skin in their place.",
    never: "Removes moles, freckles, wrinkles or stubble, blurs pores or touches eyes, lips, hair, clothes and background.",
    blend: Blend::Normal,
    needs: &[Need::FaceRegions],
    params: &[Param::PERSON_SCALE, Param::alpha1("Sensitivity", "how faint a mark is still healed", 1.0)],
};

/// Half the breadth of a line, in face widths.
const LINE_MARGIN: f32 = 0.0032;

impl Plugin for Heal {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        let find = |view: &FaceView| Marks::find(scene, view, settings.scale);
        let known = scene.remembers().then(|| {
            let all = || scene.faces().iter().take_while(|_| !scene.cancelled()).map(find).collect();
            let fits = |found: &Found| found.scale == settings.scale;
            scene.recall(fits, || Found { scale: settings.scale, faces: all() })
        });
        let (mut healed, mut kept) = (0, 0);
        for (n, view) in scene.faces().iter().enumerate() {
            if scene.cancelled() {
                return;
            }
            // Where nothing is kept, the marks of one face at a time are enough: they are the dearest thing of all in
            // memory, and a picture may show dozens of faces.
            let fresh = if known.is_none() { find(view) } else { None };
            let marks = known.as_ref().map_or(fresh.as_ref(), |found| found.faces.get(n)?.as_ref());
            let Some(marks) = marks else { continue };
            let counts = heal(scene, marks, view.face.mesh.as_ref(), settings.alpha1, layer);
            healed += counts.0;
            kept += counts.1;
        }
        layer.found("marks healed", healed as f64);
        layer.found("marks kept", kept as f64);
    }
}

/// All that can be told about the skin of each face before it is known how faint a mark shall be healed.
struct Found {
    scale: Scale,
    faces: Vec<Option<Marks>>,
}

impl Knowledge for Found {
    fn memory(&self) -> usize {
        self.faces.iter().flatten().map(|marks| marks.look.memory() + marks.stock.memory()).sum()
    }
}

/// The skin of one face and what differs from it.
struct Marks {
    look: Look,
    stock: Stock,
    spots: Vec<Spot>,
    lines: Vec<Line>,
}

impl Marks {
    /// `None` on a face that is too small to show any.
    fn find(scene: &Scene<'_>, view: &FaceView, scale: Scale) -> Option<Self> {
        let width = scale.face_width(view.face.width, scene.size().long_edge() as f32);
        Look::open(scene, view, width).map(Self::seen_in)
    }

    fn seen_in(look: Look) -> Self {
        let texture = Texture::measure(&look);
        let (spots, lines) = rayon::join(|| find_spots(&look, &texture), || find_lines(&look, &texture));
        Self { stock: texture.into_stock(&look), look, spots, lines }
    }
}

/// Draws one face's patches; returns the number of marks healed and of clear marks left alone.
fn heal(
    scene: &Scene<'_>,
    marks: &Marks,
    mesh: Option<&Mesh>,
    sensitivity: f32,
    layer: &mut Layer,
) -> (usize, usize) {
    let Marks { look, stock, spots, lines } = marks;
    let verdict = judge(look, mesh, spots, lines, sensitivity);

    let mut wanted = Plane::zeros(look.size());
    let mut middles = Vec::new();
    for (spot, share) in spots.iter().zip(&verdict.spots) {
        want(look, &mut wanted, &spot.footprint, spot.margin, *share);
        if *share > 0.0 && spot.first {
            middles.push(Middle::of(spot, look.width));
        }
    }
    let strokes = wanted.map(|v| if v > 0.0 { 0.0 } else { 1.0 });
    let mut courses = Vec::new();
    for (line, share) in lines.iter().zip(&verdict.lines).filter(|(_, share)| **share > 0.0) {
        want(look, &mut wanted, &line.spine, (LINE_MARGIN * look.width).max(1.6), *share);
        let places = line.spine.iter().map(|&i| [i % look.size().width, i / look.size().width]);
        courses.extend(places.zip(&line.rays).map(|(at, &ray)| Course { at: at.map(|v| v as f32), ray }));
    }
    let mut noticed = wanted.map(|v| if v > 0.0 { 1.0 } else { 0.0 });
    stamp(&mut noticed, spots.iter().filter(|s| s.saliency > 1.0).map(|s| &s.footprint));
    stamp(&mut noticed, lines.iter().filter(|l| l.saliency > 0.8).map(|l| &l.spine));
    let sources = Sources::new(look, stock, &noticed);
    let wish = Wish { share: wanted, middles, strokes, courses };
    let patches = repair(scene, look, &sources, &wish);
    let healed = spots.iter().zip(&verdict.spots).filter(|(spot, share)| spot.first && **share > 0.5).count()
        + verdict.lines.iter().filter(|share| **share > 0.5).count();
    layer.patches.extend(patches);
    (healed, verdict.kept)
}

/// Asks for `share` of the samples within `margin` of a mark to be healed, as far as marks reach.
fn want(look: &Look, wanted: &mut Plane, mark: &[usize], margin: f32, share: f32) {
    if share <= 0.0 || mark.is_empty() {
        return;
    }
    let away = distances(look, mark, margin);
    for (x, y) in cells(away.near) {
        if away.at(x, y) <= margin && look.reach.at(x, y) > 0.5 {
            let value = wanted.at_mut(x, y);
            *value = value.max(share);
        }
    }
}

/// [`pixel::ramp`] over a range.
fn ramp(value: f32, [from, to]: [f32; 2]) -> f32 {
    pixel::ramp(value, from, to)
}
