//! Takes moles off the skin of faces and necks, when that is asked for.

use pixel::filter::{distance_inside, distance_outside, gauss, label};
use pixel::{Plane, Rect};

use crate::layer::{Layer, Patch};
use crate::plugin::{Blend, Need, Param, Plugin, Settings, Spec};
use crate::scene::{FaceView, Scene};

/// Not in the list of plugins: it runs only inside `skin-retouch`.
pub(super) struct Moles;

static SPEC: Spec = Spec {
    name: "Moles",
    about: "Takes single dark moles off face and neck.",
    never: "Takes freckles, brows, lashes, stubble, lips or nostrils for moles.",
    blend: Blend::Normal,
    needs: &[Need::FaceRegions],
    params: &[Param::alpha1("Amount", "0 leaves all moles", 1.0)],
};

/// Radius of a mole in face widths: the smallest and the largest.
const RADIUS: [f32; 2] = [0.005, 0.045];
/// How much darker than the skin around a mole is, L*.
const DARKER: f32 = 7.0;
/// Distance that is kept from the skin's edge and from features, in face widths.
const CLEAR: f32 = 0.012;
/// More dark spots than this are freckles.
const MOST: usize = 24;
/// Directions in which clean skin is looked for.
const DIRECTIONS: usize = 16;

impl Plugin for Moles {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        let mut removed = 0;
        for view in scene.faces() {
            if scene.cancelled() {
                return;
            }
            let moles = find(view);
            let clean = clean_skin(view, &moles);
            for mole in &moles {
                if let Some(patch) = repair(scene, view, *mole, &clean, settings.alpha1) {
                    layer.patches.push(patch);
                    removed += 1;
                }
            }
        }
        layer.found("moles removed", f64::from(removed));
    }
}

/// A mole on a face's canvas: centre and radius in samples.
#[derive(Clone, Copy, Debug)]
struct Mole {
    x: f32,
    y: f32,
    radius: f32,
}

/// Dark, round, single spots well inside the skin.
fn find(view: &FaceView) -> Vec<Mole> {
    let width = view.width();
    let skin = closed(&view.regions.skin, RADIUS[1] * width);
    let depth = distance_inside(&skin);
    let light = &view.canvas.lab().l;
    let around = pixel::filter::gauss_masked(light, &skin, 0.05 * width);
    let fine = gauss(light, (0.0025 * width).max(0.4));
    let dark = Plane::from_fn(light.size(), |x, y| {
        let deep = depth.at(x, y) > CLEAR * width;
        if deep && around.at(x, y) - fine.at(x, y) > 0.5 * DARKER { 1.0 } else { 0.0 }
    });
    let spots = label(&dark);
    let mut moles = Vec::new();
    for (number, (&area, bounds)) in spots.areas.iter().zip(&spots.bounds).enumerate() {
        let radius = (area as f32 / std::f32::consts::PI).sqrt();
        let (long, short) = (bounds.width.max(bounds.height), bounds.width.min(bounds.height));
        let round = long <= 2 * short.max(1) && area as f32 > 0.5 * bounds.size().area() as f32;
        if !round || radius < (RADIUS[0] * width).max(1.0) || radius > RADIUS[1] * width {
            continue;
        }
        let (mut x, mut y, mut least) = (0.0, 0.0, 0.0f32);
        for v in bounds.y..bounds.bottom() {
            for u in bounds.x..bounds.right() {
                if spots.at(u, v) as usize == number + 1 {
                    x += u as f32;
                    y += v as f32;
                    least = least.max(around.at(u, v) - fine.at(u, v));
                }
            }
        }
        if least > DARKER {
            moles.push(Mole { x: x / area as f32, y: y / area as f32, radius });
        }
    }
    if moles.len() > MOST { Vec::new() } else { moles }
}

/// The skin with the holes that moles tear into it, and nothing else, filled.
fn closed(skin: &Plane, reach: f32) -> Plane {
    let solid = skin.map(|v| if v > 0.5 { 1.0 } else { 0.0 });
    let holes = label(&solid.map(|v| 1.0 - v));
    let most = std::f32::consts::PI * reach * reach;
    let size = solid.size();
    let filled = holes.mask(|n| {
        let b = holes.bounds[n];
        let inside = b.x > 0 && b.y > 0 && b.right() < size.width && b.bottom() < size.height;
        let round = b.width < 2 * b.height && b.height < 2 * b.width;
        inside && round && (holes.areas[n] as f32) < most
    });
    solid.zip(&filled, f32::max)
}

/// 1 where skin may be copied from.
fn clean_skin(view: &FaceView, moles: &[Mole]) -> Plane {
    let mut clean = view.regions.skin.map(|v| if v > 0.8 { 1.0 } else { 0.0 });
    for mole in moles {
        let reach = 1.8 * mole.radius + 1.0;
        let size = clean.size();
        let near =
            Rect::cover(mole.x - reach, mole.y - reach, mole.x + reach + 1.0, mole.y + reach + 1.0, size);
        for y in near.y..near.bottom() {
            for x in near.x..near.right() {
                if (x as f32 - mole.x).hypot(y as f32 - mole.y) <= reach {
                    *clean.at_mut(x, y) = 0.0;
                }
            }
        }
    }
    clean
}

/// Skin from beside the mole, its tone led over from the skin around.
fn repair(scene: &Scene<'_>, view: &FaceView, mole: Mole, clean: &Plane, amount: f32) -> Option<Patch> {
    let step = view.canvas.grid.step as f32;
    let reach = 1.9 * mole.radius + 1.5;
    let offset = source(view, mole, reach, clean)?;
    let (x, y) = view.canvas.place(mole.x, mole.y);
    let half = reach * step;
    let target = Rect::cover(x - half, y - half, x + half + 1.0, y + half + 1.0, scene.size());
    let (dx, dy) = ((offset[0] * step).round() as isize, (offset[1] * step).round() as isize);
    let (left, top) = (target.x.checked_add_signed(dx)?, target.y.checked_add_signed(dy)?);
    let from = Rect { x: left, y: top, ..target };
    if from.right() > scene.size().width || from.bottom() > scene.size().height {
        return None;
    }
    let (here, there) = (scene.read(target), scene.read(from));
    let radius = mole.radius * step;
    let at = |u: usize, v: usize| (target.x as f32 + u as f32 - x).hypot(target.y as f32 + v as f32 - y);
    // The difference between here and there is known on the ring around the mole and led inwards smoothly.
    let ring = Plane::from_fn(target.size(), |u, v| if at(u, v) > 1.35 * radius + step { 1.0 } else { 0.0 });
    let wished = [0, 1, 2].map(|c| {
        let difference = here[c].zip(&there[c], |a, b| a - b);
        let mut led = there[c].clone();
        led.apply_with(&pixel::filter::gauss_masked(&difference, &ring, 0.6 * radius), |v, d| {
            (v + d).clamp(0.0, 1.0)
        });
        led
    });
    let inner = 1.25 * radius + 0.5 * step;
    let matte = Plane::from_fn(target.size(), |u, v| {
        amount * (1.0 - (at(u, v) - inner) / (0.45 * radius + step)).clamp(0.0, 1.0)
    });
    Some(Patch::mixed(target, &here, &wished, &matte))
}

/// The nearest clean skin of the same light: an offset in samples.
fn source(view: &FaceView, mole: Mole, reach: f32, clean: &Plane) -> Option<[f32; 2]> {
    let light = &view.canvas.lab().l;
    let soft = gauss(light, 0.5 * reach);
    let room = distance_outside(&clean.map(|v| 1.0 - v));
    let mut best: Option<(f32, [f32; 2])> = None;
    for distance in [2.2f32, 3.0, 4.0, 5.5] {
        for n in 0..DIRECTIONS {
            let (sin, cos) = (n as f32 * std::f32::consts::TAU / DIRECTIONS as f32).sin_cos();
            let offset = [cos * distance * reach, sin * distance * reach];
            let (x, y) = ((mole.x + offset[0]).round(), (mole.y + offset[1]).round());
            let size = light.size();
            if x < 0.0 || y < 0.0 || x >= size.width as f32 || y >= size.height as f32 {
                continue;
            }
            if room.at(x as usize, y as usize) < reach {
                continue;
            }
            let other = soft.at(x as usize, y as usize);
            let own = soft.bilinear(mole.x, mole.y);
            let cost = (other - own).abs() + 0.3 * distance;
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, offset));
            }
        }
    }
    best.map(|(_, offset)| offset)
}

#[cfg(test)]
mod tests {
    use pixel::Size;
    use pixel::picture::Samples;

    use super::*;
    use crate::scene::testing::SceneBuilder;

    const SIZE: Size = Size::new(240, 240);

    fn with_spots(spots: &'static [(f32, f32, f32)]) -> SceneBuilder {
        let face = Rect { x: 20, y: 20, width: 200, height: 200 };
        SceneBuilder::new(SIZE, move |x, y| {
            let dark = spots.iter().any(|(u, v, r)| (x as f32 - u).hypot(y as f32 - v) < *r);
            if dark { [0.36, 0.22, 0.18] } else { [0.78, 0.6, 0.5] }
        })
        .face(face, 1, 200.0, |canvas, regions| regions.skin = Plane::filled(canvas.size(), 1.0))
    }

    #[test]
    fn a_mole_becomes_skin_and_the_rest_stays() {
        let builder = with_spots(&[(120.0, 120.0, 4.0)]);
        let Samples::U8(after) = builder.retouched(&Moles, &Settings::defaults(&SPEC)).rgb else { panic!() };
        let Samples::U8(before) = &builder.picture.rgb else { panic!() };
        let at = |rgb: &[u8], x: usize, y: usize| rgb[3 * (y * SIZE.width + x)];
        assert!(at(&after, 120, 120).abs_diff(at(before, 100, 100)) < 4, "{}", at(&after, 120, 120));
        assert_eq!(at(&after, 150, 150), at(before, 150, 150));
    }

    #[test]
    fn bars_and_large_patches_are_no_moles() {
        for spots in [
            &[(120.0, 120.0, 20.0)][..],
            &[(100.0, 100.0, 3.0), (104.0, 100.0, 3.0), (108.0, 100.0, 3.0), (112.0, 100.0, 3.0)],
        ] {
            let builder = with_spots(spots);
            assert!(builder.draw(&Moles, &Settings::defaults(&SPEC)).patches.is_empty());
        }
    }
}
