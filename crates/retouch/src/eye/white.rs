//! The white of an eye, told from its lids by place and colour.

use pixel::colour::Lab;
use pixel::filter::{enlarge, gauss, reduce};
use pixel::{Plane, ramp};

use super::iris::Iris;
use super::lids::Lids;
use super::{distance, flags, median, toward};
use crate::feature::quantile;

/// Half the breadth up to which something red in the white is a vessel, in iris radii, and at least, in pixels.
const THIN: f32 = 0.13;
const LEAST_THIN: f32 = 2.0;
/// How far from the white to the lids a colour is the lid's, near the lids and deep between them.
const LID: [f32; 2] = [0.5, 0.85];
/// Depth between the lids from which a place is deep, in iris radii.
const DEEP: f32 = 0.2;

/// What of an eye's white does not depend on where its lids are.
pub(super) struct White {
    iris: Iris,
    /// 1 off the iris and the inner corner.
    place: Plane,
    /// CIELAB over the breadth of a vessel and more.
    smooth: [Plane; 3],
    /// CIELAB on every `step`th pixel, just smooth enough to be free of grain.
    few: [Plane; 3],
    step: usize,
}

/// How far each place is on the way from the surest white (0) to the lids (1), vessels left out.
pub(super) struct Likeness {
    pub share: Plane,
    /// L* of the surest white.
    pale: f32,
}

impl White {
    /// Looks at the eye between its corners.
    pub fn look(lab: &Lab, lids: &Lids, iris: Iris) -> Self {
        let r = iris.radius;
        let span = distance(lids.outer, lids.inner);
        let place = Plane::from_fn(lab.size(), |x, y| {
            let p = [x as f32, y as f32];
            ramp(distance(p, iris.centre), 1.03 * r + 0.3, 1.12 * r + 0.8)
                * ramp(distance(p, lids.inner), 0.09 * span, 0.17 * span)
        });
        let planes = [&lab.l, &lab.a, &lab.b];
        let smooth = planes.map(|plane| gauss(plane, 0.1 * r));
        // As few samples as still show an iris say as much as all.
        let step = ((r / 16.0) as usize).max(1);
        let few = planes.map(|plane| gauss(&reduce(plane, step), 0.04 * r / step as f32));
        Self { iris, place, smooth, few, step }
    }

    /// Tells white from lids where they are; `None` when too little of either can be seen.
    pub fn likeness(&self, lids: &Lids) -> Option<Likeness> {
        let (r, size, lightness) = (self.iris.radius, self.place.size(), &self.smooth[0]);
        // The surest white: deep between the lids, the lighter half of it.
        let deep = lids.inside.zip(&self.place, |d, p| if d > 0.12 * r + 0.5 { p } else { 0.0 });
        let light = quantile(lightness, &deep, 0.6, 6)?;
        let sure = deep.zip(lightness, |d, v| if v >= light { d } else { 0.0 });
        // The lower lid: the upper one lies in the shadow of its fold, under lashes, make-up or the rim of glasses.
        let lid = flags(size, |x, y| lids.is_lower_lid(x, y, [0.3 * r, 0.6 * r]));
        let (pale, skin) = (median(&self.smooth, &sure)?, median(&self.smooth, &lid)?);
        let thin = (THIN * r).max(LEAST_THIN) / self.step as f32;
        let share = without_thin(&toward(&self.few, pale, skin, 0.35), thin);
        Some(Likeness { share: enlarge(&share, self.step, size), pale: pale[0] })
    }

    /// The white by its place (between the lids, beside the iris, off the inner corner), as far as its colour is nearer to
    /// the surest part of it than to the lids. Vessels are part of it: they are as red as lids, but thin.
    pub fn matte(self, lids: &Lids, likeness: &Likeness) -> Plane {
        let (r, pale) = (self.iris.radius, likeness.pale);
        let depth = lids.inside.zip(&lids.outside, |i, o| i - o);
        let mut white = self.place;
        for (i, value) in white.samples_mut().iter_mut().enumerate() {
            let [depth, l, share] = [&depth, &self.smooth[0], &likeness.share].map(|p| p.samples()[i]);
            // Whites are pink here and there, lids begin where they seem to.
            let limit = LID[0] + (LID[1] - LID[0]) * ramp(depth, 0.0, DEEP * r);
            let lit = ramp(l, 0.5 * pale, 0.7 * pale) * ramp(l, 1.6 * pale + 12.0, 1.3 * pale + 8.0);
            *value *= ramp(share, limit + 0.15, limit) * lit * ramp(depth, -0.15 * r, 0.1 * r + 0.5);
        }
        white
    }
}

/// A plane without what rises above its surroundings and is thinner than twice `reach`: an opening (Serra, 1982) by a
/// square.
fn without_thin(plane: &Plane, reach: f32) -> Plane {
    let reach = (reach.round() as isize).max(1);
    let along = |plane: &Plane, (dx, dy): (isize, isize), pick: fn(f32, f32) -> f32| {
        Plane::from_fn(plane.size(), |x, y| {
            let at = |t: isize| plane.at_clamped(x as isize + t * dx, y as isize + t * dy);
            (-reach..=reach).map(at).fold(at(0), pick)
        })
    };
    let pick = |plane: &Plane, pick| along(&along(plane, (1, 0), pick), (0, 1), pick);
    pick(&pick(plane, f32::min), f32::max)
}
