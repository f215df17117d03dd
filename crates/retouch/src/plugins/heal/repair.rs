//! Repairs marks with real skin from nearby, cloned so that light and colour go on from the skin around.

use pixel::colour::Lab;
use pixel::filter::gauss;
use pixel::{Plane, Rect, Size};
use rayon::prelude::*;

use super::grid::{carry, grown};
use super::look::Look;
use super::places::{Place, cells, places, thinned};
use super::rings::Middle;
use super::separate::{AROUND, Course, Ground, detail, under, wide};
use super::skin::Stock;
use super::tone::{clean_tone, tone, two_tones};
use crate::layer::Patch;
use crate::scene::Scene;

/// Directions and distances (in face widths beyond the mark's own size) in which clean skin is looked for.
const DIRECTIONS: usize = 24;
const DISTANCES: [f32; 7] = [0.008, 0.02, 0.035, 0.055, 0.08, 0.12, 0.17];
/// Sources that are tried at full resolution.
const TRIED: usize = 10;
/// Share of a source that may be other marks or too near to features.
const DIRT: f32 = 0.06;
/// Detail finer than this (Gaussian sigma, face widths) is taken over whole; softer mottling by this share.
const FINE: f32 = 0.006;
const MOTTLING: f32 = 0.25;
/// Bands of detail hidden by a mark that are made up whole.
const WHOLE_BANDS: usize = 2;
/// How strong the detail left of a mark may be against that of the skin around, and its peaks.
const OWN_TEXTURE: [f32; 2] = [0.6, 1.35];
const OWN_PEAK: f32 = 1.6;
/// Share of its strongest part from which a repair counts as its body and not as its border.
const BODY: f32 = 0.3;
/// Softness of the border of a repair, in face widths.
const BORDER: f32 = 0.0016;
/// Wished range of the texture inside against that of the ring, and the range beyond which nothing is healed.
const TEXTURE: [f32; 2] = [0.8, 1.25];
const TEXTURE_AT_ALL: f32 = 1.7;

/// Where clean skin lies, and what is known of it.
pub(super) struct Sources<'a> {
    pub clean: Plane,
    pub stock: &'a Stock,
}

impl<'a> Sources<'a> {
    /// `marks` are all clear marks, healed or not.
    pub fn new(look: &Look, stock: &'a Stock, marks: &Plane) -> Self {
        let dirty = marks.zip(&look.zone, |mark, zone| if mark > 0.5 || zone < 0.5 { 1.0 } else { 0.0 });
        let margin = (0.003 * look.width).max(1.0);
        let clean = grown(&dirty, margin).map(|near| 1.0 - near);
        Self { clean, stock }
    }
}

/// What is to be healed.
pub(super) struct Wish {
    /// The share to be healed, 0..1.
    pub share: Plane,
    /// The middles of the spots that are to be healed.
    pub middles: Vec<Middle>,
    /// 1 where no spot is to be healed, and the courses of the lines that are.
    pub strokes: Plane,
    pub courses: Vec<Course>,
}

/// Full-resolution patches for every place of the wish that can be repaired well.
pub(super) fn repair(scene: &Scene<'_>, look: &Look, sources: &Sources<'_>, wish: &Wish) -> Vec<Patch> {
    let wanted = &wish.share;
    let soft = gauss(wanted, (BORDER * look.width).max(0.8))
        .zip(&look.reach, |v, reach| if v < 0.02 { 0.0 } else { v * reach });
    let wanted = &soft;
    let places = places(look, wanted);
    places
        .par_iter()
        .filter_map(|place| {
            if scene.cancelled() {
                return None;
            }
            repair_place(scene, look, sources, wish, wanted, place)
        })
        .collect()
}

fn repair_place(
    scene: &Scene<'_>,
    look: &Look,
    sources: &Sources<'_>,
    wish: &Wish,
    wanted: &Plane,
    place: &Place,
) -> Option<Patch> {
    let target = full_rect(look, place.bounds);
    let picture = scene.read(target);
    let matte = full_matte(look, wanted, place, target);
    let repair = Repair {
        scene,
        look,
        sources,
        wish,
        place,
        target,
        before: &scene.lab(&picture),
        matte: &matte,
        offsets: &best_offsets(look, sources, place),
    };
    let spot = mean(&place.inside, |x, y| wish.strokes.at(x, y)) < 0.5;
    let across_shadow = spot.then(|| two_tones(sources.stock, place)).flatten();
    let healed = across_shadow
        .and_then(|tone| repair.in_tone(&tone))
        .or_else(|| repair.in_tone(&clean_tone(look, sources, place, spot && place.whole)))?;
    Some(Patch::mixed(target, &picture, &scene.document(&healed), &matte))
}

/// One place on its way to be repaired.
struct Repair<'a> {
    scene: &'a Scene<'a>,
    look: &'a Look,
    sources: &'a Sources<'a>,
    wish: &'a Wish,
    place: &'a Place,
    /// The place's bounds in the picture, and what is there.
    target: Rect,
    before: &'a Lab,
    matte: &'a Plane,
    /// Where skin fits, best first.
    offsets: &'a [(isize, isize)],
}

impl Repair<'_> {
    /// The target healed in the tone that the place is given; `None` where neither what lies under the mark nor skin from
    /// nearby has the texture of the skin around.
    fn in_tone(&self, tone: &[Plane; 3]) -> Option<Lab> {
        self.uncovered(tone).or_else(|| self.cloned(tone))
    }

    /// The mark alone taken off.
    fn uncovered(&self, tone: &[Plane; 3]) -> Option<Lab> {
        let &Self { look, place, before, matte, target, .. } = self;
        let mark = mark(look, self.sources, self.wish, tone, place, self.offsets.first().copied())?;
        let healed = without(look, before, &mark);
        detail_fits(look, before, &healed, matte, place, target).then_some(healed)
    }

    /// The skin from nearby whose texture fits best.
    fn cloned(&self, own_tone: &[Plane; 3]) -> Option<Lab> {
        let &Self { scene, look, place, target, .. } = self;
        let mut best: Option<(f32, Lab)> = None;
        for &offset in self.offsets {
            let (dx, dy) = (offset.0 * look.step as isize, offset.1 * look.step as isize);
            let Some(source) = shifted(target, dx, dy, scene.size()) else { continue };
            let skin = scene.lab(&scene.read(source));
            let healed = clone(look, own_tone, &tone(self.sources.stock, place, offset), &skin);
            let ratio = texture_ratio(look, self.before, &healed, self.matte, place, target);
            let miss = ratio.ln().abs();
            if best.as_ref().is_none_or(|(least, _)| miss < *least) {
                best = Some((miss, healed));
            }
            if ratio > TEXTURE[0] && ratio < TEXTURE[1] {
                break;
            }
        }
        best.filter(|(miss, _)| *miss <= TEXTURE_AT_ALL.ln()).map(|(_, healed)| healed)
    }
}

/// The offsets whose skin fits best, best first: clean all over, of like colour, light and texture along the ring.
fn best_offsets(look: &Look, sources: &Sources<'_>, place: &Place) -> Vec<(isize, isize)> {
    let size = look.size();
    let extent = 0.5 * place.inside.len() as f32;
    let own = (extent / std::f32::consts::FRAC_PI_2).sqrt();
    let ring = thinned(&place.ring, 48);
    let replaced = thinned(&place.inside, 96);
    let energy_here = mean(&ring, |x, y| sources.stock.energy.at(x, y)).max(0.05);
    let mut found: Vec<(f32, (isize, isize))> = Vec::new();
    for (far, distance) in DISTANCES.iter().enumerate() {
        for n in 0..DIRECTIONS {
            let angle = (n as f32 + 0.5 * (far % 2) as f32) / DIRECTIONS as f32 * std::f32::consts::TAU;
            let reach = own * 1.3 + distance * look.width;
            let offset = ((reach * angle.cos()).round() as isize, (reach * angle.sin()).round() as isize);
            let at = |x: usize, y: usize| {
                let (u, v) = (x as isize + offset.0, y as isize + offset.1);
                let inside = u >= 0 && v >= 0 && u < size.width as isize && v < size.height as isize;
                inside.then_some((u as usize, v as usize))
            };
            let inside = |&(x, y): &(usize, usize)| at(x, y).is_some_and(|(u, v)| look.skin.at(u, v) > 0.5);
            if !ring.iter().chain(&replaced).all(inside) {
                continue;
            }
            let there = |x: usize, y: usize| at(x, y).unwrap_or((x, y));
            let dirt = mean(&replaced, |x, y| {
                let (u, v) = there(x, y);
                1.0 - sources.clean.at(u, v)
            });
            if dirt > DIRT {
                continue;
            }
            let mut differences = [0.0f32; 3];
            let mut squares = [0.0f32; 3];
            for &(x, y) in &ring {
                let (u, v) = there(x, y);
                let (t, s) = (sources.stock.soft.at(x, y), sources.stock.soft.at(u, v));
                for c in 0..3 {
                    let d = t[c] - s[c];
                    differences[c] += d / ring.len() as f32;
                    squares[c] += d * d / ring.len() as f32;
                }
            }
            let varies =
                (0..3).map(|c| (squares[c] - differences[c] * differences[c]).max(0.0)).sum::<f32>().sqrt();
            let offset_colour = differences.iter().map(|d| d * d).sum::<f32>().sqrt();
            let energy_there = mean(&replaced, |x, y| {
                let (u, v) = there(x, y);
                sources.stock.energy.at(u, v)
            });
            let unrest = mean(&replaced, |x, y| {
                let (u, v) = there(x, y);
                sources.stock.unrest.at(u, v)
            });
            let grain = (energy_there.max(0.05) / energy_here).ln().abs();
            let cost =
                varies + 0.25 * offset_colour + 4.0 * grain + 3.0 * unrest + 20.0 * dirt + 6.0 * distance;
            found.push((cost, offset));
        }
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    found.into_iter().take(TRIED).map(|f| f.1).collect()
}

fn mean(cells: &[(usize, usize)], value: impl Fn(usize, usize) -> f32) -> f32 {
    cells.iter().map(|&(x, y)| value(x, y)).sum::<f32>() / cells.len().max(1) as f32
}

/// The tone of the place with the source's texture: its finer detail as it is, its soft mottling in part, because
/// the mottling of another place is no more right than none.
fn clone(look: &Look, tone: &[Plane; 3], source_tone: &[Plane; 3], source: &Lab) -> Lab {
    let step = look.step as f32;
    let sigma = (FINE * look.width * step).max(1.2);
    let full = |c: usize, skin: &Plane| {
        let over = |tone: &Plane| carry(tone, skin.size(), 1.0 / step, 0.5 / step - 0.5);
        // Own tone, fine detail and a part of the mottling: skin - smooth + MOTTLING * (smooth - other).
        let mut out = gauss(skin, sigma).zip(skin, |smooth, skin| skin - (1.0 - MOTTLING) * smooth);
        out.apply_with(&over(&tone[c].zip(&source_tone[c], |own, other| own - MOTTLING * other)), |v, t| {
            v + t
        });
        out
    };
    Lab { l: full(0, &source.l), a: full(1, &source.a), b: full(2, &source.b) }
}

/// What a mark adds to the skin under it, on the bounds of its place; what it hides is made up from the skin at
/// `offset`. `None` when the skin around does not tell.
fn mark(
    look: &Look,
    sources: &Sources<'_>,
    wish: &Wish,
    own_tone: &[Plane; 3],
    place: &Place,
    offset: Option<(isize, isize)>,
) -> Option<[Plane; 3]> {
    let rect = place.bounds.grow((AROUND * look.width) as usize + 1, look.size());
    let crop = |rect: Rect| [&look.lab.l, &look.lab.a, &look.lab.b].map(|plane| plane.crop(rect));
    let (seen, clean) = (crop(rect), sources.clean.crop(rect));
    let wide = wide(look, &seen, &clean);
    let mut tone = wide.clone();
    let (left, top) = (place.bounds.x - rect.x, place.bounds.y - rect.y);
    for (tone, own) in tone.iter_mut().zip(own_tone) {
        for y in 0..own.height() {
            tone.row_mut(top + y)[left..left + own.width()].copy_from_slice(own.row(y));
        }
    }
    let inside = place.drawn(rect, |_, _| 1.0);
    let strokes = place.drawn(rect, |x, y| wish.strokes.at(x, y));
    let ground = Ground { rect, seen: &seen, tone: &tone, wide: &wide, inside: &inside, clean: &clean };
    let near = |[x, y]: [f32; 2]| {
        let (left, top) = (rect.x as f32, rect.y as f32);
        x >= left && y >= top && x < rect.right() as f32 && y < rect.bottom() as f32
    };
    let courses: Vec<Course> = wish.courses.iter().filter(|course| near(course.at)).copied().collect();
    let middles: Vec<Middle> = wish.middles.iter().filter(|middle| near(middle.at)).copied().collect();
    let mut under = under(look, &ground, &middles, &courses, &strokes)?;
    if let Some((dx, dy)) = offset {
        let moved = |plane: &Plane| {
            Plane::from_fn(rect.size(), |x, y| {
                plane.at_clamped((rect.x + x) as isize + dx, (rect.y + y) as isize + dy)
            })
        };
        let there = [&look.lab.l, &look.lab.a, &look.lab.b].map(moved);
        for (k, (band, lost)) in detail(look, &there).iter().zip(&under.lost).enumerate() {
            let weight = if k < WHOLE_BANDS { 1.0 } else { MOTTLING };
            for c in 0..3 {
                let pairs = band[c].samples().iter().zip(lost[c].samples());
                let skin = under.skin[c].samples_mut().iter_mut();
                skin.zip(pairs).for_each(|(v, (band, lost))| *v += weight * lost.sqrt() * band);
            }
        }
    }
    let own = Rect { x: left, y: top, ..place.bounds };
    Some([0, 1, 2].map(|c| seen[c].zip(&under.skin[c], |v, s| v - s).crop(own)))
}

/// The picture without a mark, which is as large as the place it lies on.
fn without(look: &Look, before: &Lab, mark: &[Plane; 3]) -> Lab {
    let step = look.step as f32;
    let less = |plane: &Plane, mark: &Plane| {
        plane.zip(&carry(mark, plane.size(), 1.0 / step, 0.5 / step - 0.5), |v, m| v - m)
    };
    Lab { l: less(&before.l, &mark[0]), a: less(&before.a, &mark[1]), b: less(&before.b, &mark[2]) }
}

/// Where the look's samples lie in the picture, cut to the look.
fn full_rect(look: &Look, bounds: Rect) -> Rect {
    let step = look.step;
    let rect = Rect {
        x: look.rect.x + bounds.x * step,
        y: look.rect.y + bounds.y * step,
        width: bounds.width * step,
        height: bounds.height * step,
    };
    rect.intersect(look.rect)
}

fn shifted(rect: Rect, dx: isize, dy: isize, size: Size) -> Option<Rect> {
    let (x, y) = (rect.x.checked_add_signed(dx)?, rect.y.checked_add_signed(dy)?);
    let moved = Rect { x, y, ..rect };
    (moved.right() <= size.width && moved.bottom() <= size.height).then_some(moved)
}

/// The share to be healed at full resolution; samples of other places stay 0.
fn full_matte(look: &Look, wanted: &Plane, place: &Place, target: Rect) -> Plane {
    let own = place.drawn(place.bounds, |_, _| 1.0);
    let wanted = wanted.crop(place.bounds);
    let step = look.step as f32;
    Plane::from_fn(target.size(), |x, y| {
        let at = |v: usize| (v as f32 + 0.5) / step - 0.5;
        own.at(x / look.step, y / look.step) * wanted.bilinear(at(x), at(y))
    })
}

/// Detail inside the repair and on the ring around: squares of what is finer than pores.
fn details(
    look: &Look,
    inner: &Plane,
    outer: &Plane,
    matte: &Plane,
    place: &Place,
    target: Rect,
) -> [Vec<f32>; 2] {
    let sigma = (0.0035 * look.width * look.step as f32).max(1.1);
    let detail = |plane: &Plane| plane.zip(&gauss(plane, sigma), |v, s| (v - s) * (v - s));
    let (new, old) = (detail(inner), detail(outer));
    let body = BODY * matte.max();
    let inside =
        new.samples().iter().zip(matte.samples()).filter(|(_, m)| **m > body).map(|(v, _)| *v).collect();
    let step = look.step;
    let blocks = place.ring.iter().map(|&(x, y)| Rect {
        x: look.rect.x + x * step - target.x,
        y: look.rect.y + y * step - target.y,
        width: step,
        height: step,
    });
    let outside = blocks
        .flat_map(|block| cells(block.intersect(target.size().rect())))
        .map(|(u, v)| old.at(u, v))
        .collect();
    [inside, outside]
}

/// Deviation of the finest detail inside the repair over that of the skin around.
fn texture_ratio(look: &Look, before: &Lab, healed: &Lab, matte: &Plane, place: &Place, target: Rect) -> f32 {
    let [mut inside, mut outside] = details(look, &healed.l, &before.l, matte, place, target);
    let stronger = ratio(mean_of(&inside), mean_of(&outside), 1e-3);
    if stronger > 1.0 { stronger } else { ratio(steady(&mut inside), steady(&mut outside), 1e-3).min(1.0) }
}

/// Ratio of deviations whose squares are given, with `least` to each for what nobody sees.
fn ratio(inside: f32, outside: f32, least: f32) -> f32 {
    ((inside + least) / (outside + least)).sqrt()
}

/// True when the detail left of the mark is neither stronger nor spikier than that of the skin around.
fn detail_fits(look: &Look, before: &Lab, own: &Lab, matte: &Plane, place: &Place, target: Rect) -> bool {
    let planes = [(&own.l, &before.l), (&own.a, &before.a), (&own.b, &before.b)];
    planes.into_iter().enumerate().all(|(channel, (new, old))| {
        let [mut inside, mut outside] = details(look, new, old, matte, place, target);
        let stronger = ratio(mean_of(&inside), mean_of(&outside), 1e-2);
        let peak = ratio(high(&mut inside), high(&mut outside), 1e-2);
        let smoother = ratio(steady(&mut inside), steady(&mut outside), 1e-2);
        stronger < OWN_TEXTURE[1] && peak < OWN_PEAK && (channel > 0 || smoother > OWN_TEXTURE[0])
    })
}

fn mean_of(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

/// Mean of all but the greatest tenth: an edge that the ring runs over is no texture that a repair would lack.
fn steady(values: &mut [f32]) -> f32 {
    let count = values.len() - values.len() / 10;
    if count < values.len() {
        values.select_nth_unstable_by(count, f32::total_cmp);
    }
    mean_of(&values[..count])
}

/// The value that two in a hundred exceed.
fn high(values: &mut [f32]) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let rank = (values.len() - 1) * 49 / 50;
    *values.select_nth_unstable_by(rank, f32::total_cmp).1
}
