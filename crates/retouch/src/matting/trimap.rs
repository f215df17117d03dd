//! Sure subject, sure ground and the unknown band between them, on the working picture.

use pixel::filter::{dilate, distance_inside, distance_outside, gauss, label};
use pixel::{Plane, Rect, Size};

use super::backdrop::Backdrop;
use super::blur::Blur;
use super::prior::{Prior, SubjectKind};
use super::same_colour::give_back;
use super::thin::{thin_parts, with_thin};

/// Half the width of the band along plain edges before a plain backdrop, in working samples.
const EDGE: f32 = 3.0;
/// How far strands may reach out of a subject before a plain backdrop, in working samples.
const STRANDS_OUT: f32 = 26.0;
/// How deep the backdrop may show through hair, in working samples.
const STRANDS_IN: f32 = 9.0;
/// The same for things, whose fur and fringes no network names.
const FUR_IN: f32 = 5.0;
/// How deep gaps between hairs are looked for, in working samples; the rim of a plain edge shows the ground too.
const FUZZY_FROM: f32 = 1.8;
const FUZZY_IN: f32 = 48.0;
/// What lies this near to a gap, in working samples, may be mixed with backdrop too.
const FUZZY_RIM: f32 = 7.0;
/// Deviation from the backdrop, in tolerances, up to which it shows through.
const SHOWS_THROUGH: f32 = 2.0;
/// Width in network samples up to which what lies between a piece and the ground outside is light on its edge.
const RIM_LIGHT: f32 = 3.0;
/// Share of a piece's rim that such light must be for the piece to be the inside of something.
const EDGE_LIGHT: f32 = 0.25;
/// Holes and specks smaller than this are no holes and no subject, in working samples.
const SPECK: usize = 14;
/// How far, in network samples, a likeness to the backdrop is no gap around what was given back to the subject.
const ALIKE: f32 = 4.0;
/// Least channel of a backdrop that could as well be a white label.
const LABEL_WHITE: f32 = 0.85;
/// Largest channel of a backdrop that could as well be the inside of something black.
const INSIDE_BLACK: f32 = 0.15;
/// Half the width of the band along plain edges before any ground, in network samples.
const ROUGH_EDGE: f32 = 0.8;
/// The same for hair: inwards and outwards.
const ROUGH_HAIR: [f32; 2] = [2.0, 4.0];

/// How far beyond what the networks see a person may reach, in network samples.
const NEAR_SUBJECT: f32 = 4.0;
/// Share of what is no subject that must be backdrop for it to count as plain: for persons of all that the
/// networks see empty, for things, of which the networks overlook parts, of the border.
const EXPLAINED: [f64; 2] = [0.85, 0.7];
/// How far the cover may be from what the networks expect before any ground: along plain edges, and at hair.
const DOUBT: [f32; 2] = [0.3, 0.7];

/// What a sample surely is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Ground,
    Unknown,
    Subject,
}

/// Sure places and an expectation for the rest.
pub(super) struct Trimap {
    size: Size,
    /// Row after row.
    pub places: Vec<Place>,
    /// Expected cover, 0 to 1.
    pub expected: Plane,
    /// Standard deviation of the expected cover.
    pub doubt: Plane,
    /// Where a pixel that looks like the subject is wholly subject, 0 to 1; among hairs it need not be.
    pub solid: Plane,
}

impl Trimap {
    /// Draws the trimap of the working picture.
    pub fn draw(rgb: &[Plane; 3], prior: &Prior, backdrop: Option<&mut Backdrop>) -> Self {
        backdrop
            .and_then(|b| Self::before_backdrop(rgb, prior, b))
            .unwrap_or_else(|| Self::before_anything(prior))
    }

    /// Before a plain backdrop colour says what is ground: all that hangs together with the border. `None` when too
    /// much is left over where the networks see nothing.
    fn before_backdrop(rgb: &[Plane; 3], prior: &Prior, backdrop: &mut Backdrop) -> Option<Self> {
        let size = prior.subject.size();
        let (ground, alike) = ground_mask(rgb, prior, backdrop);
        let reach = (NEAR_SUBJECT * prior.pitch).max(STRANDS_OUT);
        let near = distance_outside(&prior.subject).map(|d| if d <= reach { 1.0 } else { 0.0 });
        if share_explained(&ground, prior) < EXPLAINED[prior.kind as usize] {
            return None;
        }
        backdrop.used = true;
        let mut body = subject_mask(&ground, prior);
        let fuzzy = fuzzy(rgb, &body, prior, backdrop).zip(&alike, |f, a| f * (1.0 - a));
        if prior.kind == SubjectKind::Person {
            body.apply_with(&near, |b, n| b * n);
        }
        let inside = distance_inside(&body);
        let outside = distance_outside(&body);
        let hair = near_hair(prior, STRANDS_OUT);
        let deviation = Plane::from_fn(size, |x, y| {
            let index = y * size.width + x;
            backdrop.deviation(rgb, index) / backdrop.tolerance
        });
        let blur = Blur::find(&deviation, &body, [&inside, &outside], &hair);
        let mixed = |x: usize, y: usize| blur.as_ref().is_some_and(|blur| blur.mixed.at(x, y) > 0.5);
        let deep = |x: usize, y: usize| match prior.kind {
            SubjectKind::Person => EDGE + (STRANDS_IN - EDGE) * hair.at(x, y),
            SubjectKind::Product => FUR_IN,
        };
        let mut places = Vec::with_capacity(size.area());
        for y in 0..size.height {
            for x in 0..size.width {
                let (into, out) = (inside.at(x, y), outside.at(x, y));
                places.push(if body.at(x, y) > 0.5 {
                    let sure = into > deep(x, y) && fuzzy.at(x, y) < 0.5 && !mixed(x, y);
                    if sure { Place::Subject } else { Place::Unknown }
                } else if mixed(x, y) || out <= EDGE || (out <= STRANDS_OUT && deviation.at(x, y) > 0.35) {
                    Place::Unknown
                } else {
                    Place::Ground
                });
            }
        }
        let mut expected = gauss(&body, 1.0).zip(&fuzzy, |b, f| b * (1.0 - 0.5 * f));
        if let Some(blur) = &blur {
            expected = Plane::from_fn(size, |x, y| {
                let plane = if mixed(x, y) { &blur.expected } else { &expected };
                plane.at(x, y)
            });
        }
        let solid = solid(&expected);
        Some(Self { size, places, expected, doubt: Plane::filled(size, 0.6), solid })
    }

    /// Before any other ground the networks alone say what is subject, and colours only where the edge runs.
    fn before_anything(prior: &Prior) -> Self {
        let size = prior.subject.size();
        let body = prior.subject.map(|v| if v > 0.5 { 1.0 } else { 0.0 });
        let body = without_specks(&body, &prior.subject, false);
        let thin = match prior.kind {
            SubjectKind::Person => Plane::zeros(size),
            SubjectKind::Product => thin_parts(prior, &body),
        };
        let inside = distance_inside(&body);
        let outside = distance_outside(&body);
        let hair = near_hair(prior, 3.0 * prior.pitch);
        let edge = ROUGH_EDGE * prior.pitch;
        let mut places = Vec::with_capacity(size.area());
        for y in 0..size.height {
            for x in 0..size.width {
                let h = hair.at(x, y);
                let reach = |rough: f32| edge + (rough * prior.pitch - edge).max(0.0) * h;
                let (into, out) = (inside.at(x, y), outside.at(x, y));
                places.push(if body.at(x, y) > 0.5 {
                    if into > reach(ROUGH_HAIR[0]) { Place::Subject } else { Place::Unknown }
                } else if out <= reach(ROUGH_HAIR[1]) || thin.at(x, y) > 0.5 {
                    Place::Unknown
                } else {
                    Place::Ground
                });
            }
        }
        let expected = prior.subject.zip(&body, |p, b| if b > 0.5 { p.max(0.5) } else { p.min(0.5) });
        let expected = with_thin(&expected, &thin);
        let doubt = hair.zip(&thin, |h, t| DOUBT[0] + (DOUBT[1] - DOUBT[0]) * h.max(t));
        let solid = solid(&expected);
        Self { size, places, expected, doubt, solid }
    }

    /// True when some sample surely is `place`.
    pub fn has(&self, place: Place) -> bool {
        self.places.contains(&place)
    }

    /// 1 where a sample surely is `place`.
    pub fn weight(&self, place: Place) -> Plane {
        Plane::from_vec(self.size, self.places.iter().map(|p| if *p == place { 1.0 } else { 0.0 }).collect())
    }

    /// What the full-resolution pixels of `rect` are, `step` of them a sample.
    pub fn places_of(&self, rect: Rect, step: usize) -> Vec<Place> {
        let mut places = Vec::with_capacity(rect.size().area());
        for y in rect.y..rect.bottom() {
            for x in rect.x..rect.right() {
                let (u, v) = ((x / step).min(self.size.width - 1), (y / step).min(self.size.height - 1));
                places.push(self.places[v * self.size.width + u]);
            }
        }
        places
    }
}

fn solid(expected: &Plane) -> Plane {
    expected.map(|e| (2.0 * e - 1.0).clamp(0.0, 1.0))
}

/// How much of what cannot be subject is backdrop.
fn share_explained(ground: &Plane, prior: &Prior) -> f64 {
    let size = ground.size();
    let counts = |x: usize, y: usize| match prior.kind {
        SubjectKind::Person => prior.subject.at(x, y) < 0.05,
        SubjectKind::Product => x == 0 || y == 0 || x + 1 == size.width || y + 1 == size.height,
    };
    let (mut all, mut explained) = (0.0, 0.0);
    for y in 0..size.height {
        for x in (0..size.width).filter(|x| counts(*x, y)) {
            all += 1.0;
            explained += f64::from(ground.at(x, y));
        }
    }
    if all > 0.0 { explained / all } else { 1.0 }
}

/// Where the backdrop shows between hairs: samples near the edge of the subject that look like it, or half so,
/// among others that do not. An even piece of the same colour is cloth; of persons only hair has such gaps.
fn fuzzy(rgb: &[Plane; 3], body: &Plane, prior: &Prior, backdrop: &Backdrop) -> Plane {
    let size = body.size();
    let inside = distance_inside(body);
    let deviation = Plane::from_fn(size, |x, y| {
        (backdrop.deviation(rgb, y * size.width + x) / backdrop.tolerance).min(4.0 * SHOWS_THROUGH)
    });
    let around = gauss(&deviation, 4.0);
    let may = Plane::from_fn(size, |x, y| {
        let hairy = prior.hair.at(x, y) > 0.5 || prior.subject.at(x, y) < 0.6;
        let may = body.at(x, y) > 0.5 && (prior.kind == SubjectKind::Product || hairy);
        if may { 1.0 } else { 0.0 }
    });
    let seen = Plane::from_fn(size, |x, y| {
        let near = (FUZZY_FROM..FUZZY_IN).contains(&inside.at(x, y));
        let shows = deviation.at(x, y) < SHOWS_THROUGH && around.at(x, y) > 1.5 * SHOWS_THROUGH;
        if near && shows { may.at(x, y) } else { 0.0 }
    });
    dilate(&seen, FUZZY_RIM).zip(&may, |f, m| f * m)
}

/// 1 within about `reach` samples of hair, falling to 0.
fn near_hair(prior: &Prior, reach: f32) -> Plane {
    if prior.hair.max() < 0.5 {
        return Plane::zeros(prior.hair.size());
    }
    distance_outside(&prior.hair).map(|d| (1.5 - d / reach).clamp(0.0, 1.0))
}

/// Backdrop: what can be reached from the border without leaving its colour, and holes in the subject that show it;
/// and where the subject has the same colour.
fn ground_mask(rgb: &[Plane; 3], prior: &Prior, backdrop: &mut Backdrop) -> (Plane, Plane) {
    // A surface of low degree follows neither a bright spot nor the bend between wall and floor. A first, loose
    // flood finds them where no subject is; the colours it reached are the backdrop of the second, strict one.
    let soft = [0, 1, 2].map(|c| gauss(&rgb[c], 1.2));
    let mut loose = flood(&soft, prior, backdrop, true);
    give_back(&mut loose, prior);
    backdrop.follow(rgb, &loose);
    let soft = [0, 1, 2].map(|c| gauss(&rgb[c], 0.7));
    let mut ground = flood(&soft, prior, backdrop, false);
    let back = give_back(&mut ground, prior);
    let alike = if back.max() > 0.5 { dilate(&back, ALIKE * prior.pitch) } else { back };
    add_holes(&soft, prior, backdrop, &alike, &mut ground);
    (ground, alike)
}

/// What hangs together with the border and looks like the backdrop; a loose flood also follows slow changes of its
/// light where the networks see no subject.
fn flood(soft: &[Plane; 3], prior: &Prior, backdrop: &Backdrop, loose: bool) -> Plane {
    let size = prior.subject.size();
    let subject = prior.subject.samples();
    let tolerance = backdrop.tolerance;
    let rise = (2.0 * backdrop.noise).max(0.012);
    let mut ground = Plane::zeros(size);
    let mut open = Vec::new();
    for y in 0..size.height {
        for x in 0..size.width {
            let border = x == 0 || y == 0 || x + 1 == size.width || y + 1 == size.height;
            let index = y * size.width + x;
            let limit = if loose { 2.0 * tolerance } else { tolerance };
            if border && subject[index] < 0.5 && backdrop.deviation(soft, index) < limit {
                ground.samples_mut()[index] = 1.0;
                open.push(index);
            }
        }
    }
    spread(&mut ground, open, |index, next| {
        // What the network is sure of must look exactly like the backdrop; a shadow may be told from the subject
        // only where the network sees none.
        let allowed = tolerance * (1.0 - 0.7 * ((subject[next] - 0.7) / 0.3).clamp(0.0, 1.0));
        let unseen = subject[next] < if loose { 0.25 } else { 0.5 };
        backdrop.deviation(soft, next) < allowed
            || (unseen && step(soft, index, next) < rise && backdrop.is_shaded(soft, next, loose))
    });
    ground
}

/// Largest difference of two samples' channels.
fn step(rgb: &[Plane; 3], one: usize, two: usize) -> f32 {
    (0..3).map(|c| (rgb[c].samples()[one] - rgb[c].samples()[two]).abs()).fold(0.0, f32::max)
}

/// Grows `ground` from the samples `open` to those neighbours that `joins(from, to)` lets in.
fn spread(ground: &mut Plane, mut open: Vec<usize>, joins: impl Fn(usize, usize) -> bool) {
    let size = ground.size();
    while let Some(index) = open.pop() {
        let (x, y) = (index % size.width, index / size.width);
        let around = [
            (x > 0).then(|| index - 1),
            (x + 1 < size.width).then(|| index + 1),
            (y > 0).then(|| index - size.width),
            (y + 1 < size.height).then(|| index + size.width),
        ];
        for next in around.into_iter().flatten() {
            if ground.samples()[next] < 0.5 && joins(index, next) {
                ground.samples_mut()[next] = 1.0;
                open.push(next);
            }
        }
    }
}

/// Adds enclosed pieces of backdrop: as even and of the same colour as outside, and sharply bounded. Where
/// the subject is `alike` there is none.
fn add_holes(rgb: &[Plane; 3], prior: &Prior, backdrop: &Backdrop, alike: &Plane, ground: &mut Plane) {
    let size = ground.size();
    // The light inside a hole may differ from what the ground around foretells; before white that is no excuse.
    let limit = |index: usize| {
        let light = (0..3).map(|c| backdrop.field[c].samples()[index]).fold(f32::MAX, f32::min);
        backdrop.tolerance * if light < LABEL_WHITE { 2.0 } else { 1.0 }
    };
    let candidates = Plane::from_fn(size, |x, y| {
        let index = y * size.width + x;
        let may = ground.samples()[index] < 0.5 && alike.samples()[index] < 0.5;
        let inside = may && backdrop.deviation(rgb, index) < limit(index);
        if inside { 1.0 } else { 0.0 }
    });
    let holes = label(&candidates);
    if holes.count() == 0 {
        return;
    }
    // The rim of a hole is a step to the subject's colour; a highlight or a white label fades or is not the same.
    let mut rims = vec![(0.0f32, 0.0f32, 0usize); holes.count()];
    let mut likely = vec![0.0f32; holes.count()];
    let mut off = vec![0.0f32; holes.count()];
    let mut light = vec![[0.0f32; 2]; holes.count()];
    let outside = distance_outside(ground);
    for y in 0..size.height {
        for x in 0..size.width {
            let number = holes.at(x, y) as usize;
            if number == 0 {
                continue;
            }
            let index = y * size.width + x;
            likely[number - 1] += prior.subject.samples()[index];
            off[number - 1] += backdrop.deviation(rgb, index) / limit(index);
            let channel = |c: usize| rgb[c].samples()[index];
            light[number - 1][0] += channel(0).min(channel(1)).min(channel(2));
            light[number - 1][1] += channel(0).max(channel(1)).max(channel(2));
            for (dx, dy) in [(-3isize, 0isize), (3, 0), (0, -3), (0, 3)] {
                let (u, v) = (x as isize + dx, y as isize + dy);
                if u < 0 || v < 0 || u >= size.width as isize || v >= size.height as isize {
                    continue;
                }
                let other = v as usize * size.width + u as usize;
                if candidates.samples()[other] < 0.5 && ground.samples()[other] < 0.5 {
                    rims[number - 1].0 += backdrop.deviation(rgb, other);
                    let thin = outside.samples()[other] < RIM_LIGHT * prior.pitch;
                    rims[number - 1].1 += if thin { 1.0 } else { 0.0 };
                    rims[number - 1].2 += 1;
                }
            }
        }
    }
    let least = match prior.kind {
        SubjectKind::Person => 3 * SPECK,
        SubjectKind::Product => SPECK,
    };
    let is_hole = |number: usize| {
        let area = holes.areas[number] as f32;
        let around = rims[number].2.max(1) as f32;
        let (rim, thin) = (rims[number].0 / around, rims[number].1 / around);
        let seen = likely[number] / area;
        let even = off[number] / area < 0.7;
        // White backdrops look like white labels; there the network has a say. Before black it has one where nothing
        // but a thin light parts the piece from the ground outside: that is the edge of something black, no ring.
        let black = light[number][1] / area < INSIDE_BLACK && thin > EDGE_LIGHT;
        let told = light[number][0] / area < LABEL_WHITE && !black;
        let doubt = match prior.kind {
            SubjectKind::Person => 0.85,
            SubjectKind::Product if told => 1.1,
            SubjectKind::Product => 0.97,
        };
        holes.areas[number] >= least && even && rim > 3.0 * backdrop.tolerance && seen < doubt
    };
    let found = holes.mask(is_hole);
    ground.apply_with(&found, f32::max);
    // A fade at the rim of what was found belongs to it.
    let seeds = (0..size.area()).filter(|i| found.samples()[*i] > 0.5).collect();
    let rise = (1.5 * backdrop.noise).max(0.008);
    let before = ground.clone();
    spread(ground, seeds, |index, next| {
        backdrop.deviation(rgb, next) < 3.0 * backdrop.tolerance
            && backdrop.is_shaded(rgb, next, true)
            && step(rgb, index, next) < rise
    });
    // The hole of a handle must not run out into the white of the handle itself.
    let mut faded = ground.zip(&before, |g, b| g - b);
    give_back(&mut faded, prior);
    *ground = before.zip(&faded, f32::max);
}

/// What is no backdrop, without specks, and without things at the border that no network takes for the subject.
fn subject_mask(ground: &Plane, prior: &Prior) -> Plane {
    let body = ground.map(|g| 1.0 - g);
    without_specks(&body, &prior.subject, prior.kind == SubjectKind::Product)
}

/// The mask without pieces that are small or not what the networks see as the subject. `all_inner` keeps every
/// larger piece off the border: the networks see only the main one of several things.
fn without_specks(mask: &Plane, likely: &Plane, all_inner: bool) -> Plane {
    let size = mask.size();
    let pieces = label(mask);
    let mut seen = vec![0.0f32; pieces.count()];
    for y in 0..size.height {
        for x in 0..size.width {
            if let Some(number) = (pieces.at(x, y) as usize).checked_sub(1) {
                seen[number] += likely.at(x, y);
            }
        }
    }
    let largest = pieces.areas.iter().copied().max().unwrap_or(0);
    let keep = |number: usize| {
        let (area, bounds) = (pieces.areas[number], pieces.bounds[number]);
        let share = seen[number] / area as f32;
        let at_border =
            bounds.x == 0 || bounds.y == 0 || bounds.right() == size.width || bounds.bottom() == size.height;
        let wanted = if at_border { 0.25 } else { 0.15 };
        let counts = share > wanted || (all_inner && !at_border);
        area >= SPECK && counts && area * 300 > largest
    };
    let kept = pieces.mask(keep);
    // Strands that the reduced picture shows torn off belong to what they hang on.
    let near = dilate(&kept, 6.0);
    let touching: Vec<bool> = {
        let mut touching = vec![false; pieces.count()];
        for y in 0..size.height {
            for x in 0..size.width {
                if let Some(number) = (pieces.at(x, y) as usize).checked_sub(1) {
                    touching[number] |= near.at(x, y) > 0.5;
                }
            }
        }
        touching
    };
    pieces.mask(|number| touching[number])
}
