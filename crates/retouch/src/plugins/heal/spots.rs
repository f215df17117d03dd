//! Finds small marks that differ from the skin all around them.

use pixel::rank::median;
use pixel::{Plane, Rect, Size, wide_lanes};
use rayon::prelude::*;

use super::grid::Distances;
use super::look::Look;
use super::places::cells;
use super::skin::{Band, Texture};

/// A band must answer this many times more strongly than this skin usually does.
const NOTICED: f32 = 3.0;
/// Answers below this are noise in any skin.
const LEAST_ANSWER: f32 = 0.3;
/// Answer and contrast (units of CIELAB at medium skin) of the faintest mark that is healed at full sensitivity.
const ANSWER: f32 = 3.9;
const CONTRAST: f32 = 2.6;
/// What specks need on top, and the radii (face widths) between which they need it: the eye averages them away.
const SPECK_CONTRAST: f32 = 1.8;
const SPECK: [f32; 2] = [0.003, 0.011];
/// Power of the doubt of rough skin that red marks are under.
const RED_DOUBT: f32 = 0.4;
/// Saliency below which a spot is not even counted.
const NOTED: f32 = 0.6;
/// Weight of a* and b* against L* in how much a mark is seen.
const CHROMA: f32 = 0.6;
/// Sectors of the ring of skin around a mark.
const SECTORS: usize = 8;
/// Least margin around a spot, in face widths.
const SPOT_MARGIN: f32 = 0.0035;
/// Range of lightness around a mark, in contrasts of the mark, from which, to which, it is the light that varies.
const UNEVEN: [f32; 2] = [1.0, 2.0];
/// Share of the contrast that the second weakest side must show.
const ROUND: [f32; 2] = [0.3, 0.55];

/// A place that differs from the skin around it.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    /// Centre in samples.
    pub x: f32,
    /// Centre in samples.
    pub y: f32,
    /// Visible radius in samples.
    pub radius: f32,
    /// Colour of the core less that of the ring, CIELAB in optical-density units.
    pub shift: [f32; 3],
    /// Size of the shift as it is seen, in plain CIELAB.
    pub plain: f32,
    /// Size of the shift as it is seen.
    pub contrast: f32,
    /// How clearly it stands out: 1 is just healed at full sensitivity.
    pub saliency: f32,
    /// Samples that belong to it.
    pub footprint: Vec<usize>,
    /// How far its colour reaches beyond them, in samples.
    pub margin: f32,
    /// Length over breadth of what shares at least half of its colour and touches it: 1 is round, folds of the skin
    /// and the edges of its forms go on.
    pub elongation: f32,
    /// Share of its core where nothing may be healed, 0..1.
    pub cut: f32,
    /// How even the light is around it, 0..1.
    pub even: f32,
    /// False when a clearer spot was found at the same place.
    pub first: bool,
}

/// All spots, the clearest first.
pub(super) fn find_spots(look: &Look, texture: &Texture) -> Vec<Spot> {
    let of_band = |band: &Band| {
        let surroundings = Surroundings::new(band.radius);
        let mut spots = Vec::new();
        for (channel, sign) in [(0, -1.0f32), (0, 1.0), (1, 1.0)] {
            for (x, y, answer) in peaks(look, band, channel, sign) {
                spots.extend(measure(look, texture, band.radius, &surroundings, (x, y), answer));
            }
        }
        spots
    };
    let mut spots: Vec<Spot> = texture.bands.par_iter().flat_map_iter(of_band).collect();
    spots.sort_by(|a, b| {
        b.saliency.total_cmp(&a.saliency).then(a.y.total_cmp(&b.y)).then(a.x.total_cmp(&b.x))
    });
    for i in 1..spots.len() {
        let (earlier, rest) = spots.split_at_mut(i);
        let spot = &mut rest[0];
        let same = |other: &Spot| {
            other.first && (other.x - spot.x).hypot(other.y - spot.y) < other.radius.max(spot.radius)
        };
        spot.first = !earlier.iter().any(same);
    }
    spots
}

/// Local maxima of a band that stand out from this skin, in samples of the look.
fn peaks(look: &Look, band: &Band, channel: usize, sign: f32) -> Vec<(usize, usize, f32)> {
    let (plane, spread) = (&band.planes[channel], &band.spread[channel]);
    let mut found = Vec::new();
    let (width, height) = (plane.width(), plane.height());
    let mut lead = vec![0.0f32; width.saturating_sub(2)];
    for y in 1..height.saturating_sub(1) {
        wide_lanes(|| lead_over_neighbours([y - 1, y, y + 1].map(|y| plane.row(y)), sign, &mut lead));
        for x in (1..width).zip(&lead).filter(|(_, lead)| **lead >= 0.0).map(|(x, _)| x) {
            let centre = |k: usize| k * band.factor + band.factor / 2;
            let (cx, cy) = (centre(x).min(look.size().width - 1), centre(y).min(look.size().height - 1));
            if look.zone.at(cx, cy) < 0.5 {
                continue;
            }
            let answer = sign * plane.at(x, y) / spread.at(x, y);
            if answer > NOTICED {
                found.push((cx, cy, answer));
            }
        }
    }
    found
}

/// How far the inner samples of the middle row lie over the highest of their eight neighbours; below 0 where they are
/// not high at all. Without a branch, so that the compiler takes many at once.
#[inline(always)]
fn lead_over_neighbours(rows: [&[f32]; 3], sign: f32, lead: &mut [f32]) {
    let higher = |a: f32, b: f32| if a > b { a } else { b };
    let [above, row, below] = rows.map(|row| [0, 1, 2].map(|from| &row[from..][..lead.len()]));
    for (x, lead) in lead.iter_mut().enumerate() {
        let highest = |row: [&[f32]; 3]| higher(higher(sign * row[0][x], sign * row[1][x]), sign * row[2][x]);
        let beside = higher(sign * row[0][x], sign * row[2][x]);
        let value = sign * row[1][x];
        let over = value - higher(higher(highest(above), highest(below)), beside);
        *lead = if value < LEAST_ANSWER { -1.0 } else { over };
    }
}

/// Colour, contrast and extent of a peak; `None` when it does not differ from its surroundings all around.
fn measure(
    look: &Look,
    texture: &Texture,
    radius: f32,
    surroundings: &Surroundings,
    at: (usize, usize),
    answer: f32,
) -> Option<Spot> {
    let (x, y) = (at.0 as f32, at.1 as f32);
    let core = surroundings.core_colour(texture, at);
    let ring = surroundings.sector_colours(look, texture, at)?;
    let around = [0, 1, 2].map(|c| median(ring.iter().map(|sector| sector[c]).collect()));
    let density = texture.density(at.0, at.1);
    let shift = [0, 1, 2].map(|c| (core[c] - around[c]) * density);
    let contrast = seen(shift);
    if contrast < 0.5 * CONTRAST {
        return None;
    }
    let direction = weigh(shift).map(|v| v / contrast);
    let mut sides: Vec<f32> = ring
        .iter()
        .map(|sector| {
            let away = weigh([0, 1, 2].map(|c| (core[c] - sector[c]) * density));
            (0..3).map(|c| away[c] * direction[c]).sum::<f32>() / contrast
        })
        .collect();
    sides.sort_by(f32::total_cmp);
    let round_by = |sides: &[f32]| ((sides[1] - ROUND[0]) / (ROUND[1] - ROUND[0])).clamp(0.0, 1.0);
    let mut round = round_by(&sides);
    let even = evenness(&ring, contrast / density);
    let red = shift[1] > 0.9 * shift[0].abs();
    // Shade beside a red mark hides it less in its redness than in its lightness.
    if red {
        let mut redder: Vec<f32> =
            ring.iter().map(|sector| (core[1] - sector[1]) * density / shift[1]).collect();
        redder.sort_by(f32::total_cmp);
        round = round.max(even * round_by(&redder));
    }
    // Stubble and wrinkles are light and dark: where they are rough, what is red is hardly less certain.
    let doubt = texture.doubt(look, at.0, at.1).powf(if red { RED_DOUBT } else { 1.0 });
    let small = ((SPECK[1] - radius / look.width) / (SPECK[1] - SPECK[0])).clamp(0.0, 1.0);
    let saliency = (answer / ANSWER).min(contrast / (CONTRAST + SPECK_CONTRAST * small)) * round / doubt;
    if saliency < NOTED {
        return None;
    }
    let along = |i: usize| {
        let here = [&texture.soft.l, &texture.soft.a, &texture.soft.b].map(|plane| plane.samples()[i]);
        let away = weigh([0, 1, 2].map(|c| (here[c] - around[c]) * density));
        (0..3).map(|c| away[c] * direction[c]).sum::<f32>() / contrast
    };
    let footprint = footprint(look, (x, y), radius, &along);
    let margin = margin(look, &footprint, &along);
    let (elongation, cut) = core_shape(look, (x, y), radius, &along);
    let extent = (footprint.len() as f32 / std::f32::consts::PI).sqrt();
    Some(Spot {
        x,
        y,
        radius: extent,
        shift,
        plain: contrast / density,
        contrast,
        saliency,
        margin,
        elongation,
        cut,
        footprint,
        even,
        first: true,
    })
}

/// How even the skin around a mark of some contrast is in its light, 0..1: where that varies by far more than the mark
/// does, it may be the edge of a shadow.
fn evenness(ring: &[[f32; 3]], contrast: f32) -> f32 {
    let mut lightness: Vec<f32> = ring.iter().map(|sector| sector[0]).collect();
    lightness.sort_by(f32::total_cmp);
    let spread = lightness[lightness.len() - 2] - lightness[1];
    ((UNEVEN[1] - spread / contrast) / (UNEVEN[1] - UNEVEN[0])).clamp(0.0, 1.0)
}

fn weigh(shift: [f32; 3]) -> [f32; 3] {
    [shift[0], CHROMA * shift[1], CHROMA * shift[2]]
}

/// How much a difference of CIELAB values is seen.
pub(super) fn seen(shift: [f32; 3]) -> f32 {
    weigh(shift).iter().map(|v| v * v).sum::<f32>().sqrt()
}

/// Where the core and the ring of skin around a mark of one size lie, from its centre.
struct Surroundings {
    core: Vec<(isize, isize)>,
    /// With the sector of each sample.
    ring: Vec<(isize, isize, usize)>,
}

impl Surroundings {
    fn new(radius: f32) -> Self {
        let core_radius = (0.6 * radius).max(0.9);
        let (inner, outer) = (1.7 * radius + 1.0, 2.5 * radius + 2.5);
        let square = |reach: f32, stride: usize| {
            let side = move || (-(reach as isize)..=reach as isize).step_by(stride);
            side().flat_map(move |dy| side().map(move |dx| (dx, dy)))
        };
        let away = |dx: isize, dy: isize| (dx as f32).hypot(dy as f32);
        let core = square(core_radius, 1).filter(|&(dx, dy)| away(dx, dy) <= core_radius).collect();
        let stride = ((outer / 8.0) as usize).max(1);
        let ring = square(outer, stride)
            .filter(|&(dx, dy)| (inner..=outer).contains(&away(dx, dy)))
            .map(|(dx, dy)| {
                let turn = (dy as f32).atan2(dx as f32) / std::f32::consts::TAU + 0.5;
                (dx, dy, ((turn * SECTORS as f32) as usize).min(SECTORS - 1))
            })
            .collect();
        Self { core, ring }
    }

    fn core_colour(&self, texture: &Texture, at: (usize, usize)) -> [f32; 3] {
        let places = self.core.iter().filter_map(|&(dx, dy)| moved(at, (dx, dy), texture.soft.size()));
        let (mut sum, mut count) = ([0.0f32; 3], 0.0f32);
        for (u, v) in places {
            let value = texture.soft.at(u, v);
            (0..3).for_each(|c| sum[c] += value[c]);
            count += 1.0;
        }
        sum.map(|s| s / count.max(1.0))
    }

    /// Mean colours of the sectors as far as they show skin; `None` with fewer than six.
    fn sector_colours(&self, look: &Look, texture: &Texture, at: (usize, usize)) -> Option<Vec<[f32; 3]>> {
        let mut sums = [[0.0f32; 4]; SECTORS];
        for &(dx, dy, sector) in &self.ring {
            let Some((u, v)) = moved(at, (dx, dy), look.size()) else { continue };
            if look.skin.at(u, v) > 0.5 {
                let value = texture.soft.at(u, v);
                (0..3).for_each(|c| sums[sector][c] += value[c]);
                sums[sector][3] += 1.0;
            }
        }
        let seen: Vec<[f32; 3]> =
            sums.iter().filter(|s| s[3] >= 2.0).map(|s| [s[0] / s[3], s[1] / s[3], s[2] / s[3]]).collect();
        (seen.len() >= 6).then_some(seen)
    }
}

fn moved(at: (usize, usize), by: (isize, isize), size: Size) -> Option<(usize, usize)> {
    let (x, y) = (at.0.checked_add_signed(by.0)?, at.1.checked_add_signed(by.1)?);
    (x < size.width && y < size.height).then_some((x, y))
}

/// The samples around the centre that share the mark's colour, with a disc of its radius.
fn footprint(look: &Look, centre: (f32, f32), radius: f32, along: &impl Fn(usize) -> f32) -> Vec<usize> {
    const BELONGS: f32 = 0.15;
    let reach = 2.2 * radius + 2.0;
    let whole = 1.3 * radius + 0.5;
    let belongs = |away: f32, index: usize| {
        look.reach.samples()[index] > 0.5 && (away <= whole || along(index) > BELONGS)
    };
    connected(look.size(), centre, reach, belongs)
}

/// Length over breadth (deviations along and across) of the core that touches the centre, and the share of it that lies
/// beyond what may be healed.
fn core_shape(look: &Look, centre: (f32, f32), radius: f32, along: &impl Fn(usize) -> f32) -> (f32, f32) {
    const CORE: f32 = 0.5;
    // Three radii show whether it ends, as marks do, or goes on.
    let core = connected(look.size(), centre, 3.0 * radius + 2.0, |_, index| along(index) > CORE);
    let (count, width) = (core.len().max(1) as f32, look.size().width);
    let places = || core.iter().map(|i| [(i % width) as f32, (i / width) as f32]);
    let [mx, my] = [0, 1].map(|k| places().map(|p| p[k]).sum::<f32>() / count);
    let moment = |f: fn(f32, f32) -> f32| places().map(|p| f(p[0] - mx, p[1] - my)).sum::<f32>() / count;
    // A sample is a square, not a point: variance 1/12.
    let (xx, yy) = (moment(|x, _| x * x) + 1.0 / 12.0, moment(|_, y| y * y) + 1.0 / 12.0);
    let xy = moment(|x, y| x * y);
    let root = (0.25 * (xx - yy) * (xx - yy) + xy * xy).sqrt();
    let (long, short) = (0.5 * (xx + yy) + root, 0.5 * (xx + yy) - root);
    let cut = core.iter().filter(|&&i| look.reach.samples()[i] < 0.5).count() as f32 / count;
    ((long / short.max(1.0 / 12.0)).sqrt(), cut)
}

/// The centre and the samples connected to it that belong, by their distance from it and their index; in order.
fn connected(size: Size, centre: (f32, f32), reach: f32, belongs: impl Fn(f32, usize) -> bool) -> Vec<usize> {
    let start =
        (centre.1 as usize).min(size.height - 1) * size.width + (centre.0 as usize).min(size.width - 1);
    let mut open = vec![start];
    let mut taken = vec![start];
    let near = Rect::cover(
        centre.0 - reach - 1.0,
        centre.1 - reach - 1.0,
        centre.0 + reach + 2.0,
        centre.1 + reach + 2.0,
        size,
    );
    let place = |x: usize, y: usize| (y - near.y) * near.width + x - near.x;
    let mut seen = vec![false; near.size().area()];
    seen[place(start % size.width, start / size.width)] = true;
    while let Some(index) = open.pop() {
        let (x, y) = (index % size.width, index / size.width);
        let neighbours = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
        for (u, v) in neighbours {
            if !near.contains(u, v) {
                continue;
            }
            let next = v * size.width + u;
            let away = (u as f32 - centre.0).hypot(v as f32 - centre.1);
            let fresh = !std::mem::replace(&mut seen[place(u, v)], true);
            if !fresh || away > reach || !belongs(away, next) {
                continue;
            }
            taken.push(next);
            open.push(next);
        }
    }
    taken.sort_unstable();
    taken
}

/// The distance from a footprint, in samples, at which hardly anything of the mark's colour is left.
fn margin(look: &Look, footprint: &[usize], along: &impl Fn(usize) -> f32) -> f32 {
    const GONE: f32 = 0.08;
    let least = (SPOT_MARGIN * look.width).max(1.2);
    let most = (2.0 * least).ceil();
    let width = look.size().width;
    let away = distances(look, footprint, most);
    let mut shells = vec![(0.0f32, 0.0f32); most as usize + 1];
    for (x, y) in cells(away.near) {
        let d = away.at(x, y).ceil();
        if d > 0.0 && d <= most {
            let shell = &mut shells[d as usize];
            shell.0 += along(y * width + x);
            shell.1 += 1.0;
        }
    }
    let left = |d: usize| shells[d].0 / shells[d].1.max(1.0);
    let mut reach = least.ceil() as usize;
    while reach < most as usize && left(reach) > GONE && left(reach + 1) < left(reach) {
        reach += 1;
    }
    (reach as f32).max(least)
}

/// Distances from some samples of the look as far as `reach` around them.
pub(super) fn distances(look: &Look, samples: &[usize], reach: f32) -> Distances {
    let width = look.size().width;
    let places = || samples.iter().map(|&i| (i % width, i / width));
    let bounds =
        places().fold(Rect::from_edges(0, 0, 0, 0), |r, (x, y)| r.union(Rect { x, y, width: 1, height: 1 }));
    Distances::new(places(), bounds, reach, look.size())
}

/// Sets the samples of the footprints to 1.
pub(super) fn stamp<'a>(plane: &mut Plane, footprints: impl Iterator<Item = &'a Vec<usize>>) {
    for footprint in footprints {
        for &index in footprint {
            plane.samples_mut()[index] = 1.0;
        }
    }
}
