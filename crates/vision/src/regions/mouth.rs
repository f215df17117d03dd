//! Lips, teeth, gums and tongue.

use pixel::colour::Lab;
use pixel::filter::{gauss, guided_colour};
use pixel::rank::quantile;
use pixel::{Plane, Size, ramp};

use super::canvas::{Canvas, lay_over};
use crate::landmarks::{LIPS_INNER, LIPS_OUTER, Mesh};

/// Lips parted less than this, in face widths, show nothing of the inside.
const PARTED: f32 = 0.012;
/// The inner ring is drawn in by this much, in face widths, before teeth are looked for.
const LIP_EDGE: f32 = 0.004;

/// Mattes of the mouth at the resolution of a canvas.
#[derive(Clone, Debug)]
pub struct MouthRegions<M = Plane> {
    /// Lips without the inside of the mouth.
    pub lips: M,
    /// Inside of the mouth; empty when it is closed.
    pub mouth: M,
    /// Teeth: bright and weakly coloured inside the lips, never grown over their edge.
    pub teeth: M,
    /// Gums and tongue: red inside the lips.
    pub gums_tongue: M,
}

impl MouthRegions {
    /// A mouth of which nothing is known.
    pub(crate) fn none(size: Size) -> Self {
        let none = || Plane::zeros(size);
        Self { lips: none(), mouth: none(), teeth: none(), gums_tongue: none() }
    }
}

impl<M> MouthRegions<M> {
    /// The same in mattes of another kind.
    pub(super) fn map<N>(&self, to: impl Fn(&M) -> N) -> MouthRegions<N> {
        let [lips, mouth, teeth, gums_tongue] = self.mattes().map(to);
        MouthRegions { lips, mouth, teeth, gums_tongue }
    }

    /// All mattes.
    pub(super) fn mattes(&self) -> [&M; 4] {
        let Self { lips, mouth, teeth, gums_tongue } = self;
        [lips, mouth, teeth, gums_tongue]
    }
}

/// Finds the parts of the mouth.
pub fn mouth_regions(mesh: &Mesh, canvas: &Canvas<'_>) -> MouthRegions {
    let mut regions = MouthRegions::none(canvas.size());
    let width = canvas.length(mesh.width());
    let outer = mesh.ring(&LIPS_OUTER);
    let rect = canvas.around(&outer, 0.06 * width);
    if rect.is_empty() {
        return regions;
    }
    let rgb = canvas.crop(rect);
    let inset = canvas.inset(&rgb, rect);
    let inner = mesh.ring(&LIPS_INNER);
    let ring = inset.fill(&outer);
    let refined = guided_colour(inset.rgb, &ring, 0.012 * width, 2e-4).map(|v| ramp(v, 0.2, 0.8));
    // Refinement may move the edge, not leave the neighbourhood of the ring.
    let reach = gauss(&ring, 0.012 * width);
    let lips = refined.zip(&reach, |v, r| if r > 0.95 { 1.0 } else { v * ramp(r, 0.03, 0.25) });

    if mesh.mouth_openness() < PARTED {
        lay_over(&mut regions.lips, &lips, rect);
        return regions;
    }
    let mouth = inset.fill(&inner);
    let lips = lips.zip(&mouth, |l, m| l * (1.0 - m));
    let lab = inset.lab();
    let (teeth, gums_tongue) = inside(&lab, &lips, &mouth, width);
    for (plane, part) in [
        (&mut regions.lips, &lips),
        (&mut regions.mouth, &mouth),
        (&mut regions.teeth, &teeth),
        (&mut regions.gums_tongue, &gums_tongue),
    ] {
        lay_over(plane, part, rect);
    }
    regions
}

/// Teeth, and gums with tongue, inside the `mouth`.
fn inside(lab: &Lab, lips: &Plane, mouth: &Plane, width: f32) -> (Plane, Plane) {
    let size = lab.size();
    let nothing = || (Plane::zeros(size), Plane::zeros(size));
    let soft = (0.002 * width).max(0.3);
    let (l, a, b) = (gauss(&lab.l, soft), gauss(&lab.a, soft), gauss(&lab.b, soft));
    let lip_red = quantile(&a, lips, 0.35);
    let (Some(lip_red), Some(brightest)) = (lip_red, quantile(&l, mouth, 0.95)) else {
        return nothing();
    };
    let Some(palest) = quantile(&a, &mouth.zip(&l, |m, l| if l > 0.6 * brightest { m } else { 0.0 }), 0.15)
    else {
        return nothing();
    };
    // A mouth whose palest bright part is as red as the lips shows no teeth.
    let split = palest + 0.55 * (lip_red - palest);
    if lip_red - palest < 4.0 || brightest < 30.0 {
        return nothing();
    }
    let edge = 0.5 * (lip_red - palest);
    let drawn_in = gauss(mouth, LIP_EDGE * width).map(|v| ramp(v, 0.55, 0.95));
    let at = |plane: &Plane, i: usize| plane.samples()[i];
    let mut teeth = Plane::zeros(size);
    let mut red = Plane::zeros(size);
    for i in 0..size.area() {
        let (l, a, b) = (at(&l, i), at(&a, i), at(&b, i));
        let pale = ramp(a, split + 0.5 * edge, split - 0.3 * edge) * ramp(a.hypot(b), 38.0, 30.0);
        let bright = ramp(l, 0.5 * brightest, 0.62 * brightest);
        teeth.samples_mut()[i] = at(&drawn_in, i) * pale * bright;
        red.samples_mut()[i] = at(mouth, i) * (1.0 - pale) * ramp(l, 0.18 * brightest, 0.3 * brightest);
    }
    // A speck of shine on the lip is no tooth.
    let area: f64 = teeth.sum();
    if area < f64::from((0.02 * width).powi(2)) {
        return (Plane::zeros(size), red);
    }
    (teeth, red)
}
