//! Network answers brought to a canvas and refined there to the picture's own edges.

use pixel::filter::{Guide, enlarge, enlarge_combined, reduce, sample_grid};
use pixel::{Plane, Rect, Size, ramp, wide_lanes};

use super::canvas::Canvas;
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
        let centre = |k: usize| (k as f32 + 0.5) * factor as f32 - 0.5;
        let xs: Vec<f32> = (0..small.width).map(|i| canvas.place(centre(i), 0.0)[0]).collect();
        let ys: Vec<f32> = (0..small.height).map(|j| canvas.place(0.0, centre(j))[1]).collect();
        let class = parts.sample(&xs, &ys);
        let person = match person {
            false => None,
            true => {
                let full = sight.full();
                let index = |places: &[f32], side: usize| {
                    let scale = PARTS_SIDE as f32 / side as f32;
                    places.iter().map(|v| (v + 0.5) * scale - 0.5).collect::<Vec<f32>>()
                };
                Some(sample_grid(sight.person()?, &index(&xs, full.width), &index(&ys, full.height)))
            }
        };
        let [red, green, blue] = &guide;
        let statistics = Guide::new([red, green, blue], WINDOW * blur, EDGE_VARIANCE);
        Ok(Self { class, person, guide, statistics, factor, blur })
    }

    /// The samples of the canvas around `rect` that whole samples of this prior cover, and the prior of them, which
    /// knows nothing of persons. What is told there near the edges may differ a little from what the whole prior tells.
    pub fn inset(&self, canvas: &Canvas<'_>, rect: Rect) -> (Rect, Self) {
        let factor = self.factor;
        let small = Rect::from_edges(
            rect.x / factor,
            rect.y / factor,
            rect.right().div_ceil(factor),
            rect.bottom().div_ceil(factor),
        );
        let covered = Rect {
            x: small.x * factor,
            y: small.y * factor,
            width: small.width * factor,
            height: small.height * factor,
        };
        let crop = |plane: &Plane| plane.crop(small);
        let part = Self {
            class: self.class.each_ref().map(crop),
            person: None,
            guide: self.guide.each_ref().map(crop),
            statistics: self.statistics.crop(small),
            factor,
            blur: self.blur,
        };
        (covered.intersect(canvas.size().rect()), part)
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
        self.statistics.fit(self.guide(), matte).evaluate(self.guide())
    }

    /// A matte of this size refined to the full canvas, stretched so that nearly nothing is nothing and nearly all
    /// is all.
    pub fn refine(&self, canvas: &Canvas<'_>, matte: &Plane) -> Plane {
        // What is nowhere likely would come out as nothing.
        if matte.max() < 0.05 {
            return Plane::zeros(canvas.size());
        }
        let model = self.statistics.fit(self.guide(), matte);
        let [red, green, blue] = &model.slope;
        let planes = [red, green, blue, &model.offset];
        enlarge_combined(planes, self.factor, canvas.size(), |y, [red, green, blue, offset], out| {
            let rgb = canvas.rgb.map(|plane| plane.row(y));
            wide_lanes(|| refine_row(out, [red, green, blue], offset, rgb));
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

/// One row of a linear model of the colours, stretched.
#[inline(always)]
fn refine_row(out: &mut [f32], slope: [&[f32]; 3], offset: &[f32], rgb: [&[f32]; 3]) {
    let count = out.len();
    let ([red, green, blue], offset) = (slope.map(|row| &row[..count]), &offset[..count]);
    let [r, g, b] = rgb.map(|row| &row[..count]);
    for x in 0..count {
        out[x] = ramp(offset[x] + red[x] * r[x] + green[x] * g[x] + blue[x] * b[x], 0.12, 0.88);
    }
}
