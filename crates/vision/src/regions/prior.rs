//! Network answers brought to a canvas and refined there to the picture's own edges.

use pixel::filter::{enlarge, enlarge_combined, reduce};
use pixel::{Plane, Size};

use super::canvas::{Canvas, ramp};
use super::guide::Guide;
use crate::error::VisionError;
use crate::networks::PARTS_SIDE;
use crate::parts::{CLASSES, Part};
use crate::sight::Sight;

/// Guide variance (encoded, squared) below which a difference is no edge.
const EDGE_VARIANCE: f32 = 1e-4;
/// Window of the guided filter in network samples.
const WINDOW: f32 = 0.9;

/// Class probabilities on a canvas reduced by `factor`, about two samples to a network sample, with the reduced
/// pixels as a guide.
pub(crate) struct Prior {
    /// Softmax of the parts in the order of [`Part`].
    pub class: [Plane; CLASSES],
    /// Person network, 0 to 1.
    pub person: Option<Plane>,
    /// Reduced canvas, encoded sRGB.
    pub guide: [Plane; 3],
    statistics: Guide,
    /// Canvas samples a sample of this prior.
    pub factor: usize,
    /// Samples of this prior a network sample: how uncertain its edges are.
    pub blur: f32,
}

impl Prior {
    /// Samples the parts (and the person network, when asked for) on the canvas.
    pub fn sample(sight: &Sight<'_>, canvas: &Canvas<'_>, person: bool) -> Result<Self, VisionError> {
        let parts = sight.parts()?;
        let size = canvas.size();
        let [x, y] = canvas.place(size.width as f32 * 0.5, size.height as f32 * 0.5);
        let pitch = canvas.length(parts.pitch(x, y));
        let factor = ((pitch / 1.8).round() as usize).clamp(1, 16);
        let blur = (pitch / factor as f32).max(0.5);
        let guide = canvas.rgb.map(|plane| reduce(plane, factor));
        let small = guide[0].size();
        let place = |i: usize, j: usize| {
            let centre = |k: usize| (k as f32 + 0.5) * factor as f32 - 0.5;
            canvas.place(centre(i), centre(j))
        };
        let mut class: [Plane; CLASSES] = std::array::from_fn(|_| Plane::zeros(small));
        for j in 0..small.height {
            for i in 0..small.width {
                let [x, y] = place(i, j);
                let at = parts.at(x, y);
                class.iter_mut().zip(at).for_each(|(plane, v)| *plane.at_mut(i, j) = v);
            }
        }
        let person = match person {
            false => None,
            true => {
                let mask = sight.person()?;
                let full = sight.full();
                let index = |v: f32, side: usize| (v + 0.5) * PARTS_SIDE as f32 / side as f32 - 0.5;
                Some(Plane::from_fn(small, |i, j| {
                    let [x, y] = place(i, j);
                    mask.bilinear(index(x, full.width), index(y, full.height))
                }))
            }
        };
        let [red, green, blue] = &guide;
        let statistics = Guide::new([red, green, blue], WINDOW * blur, EDGE_VARIANCE);
        Ok(Self { class, person, guide, statistics, factor, blur })
    }

    /// Size of the reduced planes.
    pub fn size(&self) -> Size {
        self.guide[0].size()
    }

    pub fn plane(&self, part: Part) -> &Plane {
        &self.class[part as usize]
    }

    /// Skin of face and body together.
    pub fn skin(&self) -> Plane {
        self.plane(Part::FaceSkin).zip(self.plane(Part::BodySkin), |a, b| a + b)
    }

    pub fn guide(&self) -> [&Plane; 3] {
        let [red, green, blue] = &self.guide;
        [red, green, blue]
    }

    /// A matte of this size, snapped to the edges of the reduced canvas.
    pub fn snap(&self, matte: &Plane) -> Plane {
        self.statistics.fit(self.guide(), matte).evaluate(self.guide()).map(|v| v.clamp(0.0, 1.0))
    }

    /// A matte of this size refined to the full canvas, stretched so that nearly nothing is nothing and nearly all
    /// is all.
    pub fn refine(&self, canvas: &Canvas<'_>, matte: &Plane) -> Plane {
        let model = self.statistics.fit(self.guide(), matte);
        let [red, green, blue] = &model.slope;
        let planes = [red, green, blue, &model.offset];
        enlarge_combined(planes, self.factor, canvas.size(), |y, [red, green, blue, offset], out| {
            let [r, g, b] = canvas.rgb.map(|plane| plane.row(y));
            for x in 0..out.len() {
                let v = offset[x] + red[x] * r[x] + green[x] * g[x] + blue[x] * b[x];
                out[x] = ramp(v, 0.12, 0.88);
            }
        })
    }

    /// A plane of this size on the full canvas, without refinement.
    pub fn enlarge(&self, plane: &Plane, canvas: &Canvas<'_>) -> Plane {
        enlarge(plane, self.factor, canvas.size())
    }

    /// A plane of canvas size reduced to this prior's size.
    pub fn reduce(&self, plane: &Plane) -> Plane {
        reduce(plane, self.factor)
    }
}
