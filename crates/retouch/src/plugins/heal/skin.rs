//! What this person's skin is like: texture bands over several sizes and how strongly each varies from place to place.

use pixel::colour::Lab;
use pixel::filter::{MaskedBlur, gauss, reduce};
use pixel::{Plane, Size};
use rayon::prelude::*;

use super::grid::carry;
use super::look::Look;

/// Finest Gaussian of the scale space, in face widths, and the ratio from one to the next.
pub(super) const FINEST: f32 = 0.0017;
const RATIO: f32 = 1.6;
/// Number of bands; those from `COARSE` on are computed at half size.
const BANDS: usize = 6;
const COARSE: usize = 2;
/// Side of the cells, in face widths, over three of which texture is measured.
const CELL: f32 = 0.06;
/// Roughness from which skin is doubtful.
const ROUGH: f32 = 1.6;
/// Median detail of a smooth face, CIELAB: what is rough only beside skin out of focus, or made up, is not rough.
const SMOOTH: f32 = 0.3;
/// Least median detail, CIELAB, that roughness is measured by.
const FLAT: f32 = 0.05;
/// Cells are at least so many radii of the band wide, so that a mark does not hide in its own measure.
const CELL_OF_RADIUS: f32 = 5.0;

/// One band of texture: a difference of two Gaussians.
pub(super) struct Band {
    /// Samples of the look a sample of this band.
    pub factor: usize,
    /// Radius, in samples of the look, of the discs that answer most strongly.
    pub radius: f32,
    /// Lightness and redness.
    pub planes: [Plane; 2],
    /// How strongly this skin varies in both.
    pub spread: [Spread; 2],
}

/// What a repair goes by: what is left of the texture when everything has been found.
pub(super) struct Stock {
    /// CIELAB with the noise below the finest band taken off; features filled with skin.
    pub soft: Lab,
    /// Deviations by which small structure exceeds two.
    pub unrest: Plane,
    /// Mean size of the finest structure in L*.
    pub energy: Plane,
}

impl Stock {
    /// Bytes held.
    pub fn memory(&self) -> usize {
        5 * self.energy.size().area() * size_of::<f32>()
    }
}

/// The texture of the skin on a look.
pub(super) struct Texture {
    /// CIELAB with the noise below the finest band taken off; features filled with skin.
    pub soft: Lab,
    /// From fine to coarse.
    pub bands: Vec<Band>,
    /// Lightness and redness of lines as thin as hairs: finest Gaussian against the third.
    pub thin: Band,
    /// How much rougher the skin is at a place than this person's usually: stubble, hair, wrinkled skin.
    pub roughness: Spread,
    /// How rough this person's skin is beside a smooth face, 0..1.
    grain: f32,
    /// Lightness of the skin around, without marks.
    pub tone: Plane,
}

impl Texture {
    /// Measures a look.
    pub fn measure(look: &Look) -> Self {
        let sigma = |level: usize| (FINEST * look.width).max(0.7) * RATIO.powi(level as i32);
        let wide = 0.05 * look.width;
        let around = MaskedBlur::new(&look.skin, wide);
        let tone = around.blur(&look.lab.l);
        let mut filled = vec![tone.clone(), around.blur(&look.lab.a), around.blur(&look.lab.b)];
        let planes = [&look.lab.l, &look.lab.a, &look.lab.b];
        filled.par_iter_mut().zip(planes).for_each(|(base, plane)| show_skin(base, plane, &look.skin));
        let soft: Vec<Plane> = filled.par_iter().map(|p| gauss(p, sigma(0))).collect();

        let small: Vec<Plane> = filled[..2].iter().map(|p| reduce(p, 2)).collect();
        let small_skin = reduce(&look.skin, 2).map(|v| if v > 0.99 { 1.0 } else { 0.0 });

        let full: Vec<[Plane; 2]> =
            (1..=COARSE).map(|k| [0, 1].map(|c| gauss(&filled[c], sigma(k)))).collect();
        drop(filled);
        let finest = [&soft[0], &soft[1]];
        let full: Vec<[&Plane; 2]> =
            std::iter::once(finest).chain(full.iter().map(|[l, a]| [l, a])).collect();

        let half: Vec<[Plane; 2]> = (COARSE..=BANDS)
            .into_par_iter()
            .map(|k| [0, 1].map(|c| gauss(&small[c], 0.5 * sigma(k))))
            .collect();
        let half: Vec<[&Plane; 2]> = half.iter().map(|[l, a]| [l, a]).collect();
        let band = |fine: [&Plane; 2], coarse: [&Plane; 2], factor: usize, radius: f32| {
            let planes = [0, 1].map(|c| fine[c].zip(coarse[c], |f, g| f - g));
            let inside = if factor == 1 { &look.skin } else { &small_skin };
            let cell = ((CELL * look.width).max(CELL_OF_RADIUS * radius) / factor as f32).max(4.0);
            let spread = [0, 1].map(|c| Spread::measure(&planes[c], inside, cell));
            Band { factor, radius, planes, spread }
        };
        let bands = (0..BANDS)
            .into_par_iter()
            .map(|k| {
                // A disc answers most strongly to the band whose Gaussians lie around its radius over root two.
                let radius = sigma(k) * RATIO.sqrt() * std::f32::consts::SQRT_2;
                match k < COARSE {
                    true => band(full[k], full[k + 1], 1, radius),
                    false => band(half[k - COARSE], half[k + 1 - COARSE], 2, radius),
                }
            })
            .collect();

        let thin = band(full[0], full[2], 1, sigma(0));

        let (roughness, usual) = Spread::roughness(&thin.planes[0], &look.zone, (0.04 * look.width).max(4.0));
        let grain = (usual / SMOOTH).min(1.0);
        let mut soft = soft.into_iter();
        let mut next = || soft.next().unwrap_or_else(|| Plane::zeros(look.size()));
        let soft = Lab { l: next(), a: next(), b: next() };
        Self { soft, bands, thin, roughness, grain, tone }
    }

    /// Keeps what repairs need.
    pub fn into_stock(self, look: &Look) -> Stock {
        let band = &self.bands[1];
        let strong =
            [0, 1].map(|c| band.planes[c].zip(&band.spread[c].over(look.size()), |v, s| v.abs() / s));
        let unrest = strong[0].zip(&strong[1], |l, a| (l.max(a) - 2.0).max(0.0));
        let fine = look.lab.l.zip(&self.soft.l, |v, s| (v - s).abs());
        Stock { energy: gauss(&fine, 0.008 * look.width), unrest, soft: self.soft }
    }

    /// How much clearer a mark must be because the skin here is rough: 1 on usual skin. On neck and body little
    /// roughness counts too, where the skin is smooth: what makes it is a thin chain or a seam.
    pub fn doubt(&self, look: &Look, x: usize, y: usize) -> f32 {
        let grain = if look.face.at(x, y) > 0.5 { self.grain } else { 1.0 };
        (grain * self.roughness.at(x, y) / ROUGH).max(1.0).powi(2)
    }

    /// Factor that makes a difference of CIELAB values at this place one of optical density: the same pigment
    /// moves dark skin by less than light skin.
    pub fn density(&self, x: usize, y: usize) -> f32 {
        (80.0 / (self.tone.at(x, y) + 16.0)).clamp(0.8, 1.7)
    }
}

/// Puts `plane` in place of what stands in for it, where there is skin.
fn show_skin(base: &mut Plane, plane: &Plane, skin: &Plane) {
    let seen = plane.samples().iter().zip(skin.samples());
    base.samples_mut().iter_mut().zip(seen).for_each(|(v, (plane, skin))| {
        if *skin > 0.5 {
            *v = *plane;
        }
    });
}

/// Local robust deviation of a band.
pub(super) struct Spread {
    cell: f32,
    grid: Plane,
}

impl Spread {
    /// Measures `plane` where `inside` is set, over windows of three cells.
    pub fn measure(plane: &Plane, inside: &Plane, cell: f32) -> Self {
        // Very smooth places are judged by the rest of the skin, not by their own silence.
        let floor = |all: &Counts| deviation(all).unwrap_or(1.0).max(0.02);
        Self::windows(plane, inside, cell, floor, |own, floor| {
            if own.total() < 40 { floor } else { deviation(own).unwrap_or(floor).max(0.6 * floor) }
        })
        .0
    }

    /// Median of absolute values over that of all skin: single marks hardly move it, fields of hair do; and that of
    /// all skin.
    fn roughness(plane: &Plane, inside: &Plane, cell: f32) -> (Self, f32) {
        let usual = |all: &Counts| all.quantiles([0.5])[0].max(FLAT);
        Self::windows(plane, inside, cell, usual, |own, usual| {
            if own.total() < 30 { 1.0 } else { own.quantiles([0.5])[0] / usual }
        })
    }

    /// A value a cell, of the samples of the cells around and of what `overall` says of all samples; and that.
    fn windows(
        plane: &Plane,
        inside: &Plane,
        cell: f32,
        overall: impl Fn(&Counts) -> f32,
        value: impl Fn(&Counts, f32) -> f32,
    ) -> (Self, f32) {
        const SAMPLES: f32 = 8.0;
        let count = |side: usize| ((side as f32 / cell).ceil() as usize).max(1);
        let size = Size::new(count(plane.width()), count(plane.height()));
        let mut cells: Vec<Counts> = vec![Counts::default(); size.area()];
        let stride = ((cell / SAMPLES) as usize).max(1);
        for y in (0..plane.height()).step_by(stride) {
            let first = (y as f32 / cell) as usize * size.width;
            for x in (0..plane.width()).step_by(stride) {
                if inside.at(x, y) > 0.5 {
                    cells[first + (x as f32 / cell) as usize].count(plane.at(x, y).abs());
                }
            }
        }
        let mut all = Counts::default();
        cells.iter().for_each(|cell| all.add(cell));
        let overall = overall(&all);
        let grid = Plane::from_fn(size, |i, j| {
            let mut window = Counts::default();
            for v in j.saturating_sub(1)..(j + 2).min(size.height) {
                for u in i.saturating_sub(1)..(i + 2).min(size.width) {
                    window.add(&cells[v * size.width + u]);
                }
            }
            value(&window, overall)
        });
        (Self { cell, grid }, overall)
    }

    /// The deviations at all samples of a band of this size.
    pub fn over(&self, size: Size) -> Plane {
        carry(&self.grid, size, 1.0 / self.cell, -0.5)
    }

    /// The deviation at a sample of the band.
    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.grid.bilinear(x as f32 / self.cell - 0.5, y as f32 / self.cell - 0.5)
    }
}

/// Deviation from the median and from the upper tail of absolute values: a field of freckles or stubble fills the
/// tail and raises its own measure, a few spots do not.
fn deviation(values: &Counts) -> Option<f32> {
    let [median, tail, end] = values.quantiles([0.5, 0.9, 0.95]);
    (values.total() > 0).then_some(0.25 * 1.4826 * median + 0.35 * tail / 1.645 + 0.4 * end / 1.96)
}

/// How many values lie in each of many narrow ranges, 32 to a doubling: quantiles within 2 in a hundred.
#[derive(Clone, Debug, Default)]
struct Counts {
    total: usize,
    bins: Vec<u32>,
}

impl Counts {
    /// Bits of a float below exponent and five bits of mantissa; bins from 1/64 to 64.
    const FINER: u32 = 18;
    const FIRST: u32 = 1.0f32.to_bits() - (6 << 23);
    const BINS: usize = 12 << 5;

    fn total(&self) -> usize {
        self.total
    }

    fn count(&mut self, value: f32) {
        self.bins.resize(Self::BINS, 0);
        let bin = value.to_bits().saturating_sub(Self::FIRST) >> Self::FINER;
        self.bins[(bin as usize).min(Self::BINS - 1)] += 1;
        self.total += 1;
    }

    fn add(&mut self, other: &Self) {
        if other.total == 0 {
            return;
        }
        self.bins.resize(Self::BINS, 0);
        self.bins.iter_mut().zip(&other.bins).for_each(|(n, m)| *n += m);
        self.total += other.total;
    }

    /// The values below which these shares lie, least share first; 0 of nothing.
    fn quantiles<const N: usize>(&self, shares: [f32; N]) -> [f32; N] {
        let (mut bin, mut passed) = (0, 0);
        shares.map(|share| {
            let rank = (self.total.saturating_sub(1) as f32 * share) as usize;
            while bin < self.bins.len() && passed + self.bins[bin] as usize <= rank {
                passed += self.bins[bin] as usize;
                bin += 1;
            }
            let middle = ((bin as u32) << Self::FINER) + Self::FIRST + (1 << (Self::FINER - 1));
            if bin < self.bins.len() { f32::from_bits(middle) } else { 0.0 }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_counts_are_those_of_the_values() {
        let mut counts = Counts::default();
        (0..1000).for_each(|i| counts.count(0.05 + 0.01 * f32::from(((i * 7) % 1000) as i16)));
        for (found, expected) in counts.quantiles([0.5, 0.9, 0.95]).into_iter().zip([5.04, 9.04, 9.54]) {
            assert!((found / expected - 1.0).abs() < 0.02, "{found} {expected}");
        }
        assert_eq!(Counts::default().quantiles([0.5]), [0.0]);
    }
}
