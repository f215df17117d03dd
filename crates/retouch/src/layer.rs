//! What a plugin draws: small patches at full resolution and broad fields at the eye's resolution.
//!
//! All coordinates are upright full-resolution pixels. Every pixel of a layer is either absent or
//! opaque with its final value, so a layer stacks to the flat result by construction.

use pixel::filter::GuidedModel;
use pixel::{Plane, Rect, Size};

/// The drawing of one plugin.
#[derive(Debug, Default)]
pub struct Layer {
    /// Full-resolution rectangles that replace pixels, laid in order.
    pub patches: Vec<Patch>,
    /// Smooth corrections, evaluated at full resolution while the layer is laid. Soft-light
    /// fields that overlap add their pushes; affine fields are applied in order.
    pub fields: Vec<Field>,
    /// The selection of a mask layer.
    pub mattes: Vec<Matte>,
    /// What was found and done, for the report.
    pub findings: Vec<Finding>,
    /// The plugin's entry in `result.json`.
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

impl Layer {
    /// True when the layer holds nothing that could be seen.
    pub fn is_empty(&self) -> bool {
        self.patches.is_empty() && self.fields.is_empty() && self.mattes.is_empty()
    }

    /// True when everything drawn lies inside an upright picture of that size and planes fit their places.
    pub fn lies_in(&self, size: Size) -> bool {
        let inside = |rect: Rect| rect.right() <= size.width && rect.bottom() <= size.height;
        let patches = self.patches.iter().all(|patch| {
            let area = patch.rect.size();
            inside(patch.rect)
                && patch.rgb.iter().all(|p| p.size() == area)
                && patch.touched.len() == area.area()
        });
        let fits = |grid: Grid, planes: Vec<&Plane>, model: Option<&GuidedModel>| {
            let samples = planes[0].size();
            let models = model.into_iter().flat_map(|m| m.slope.iter().chain([&m.offset]));
            inside(grid.rect)
                && grid.holds(samples)
                && planes.into_iter().chain(models).all(|p| p.size() == samples)
        };
        let mut fields = self.fields.iter().map(|f| (f.grid, f.effect.planes(), f.matte.as_ref()));
        let mut mattes = self.mattes.iter().map(|m| (m.grid, vec![&m.plane], m.guide.as_ref()));
        patches && fields.all(|(g, p, m)| fits(g, p, m)) && mattes.all(|(g, p, m)| fits(g, p, m))
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        let model = |m: &Option<GuidedModel>| m.as_ref().map_or(0, |m| 4 * m.offset.size().area());
        let patches =
            self.patches.iter().map(|p| 3 * p.rgb[0].size().area() * size_of::<f32>() + p.touched.len());
        let fields = self.fields.iter().map(|f| {
            let planes = f.effect.planes();
            planes.len() * planes[0].size().area() + model(&f.matte)
        });
        let mattes = self.mattes.iter().map(|m| m.plane.size().area() + model(&m.guide));
        patches.sum::<usize>() + size_of::<f32>() * fields.chain(mattes).sum::<usize>()
    }

    /// Notes a count or measure for the report.
    pub fn found(&mut self, what: &'static str, value: f64) {
        self.findings.push(Finding { what, value });
    }
}

/// One line of a plugin's report.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Finding {
    /// What was counted or measured.
    pub what: &'static str,
    /// How many, or how much.
    pub value: f64,
}

/// New values for some pixels of a rectangle.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Where the planes lie.
    pub rect: Rect,
    /// New values, encoded document RGB 0..1; read only where `touched` is set.
    pub rgb: [Plane; 3],
    /// One flag a pixel, row after row: true where the patch replaces the picture.
    pub touched: Vec<bool>,
}

impl Patch {
    /// A patch over `rect` from the picture's pixels and the wished ones mixed by `matte` (0..1).
    ///
    /// Pixels whose matte is 0 stay absent.
    pub fn mixed(rect: Rect, picture: &[Plane; 3], wished: &[Plane; 3], matte: &Plane) -> Self {
        let mix = |c: usize| {
            let mut plane = picture[c].clone();
            for ((value, wish), m) in
                plane.samples_mut().iter_mut().zip(wished[c].samples()).zip(matte.samples())
            {
                *value += (wish - *value) * m.clamp(0.0, 1.0);
            }
            plane
        };
        let touched = matte.samples().iter().map(|&m| m > 0.0).collect();
        Self { rect, rgb: [mix(0), mix(1), mix(2)], touched }
    }
}

/// A grid of samples over a part of the picture: sample (i, j) stands for a block of `step` ×
/// `step` pixels whose first pixel is (`x` + i·step, `y` + j·step).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Column of the first block's first pixel.
    pub x: usize,
    /// Row of the first block's first pixel.
    pub y: usize,
    /// Side of a block in pixels.
    pub step: usize,
    /// Pixels covered; the field does nothing outside, blocks may stick out.
    pub rect: Rect,
}

impl Grid {
    /// True when blocks of so many samples cover the whole rectangle.
    fn holds(self, samples: Size) -> bool {
        let reach = |first: usize, count: usize| first.saturating_add(count.saturating_mul(self.step));
        self.step > 0
            && samples.area() > 0
            && (self.x <= self.rect.x && self.y <= self.rect.y)
            && reach(self.x, samples.width) >= self.rect.right()
            && reach(self.y, samples.height) >= self.rect.bottom()
    }
}

/// A smooth correction on a grid; its samples already carry matte and strength, 0 means no change.
#[derive(Clone, Debug)]
pub struct Field {
    /// Where the samples lie.
    pub grid: Grid,
    /// What is done to a pixel.
    pub effect: Effect,
    /// Optional full-resolution matte the effect is multiplied with, refined by the picture itself.
    pub matte: Option<GuidedModel>,
}

/// What a field does to encoded document RGB.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Soft light with these pushes (-1..1) for R, G and B.
    SoftLight([Plane; 3]),
    /// `value * (1 + gain) + offset` with gains and offsets for R, G and B.
    Affine {
        /// Relative change of the value.
        gain: [Plane; 3],
        /// Constant change, in encoded units.
        offset: [Plane; 3],
    },
}

impl Effect {
    /// The pushes, or the gains and then the offsets.
    pub(crate) fn planes(&self) -> Vec<&Plane> {
        match self {
            Self::SoftLight(push) => push.iter().collect(),
            Self::Affine { gain, offset } => gain.iter().chain(offset).collect(),
        }
    }
}

/// A selection on a grid, optionally refined by the full picture. Several in one layer: the larger holds.
#[derive(Clone, Debug)]
pub struct Matte {
    /// Where the samples lie.
    pub grid: Grid,
    /// Selection 0..1 at grid resolution; with a guide, the window the guide's selection is multiplied with.
    pub plane: Plane,
    /// Model of the selection, evaluated on every pixel of the full picture.
    pub guide: Option<GuidedModel>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: Size = Size::new(10, 7);

    fn field(rect: Rect, step: usize, samples: Size) -> Layer {
        let plane = || Plane::zeros(samples);
        let grid = Grid { x: rect.x, y: rect.y, step, rect };
        let effect = Effect::SoftLight([plane(), plane(), plane()]);
        Layer { fields: vec![Field { grid, effect, matte: None }], ..Layer::default() }
    }

    #[test]
    fn a_layer_must_lie_in_the_picture_and_its_samples_must_cover_its_place() {
        assert!(Layer::default().lies_in(PICTURE));
        let whole = PICTURE.rect();
        assert!(field(whole, 4, Size::new(3, 2)).lies_in(PICTURE));
        assert!(!field(whole, 4, Size::new(2, 2)).lies_in(PICTURE), "the right edge has no sample");
        assert!(!field(whole, 4, Size::new(3, 0)).lies_in(PICTURE));
        assert!(!field(whole, 0, Size::new(3, 2)).lies_in(PICTURE));
        assert!(!field(Rect::from_edges(4, 0, 11, 7), 1, Size::new(7, 7)).lies_in(PICTURE));
    }

    #[test]
    fn planes_of_one_drawing_have_one_size() {
        let mut layer = field(PICTURE.rect(), 1, PICTURE);
        if let Effect::SoftLight(push) = &mut layer.fields[0].effect {
            push[2] = Plane::zeros(Size::new(10, 6));
        }
        assert!(!layer.lies_in(PICTURE));
        let rect = Rect::from_edges(2, 2, 5, 6);
        let plane = || Plane::zeros(rect.size());
        let patch = |touched: usize| Layer {
            patches: vec![Patch { rect, rgb: [plane(), plane(), plane()], touched: vec![true; touched] }],
            ..Layer::default()
        };
        assert!(patch(12).lies_in(PICTURE));
        assert!(!patch(11).lies_in(PICTURE));
    }
}
