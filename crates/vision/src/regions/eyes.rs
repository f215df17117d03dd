//! Eye openings, irises, pupils and the white of the eyes.

use pixel::colour::Lab;
use pixel::filter::{distance_inside, gauss};
use pixel::rank::quantile;
use pixel::{Plane, Size, ramp};

use super::canvas::{Canvas, lay_over};
use crate::landmarks::{EYE_CORNERS, EYES, Mesh};

/// Eyes open less than this (lid distance over corner distance) show neither white nor iris.
const SHUT: f32 = 0.1;
/// Pupil radius over iris radius where the picture does not show it.
const PUPIL: f32 = 0.38;
/// Fitted irises of one face that differ by more than this share are given one size.
const UNEQUAL: f32 = 0.06;

/// Mattes and measures of one eye at the resolution of a canvas.
#[derive(Clone, Debug)]
pub struct EyeRegions<M = Plane> {
    /// Between the lids.
    pub opening: M,
    /// The white, drawn in from lids, iris and the inner corner; its vessels belong to it.
    pub sclera: M,
    /// Visible iris with the pupil.
    pub iris: M,
    /// Visible pupil.
    pub pupil: M,
    /// Centre of the iris, full-resolution upright pixels.
    pub centre: [f32; 2],
    /// Radius of the iris, full-resolution pixels; 0 without landmarks.
    pub radius: f32,
    /// Radius of the pupil, full-resolution pixels.
    pub pupil_radius: f32,
    /// Lid distance over corner distance; about 0.3 is open, below 0.1 shut.
    pub openness: f32,
}

impl EyeRegions {
    /// An eye of which nothing is known.
    pub(crate) fn none(size: Size) -> Self {
        let none = || Plane::zeros(size);
        Self {
            opening: none(),
            sclera: none(),
            iris: none(),
            pupil: none(),
            centre: [0.0; 2],
            radius: 0.0,
            pupil_radius: 0.0,
            openness: 0.0,
        }
    }
}

impl<M> EyeRegions<M> {
    /// The same in mattes of another kind.
    pub(super) fn map<N>(&self, to: impl Fn(&M) -> N) -> EyeRegions<N> {
        let &Self { centre, radius, pupil_radius, openness, .. } = self;
        let [opening, sclera, iris, pupil] = self.mattes().map(to);
        EyeRegions { opening, sclera, iris, pupil, centre, radius, pupil_radius, openness }
    }

    /// All mattes.
    pub(super) fn mattes(&self) -> [&M; 4] {
        let Self { opening, sclera, iris, pupil, .. } = self;
        [opening, sclera, iris, pupil]
    }
}

/// Finds the parts of both eyes: first the one at the left of an upright picture. An eye beyond the canvas has empty
/// mattes.
pub fn eye_regions(mesh: &Mesh, canvas: &Canvas<'_>) -> [EyeRegions; 2] {
    let mut fits = [fit_eye(mesh, canvas, 0), fit_eye(mesh, canvas, 1)];
    // Two irises of one face are of one size, and so are the pupils: the mean is steadier than either.
    if let [Some(left), Some(right)] = &mut fits {
        let pupil = 0.5 * (left.pupil + right.pupil);
        if (left.radius - right.radius).abs() > UNEQUAL * left.radius.max(right.radius) {
            let radius = 0.5 * (left.radius + right.radius);
            (left.radius, right.radius) = (radius, radius);
        }
        (left.pupil, right.pupil) = (pupil, pupil);
    }
    let [left, right] = fits;
    [draw_eye(mesh, canvas, 0, left), draw_eye(mesh, canvas, 1, right)]
}

/// Iris and pupil as found on the picture, full-resolution.
struct Fit {
    centre: [f32; 2],
    radius: f32,
    /// Pupil radius over iris radius.
    pupil: f32,
}

/// The iris and pupil of an open eye on the canvas; `None` when shut, too small or not there.
fn fit_eye(mesh: &Mesh, canvas: &Canvas<'_>, eye: usize) -> Option<Fit> {
    let (centre, radius) = mesh.iris(eye);
    let ring = mesh.ring(&EYES[eye]);
    let rect = canvas.around(&ring, canvas.length(radius));
    if rect.is_empty() || mesh.eye_openness(eye) < SHUT || canvas.length(radius) < 1.5 {
        return None;
    }
    let rgb = canvas.crop(rect);
    let inset = canvas.inset(&rgb, rect);
    let opening = inset.fill(&ring);
    let lightness = inset.lab().l;
    let (centre, radius) = fit_iris(&inset, &lightness, &opening, centre, radius);
    let pupil = pupil_share(&inset, &lightness, &opening, (centre, radius));
    Some(Fit { centre, radius, pupil })
}

fn draw_eye(mesh: &Mesh, canvas: &Canvas<'_>, eye: usize, fit: Option<Fit>) -> EyeRegions {
    let mut regions = EyeRegions::none(canvas.size());
    regions.openness = mesh.eye_openness(eye);
    (regions.centre, regions.radius) = mesh.iris(eye);
    regions.pupil_radius = PUPIL * regions.radius;
    let ring = mesh.ring(&EYES[eye]);
    let rect = canvas.around(&ring, canvas.length(regions.radius));
    if rect.is_empty() {
        return regions;
    }
    let rgb = canvas.crop(rect);
    let inset = canvas.inset(&rgb, rect);
    let opening = inset.fill(&ring);
    lay_over(&mut regions.opening, &opening, rect);
    let Some(fit) = fit else {
        return regions;
    };
    regions.centre = fit.centre;
    regions.radius = fit.radius;
    regions.pupil_radius = fit.pupil * fit.radius;
    let visible = |disc: Plane| disc.zip(&opening, |d, o| d * o);
    lay_over(&mut regions.iris, &visible(inset.disc(fit.centre, fit.radius)), rect);
    lay_over(&mut regions.pupil, &visible(inset.disc(fit.centre, regions.pupil_radius)), rect);
    let corners = EYE_CORNERS[eye];
    let inner = (mesh.point(corners[1]), mesh.distance(corners[0], corners[1]));
    let sclera = sclera(&inset, &inset.lab(), &opening, (fit.centre, fit.radius), inner);
    lay_over(&mut regions.sclera, &sclera, rect);
    regions
}

/// Moves the iris a little, in place and size, to where the rim is sharpest at its sides (the integro-differential
/// operator of Daugman, 1993, on the arcs that lids leave free).
fn fit_iris(
    canvas: &Canvas<'_>,
    lightness: &Plane,
    opening: &Plane,
    centre: [f32; 2],
    radius: f32,
) -> ([f32; 2], f32) {
    const ARC: [f32; 7] = [-0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75];
    let r = canvas.length(radius);
    let smooth = gauss(lightness, 0.06 * r);
    let [cx, cy] = canvas.index(centre);
    let contrast = |x: f32, y: f32, r: f32| {
        let (mut sum, mut count) = (0.0, 0.0);
        for side in [-1.0f32, 1.0] {
            for angle in ARC {
                let (sin, cos) = angle.sin_cos();
                let at = |k: f32| (x + side * k * r * cos, y + k * r * sin);
                let ((ox, oy), (ix, iy)) = (at(1.12), at(0.88));
                if opening.bilinear(ox, oy) > 0.9 && opening.bilinear(ix, iy) > 0.9 {
                    sum += (smooth.bilinear(ox, oy) - smooth.bilinear(ix, iy)).clamp(-20.0, 40.0);
                    count += 1.0;
                }
            }
        }
        if count < 4.0 { f32::NEG_INFINITY } else { sum / count }
    };
    let start = contrast(cx, cy, r);
    let mut best = (start + 0.5, cx, cy, r);
    for size in -4..=4 {
        for right in -3..=3 {
            for down in -2..=2 {
                let (size, right, down) = (size as f32, right as f32, down as f32);
                let candidate = (cx + 0.04 * r * right, cy + 0.04 * r * down, r * (1.0 + 0.03 * size));
                // The landmarks are right unless the picture says so clearly.
                let doubt = 0.2 * (size * size + right * right + down * down);
                let score = contrast(candidate.0, candidate.1, candidate.2) - doubt;
                if score > best.0 {
                    best = (score, candidate.0, candidate.1, candidate.2);
                }
            }
        }
    }
    (canvas.place(best.1, best.2), best.3 * canvas.step as f32)
}

/// Pupil radius over iris radius: where the median lightness over the visible directions rises most steeply.
fn pupil_share(canvas: &Canvas<'_>, lightness: &Plane, opening: &Plane, iris: ([f32; 2], f32)) -> f32 {
    const RINGS: usize = 24;
    const DIRECTIONS: usize = 32;
    // The rise must be this many units of L* to be a pupil's edge.
    const RISE: f32 = 2.5;
    let ([x, y], radius) = (canvas.index(iris.0), canvas.length(iris.1));
    if radius < 5.0 {
        return PUPIL;
    }
    let profile: Vec<f32> = (0..RINGS)
        .map(|ring| {
            let r = radius * (ring as f32 + 0.5) / RINGS as f32;
            let mut values: Vec<f32> = (0..DIRECTIONS)
                .filter_map(|n| {
                    let (sin, cos) = (n as f32 / DIRECTIONS as f32 * std::f32::consts::TAU).sin_cos();
                    let (px, py) = (x + r * cos, y + r * sin);
                    (opening.bilinear(px, py) > 0.9).then(|| lightness.bilinear(px, py))
                })
                .collect();
            values.sort_by(f32::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f32::NAN)
        })
        .collect();
    let rise = |ring: usize| {
        let mean = |range: std::ops::Range<usize>| {
            let count = range.len() as f32;
            range.map(|k| profile[k]).sum::<f32>() / count
        };
        mean(ring..ring + 3) - mean(ring - 3..ring)
    };
    let best = (6..RINGS * 5 / 9).max_by(|&a, &b| rise(a).total_cmp(&rise(b)));
    match best {
        Some(ring) if rise(ring) > RISE => ring as f32 / RINGS as f32,
        _ => PUPIL,
    }
}

/// The white by its place (between the lids, beside the iris, off the inner corner), where the smoothed colour
/// agrees; smoothed, because red vessels are part of it.
fn sclera(
    canvas: &Canvas<'_>,
    lab: &Lab,
    opening: &Plane,
    iris: ([f32; 2], f32),
    corner: ([f32; 2], f32),
) -> Plane {
    let ([x, y], radius) = (canvas.index(iris.0), canvas.length(iris.1));
    let ([corner_x, corner_y], span) = (canvas.index(corner.0), canvas.length(corner.1));
    let depth = distance_inside(opening);
    let place = Plane::from_fn(canvas.size(), |i, j| {
        let (px, py) = (i as f32, j as f32);
        let off_lids = ramp(depth.at(i, j), 0.06 * radius, 0.2 * radius + 0.5);
        let off_iris = ramp((px - x).hypot(py - y), 1.04 * radius, 1.16 * radius + 0.5);
        let off_corner = ramp((px - corner_x).hypot(py - corner_y), 0.1 * span, 0.18 * span);
        off_lids * off_iris * off_corner
    });
    let soft = 0.14 * radius;
    let (l, a, b) = (gauss(&lab.l, soft), gauss(&lab.a, soft), gauss(&lab.b, soft));
    let Some(bright) = quantile(&l, &place, 0.8) else {
        return Plane::zeros(canvas.size());
    };
    let mut sclera = place;
    for (i, v) in sclera.samples_mut().iter_mut().enumerate() {
        let chroma = a.samples()[i].hypot(b.samples()[i]);
        *v *= ramp(l.samples()[i], 0.55 * bright, 0.75 * bright) * ramp(chroma, 34.0, 24.0);
    }
    sclera
}
