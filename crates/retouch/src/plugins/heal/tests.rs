//! What Heal promises, on skin made by hand.

use pixel::colour::Lab;
use pixel::colour::profile::ColourSpace;
use pixel::filter::gauss;
use pixel::picture::{Metadata, Picture, Samples};
use pixel::{Orientation, Plane, Size};

use super::look::Look;
use super::skin::Texture;
use super::{Marks, heal};
use crate::layer::Layer;
use crate::pile::{Pile, flatten};
use crate::plugin::Blend;
use crate::scene::Scene;

pub(super) const SIZE: Size = Size::new(420, 420);
/// Samples a face width: the piece of skin is a good half of a face.
const WIDTH: f32 = 640.0;
/// Samples to the right of the zone into which marks may reach.
const REACH: usize = 3;

/// Noise of fixed seed, deviation about 1, softened to the size of pores.
fn pores() -> Plane {
    let mut state = 12345u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    gauss(&Plane::from_fn(SIZE, |_, _| next()), 1.0).map(|v| 9.0 * v)
}

/// Skin lit from one side.
pub(super) fn skin() -> Lab {
    let pores = pores();
    Lab {
        l: Plane::from_fn(SIZE, |x, y| 58.0 + 0.03 * x as f32 + pores.at(x, y)),
        a: Plane::from_fn(SIZE, |x, y| 14.0 + 0.25 * pores.at(y, x)),
        b: Plane::from_fn(SIZE, |_, _| 17.0),
    }
}

/// Adds a disc with a soft rim.
fn dab(lab: &mut Lab, x: f32, y: f32, radius: f32, shift: [f32; 3]) {
    let reach = (2.0 * radius + 4.0) as usize;
    for v in (y as usize).saturating_sub(reach)..(y as usize + reach).min(SIZE.height) {
        for u in (x as usize).saturating_sub(reach)..(x as usize + reach).min(SIZE.width) {
            let away = (u as f32 - x).hypot(v as f32 - y);
            let share = 1.0 / (1.0 + ((away - radius) / (0.12 * radius + 0.3)).exp());
            *lab.l.at_mut(u, v) += share * shift[0];
            *lab.a.at_mut(u, v) += share * shift[1];
            *lab.b.at_mut(u, v) += share * shift[2];
        }
    }
}

fn streak(lab: &mut Lab, from: [f32; 2], to: [f32; 2], sigma: f32, shift: [f32; 3]) {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length = dx.hypot(dy);
    for y in 0..SIZE.height {
        for x in 0..SIZE.width {
            let (px, py) = (x as f32 - from[0], y as f32 - from[1]);
            let along = (px * dx + py * dy) / length;
            let across = (px * dy - py * dx) / length;
            if (0.0..length).contains(&along) {
                let share = (-0.5 * (across / sigma).powi(2)).exp();
                *lab.l.at_mut(x, y) += share * shift[0];
                *lab.a.at_mut(x, y) += share * shift[1];
                *lab.b.at_mut(x, y) += share * shift[2];
            }
        }
    }
}

fn picture(lab: &Lab) -> Picture {
    let rgb = lab.encoded(&ColourSpace::srgb());
    let levels =
        (0..SIZE.area()).flat_map(|i| [0, 1, 2].map(|c| (rgb[c].samples()[i] * 65535.0).round() as u16));
    Picture {
        size: SIZE,
        rgb: Samples::U16(levels.collect()),
        alpha: None,
        grey: false,
        orientation: Orientation::Upright,
        metadata: Metadata::default(),
    }
}

/// A look at a picture that is all skin.
pub(super) fn look(lab: Lab, zone: Plane, face: Plane) -> Look {
    let reach = Plane::from_fn(SIZE, |x, y| zone.at(x.saturating_sub(REACH), y));
    let (skin, hair) = (Plane::filled(SIZE, 1.0), Plane::zeros(SIZE));
    Look { rect: SIZE.rect(), step: 1, width: WIDTH, lab, skin, zone, reach, hair, face }
}

/// Heals a picture that is all skin of a face; gives the result, the pixels touched and the numbers of marks healed and
/// kept.
fn healed(picture: &Picture, sensitivity: f32) -> (Picture, Plane, (usize, usize)) {
    healed_on(picture, Plane::filled(SIZE, 1.0), sensitivity)
}

/// The same where `face` tells the face from the neck.
fn healed_on(picture: &Picture, face: Plane, sensitivity: f32) -> (Picture, Plane, (usize, usize)) {
    let space = ColourSpace::srgb();
    let go_on = || false;
    let mut scene = Scene::new(Pile::new(picture), &space, None, &go_on);
    let lab = scene.lab(&scene.read(SIZE.rect()));
    // The right end is no place for healing.
    let zone = Plane::from_fn(SIZE, |x, _| if x < 360 { 1.0 } else { 0.0 });
    let look = look(lab, zone, face);
    let mut layer = Layer::default();
    let counts = heal(&scene, &Marks::seen_in(look), None, sensitivity, &mut layer);
    let mut touched = Plane::zeros(SIZE);
    for patch in &layer.patches {
        for (i, _) in patch.touched.iter().enumerate().filter(|(_, on)| **on) {
            *touched.at_mut(patch.rect.x + i % patch.rect.width, patch.rect.y + i / patch.rect.width) = 1.0;
        }
    }
    assert!(layer.lies_in(SIZE));
    scene.lay(&layer, Blend::Normal, &crate::plugin::Need::ALL);
    let layers = scene.into_pile().into_layers();
    let mut result = picture.clone();
    flatten(&mut result, &layers);
    (result, touched, counts)
}

fn lab_of(picture: &Picture) -> Lab {
    let space = ColourSpace::srgb();
    let go_on = || false;
    let scene = Scene::new(Pile::new(picture), &space, None, &go_on);
    scene.lab(&scene.read(SIZE.rect()))
}

fn mean(plane: &Plane, x: usize, y: usize, radius: f32) -> f32 {
    let (mut sum, mut count) = (0.0, 0.0);
    for v in 0..SIZE.height {
        for u in 0..SIZE.width {
            if (u as f32 - x as f32).hypot(v as f32 - y as f32) <= radius {
                sum += plane.at(u, v);
                count += 1.0;
            }
        }
    }
    sum / count
}

fn detail(plane: &Plane, x: usize, y: usize, radius: f32) -> f32 {
    let fine = plane.zip(&gauss(plane, 2.2), |v, s| (v - s) * (v - s));
    mean(&fine, x, y, radius).sqrt()
}

#[test]
fn a_pimple_goes_and_pores_and_light_go_on() {
    let mut lab = skin();
    dab(&mut lab, 150.0, 200.0, 9.0, [-5.0, 15.0, 3.0]);
    let (result, touched, (count, _)) = healed(&picture(&lab), 1.0);
    let (clean, result) = (skin(), lab_of(&result));
    assert!(count >= 1);
    assert!((mean(&result.a, 150, 200, 8.0) - mean(&clean.a, 150, 200, 8.0)).abs() < 1.5);
    assert!((mean(&result.l, 150, 200, 8.0) - mean(&clean.l, 150, 200, 8.0)).abs() < 1.5);
    let ratio = detail(&result.l, 150, 200, 8.0) / detail(&clean.l, 150, 200, 30.0);
    assert!((0.75..1.3).contains(&ratio), "{ratio}");
    assert!(touched.sum() < 0.03 * SIZE.area() as f64, "{}", touched.sum());
    assert_eq!(mean(&touched, 300, 320, 20.0), 0.0);
}

#[test]
fn specks_scratches_and_hairs_go() {
    let mut lab = skin();
    dab(&mut lab, 100.0, 100.0, 2.2, [-20.0, 0.0, 0.0]);
    streak(&mut lab, [180.0, 60.0], [230.0, 90.0], 1.1, [-9.0, 16.0, 2.0]);
    streak(&mut lab, [80.0, 250.0], [150.0, 290.0], 0.8, [-24.0, 1.0, 2.0]);
    let (_, touched, _) = healed(&picture(&lab), 1.0);
    assert!(touched.at(100, 100) > 0.5);
    assert!(touched.at(205, 75) > 0.5);
    assert!(touched.at(115, 270) > 0.5);
}

#[test]
fn a_rim_of_light_is_no_stray_hair() {
    let mut lab = skin();
    streak(&mut lab, [80.0, 250.0], [150.0, 290.0], 0.8, [18.0, -1.0, -2.0]);
    let (_, touched, _) = healed(&picture(&lab), 1.0);
    assert_eq!(touched.sum(), 0.0);
}

#[test]
fn a_hair_is_healed_to_its_faint_ends() {
    let mut lab = skin();
    streak(&mut lab, [80.0, 200.0], [150.0, 200.0], 0.8, [-20.0, 1.0, 2.0]);
    for (from, to) in [(20.0, 80.0), (150.0, 210.0)] {
        streak(&mut lab, [from, 200.0], [to, 200.0], 0.8, [-7.0, 0.4, 0.7]);
    }
    let (_, touched, _) = healed(&picture(&lab), 1.0);
    let healed: Vec<usize> = (22..208).filter(|&x| touched.at(x, 200) > 0.5).collect();
    assert!(healed.len() > 150, "{} {:?}", healed.len(), (healed.first(), healed.last()));
}

/// Skin out of focus but for a band across the middle, which is rough beside the rest but not rough.
fn smooth_skin() -> Lab {
    let (mut lab, pores) = (skin(), pores());
    for y in 0..SIZE.height {
        for x in 0..SIZE.width {
            let smooth = if (150..270).contains(&y) { 0.4 } else { 0.98 };
            *lab.l.at_mut(x, y) -= smooth * pores.at(x, y);
        }
    }
    lab
}

/// What a mark on the band of `smooth_skin` must be clearer by, where the face is `face`.
fn doubt_on_the_band(face: f32) -> f32 {
    let look = look(lab_of(&picture(&smooth_skin())), Plane::filled(SIZE, 1.0), Plane::filled(SIZE, face));
    Texture::measure(&look).doubt(&look, 210, 210)
}

#[test]
fn a_little_texture_beside_smooth_skin_is_doubtful_on_the_neck_only() {
    assert!(doubt_on_the_band(1.0) < 1.1, "{}", doubt_on_the_band(1.0));
    assert!(doubt_on_the_band(0.0) > 2.0, "{}", doubt_on_the_band(0.0));
}

#[test]
fn moles_freckles_and_furrows_stay() {
    let mut lab = skin();
    dab(&mut lab, 60.0, 60.0, 6.0, [-30.0, 3.0, 2.0]);
    streak(&mut lab, [40.0, 380.0], [320.0, 370.0], 5.0, [-9.0, 3.0, 2.0]);
    for i in 0..7 {
        for j in 0..5 {
            let (x, y) = (130.0 + 24.0 * i as f32 + 5.0 * (j % 2) as f32, 180.0 + 26.0 * j as f32);
            dab(&mut lab, x, y, 3.5, [-9.0, 2.0, 3.0]);
        }
    }
    let (_, touched, (_, kept)) = healed(&picture(&lab), 1.0);
    assert_eq!(mean(&touched, 60, 60, 6.0), 0.0);
    assert_eq!(mean(&touched, 200, 232, 40.0), 0.0);
    assert!(mean(&touched, 180, 375, 8.0) < 0.1);
    assert!(kept >= 1);
}

#[test]
fn bristles_in_the_light_stay_and_a_lone_flake_goes() {
    let (mut lab, mut lone) = (skin(), skin());
    for i in 0..9 {
        for j in 0..9 {
            let (x, y) = (60.0 + 26.0 * i as f32 + 7.0 * (j % 2) as f32, 90.0 + 27.0 * j as f32);
            dab(&mut lab, x, y, 3.0, [13.0, 0.0, 2.0]);
        }
    }
    dab(&mut lone, 200.0, 200.0, 3.0, [13.0, 0.0, 2.0]);
    let (_, touched, _) = healed(&picture(&lab), 1.0);
    assert!(mean(&touched, 170, 200, 60.0) < 0.02, "{}", mean(&touched, 170, 200, 60.0));
    let (_, touched, _) = healed(&picture(&lone), 1.0);
    assert!(mean(&touched, 200, 200, 2.0) > 0.5, "{}", mean(&touched, 200, 200, 2.0));
}

#[test]
fn a_glint_stays_and_the_head_of_a_pustule_goes() {
    let (mut glint, mut head) = (skin(), skin());
    dab(&mut glint, 200.0, 200.0, 5.0, [24.0, -6.0, -1.0]);
    dab(&mut head, 200.0, 200.0, 5.0, [14.0, -2.0, 10.0]);
    let (_, touched, _) = healed(&picture(&glint), 1.0);
    assert!(mean(&touched, 200, 200, 4.0) < 0.05, "{}", mean(&touched, 200, 200, 4.0));
    let (_, touched, _) = healed(&picture(&head), 1.0);
    assert!(mean(&touched, 200, 200, 4.0) > 0.5, "{}", mean(&touched, 200, 200, 4.0));
}

#[test]
fn a_bright_head_in_a_red_ring_is_no_glint() {
    let mut lab = skin();
    dab(&mut lab, 200.0, 200.0, 12.0, [-6.0, 18.0, 3.0]);
    dab(&mut lab, 200.0, 200.0, 6.0, [26.0, -29.0, -3.0]);
    let (result, ..) = healed(&picture(&lab), 1.0);
    let (clean, result) = (skin(), lab_of(&result));
    for (after, before) in [(&result.l, &clean.l), (&result.a, &clean.a)] {
        let left = mean(after, 200, 200, 4.0) - mean(before, 200, 200, 4.0);
        assert!(left.abs() < 2.0, "{left}");
    }
}

#[test]
fn a_mark_that_cannot_be_healed_whole_stays_whole() {
    let mut lab = skin();
    dab(&mut lab, 359.0, 200.0, 12.0, [-5.0, 15.0, 3.0]);
    let (_, touched, _) = healed(&picture(&lab), 1.0);
    assert_eq!(mean(&touched, 359, 200, 12.0), 0.0);
    let mut lab = skin();
    dab(&mut lab, 346.0, 200.0, 12.0, [-5.0, 15.0, 3.0]);
    let (_, touched, _) = healed(&picture(&lab), 1.0);
    assert!(mean(&touched, 346, 200, 10.0) > 0.9, "{}", mean(&touched, 346, 200, 10.0));
}

#[test]
fn the_light_on_a_round_form_goes_on_under_a_mark() {
    // A cheek in the light: 8 of L* brighter at its middle than 50 samples away.
    let form = |lab: &mut Lab| {
        for y in 0..SIZE.height {
            for x in 0..SIZE.width {
                let away = (x as f32 - 190.0).hypot(y as f32 - 210.0) / 50.0;
                *lab.l.at_mut(x, y) += 8.0 * (1.0 - away * away).max(-2.0);
            }
        }
    };
    let (mut clean, mut lab) = (skin(), skin());
    form(&mut clean);
    form(&mut lab);
    dab(&mut lab, 190.0, 210.0, 14.0, [-6.0, 15.0, 3.0]);
    let (result, touched, _) = healed(&picture(&lab), 1.0);
    assert!(mean(&touched, 190, 210, 10.0) > 0.9);
    let left = mean(&lab_of(&result).l, 190, 210, 8.0) - mean(&clean.l, 190, 210, 8.0);
    assert!(left.abs() < 0.8, "{left}");
}

#[test]
fn chains_and_folds_of_the_neck_stay_and_scratches_go() {
    let mut lab = skin();
    streak(&mut lab, [60.0, 60.0], [300.0, 140.0], 1.3, [-12.0, 8.5, 1.0]);
    streak(&mut lab, [80.0, 300.0], [260.0, 330.0], 1.3, [-8.0, 15.0, 2.0]);
    let (_, touched, _) = healed_on(&picture(&lab), Plane::zeros(SIZE), 1.0);
    assert_eq!(mean(&touched, 180, 100, 30.0), 0.0, "a chain");
    assert!(mean(&touched, 170, 315, 2.0) > 0.5, "a scratch");
}

/// Skin of another lightness: pigment takes of all light the same share, so its marks shrink with it.
fn skin_of(lightness: f32) -> Lab {
    let mut lab = skin();
    lab.l.apply(|v| v + lightness - 60.0);
    lab
}

/// Marks of one colour (at lightness 60) that look alike on skin of another lightness.
fn on_skin(lightness: f32, shift: [f32; 3]) -> [f32; 3] {
    shift.map(|v| v * (lightness + 16.0) / 76.0)
}

#[test]
fn lone_moles_of_every_size_stay_on_every_skin() {
    for lightness in [30.0, 45.0, 60.0, 78.0] {
        for radius in [4.5, 6.0, 9.0, 12.0] {
            for depth in [-10.0, -14.0, -20.0] {
                let mut lab = skin_of(lightness);
                let shift = [depth, -0.25 * depth, 1.0];
                dab(&mut lab, 120.0, 120.0, radius, on_skin(lightness, shift));
                let (_, touched, _) = healed(&picture(&lab), 1.0);
                let place = format!("skin {lightness} radius {radius} depth {depth}");
                assert_eq!(mean(&touched, 120, 120, 0.8 * radius), 0.0, "{place}");
            }
        }
    }
}

#[test]
fn a_pimple_beside_a_mole_goes_alone_on_every_skin() {
    for lightness in [30.0, 45.0, 60.0, 78.0] {
        for radius in [6.0, 9.0, 12.0] {
            let mut lab = skin_of(lightness);
            dab(&mut lab, 100.0, 120.0, 7.0, on_skin(lightness, [-13.0, 3.0, 1.0]));
            dab(&mut lab, 250.0, 250.0, radius, on_skin(lightness, [-5.0, 15.0, 3.0]));
            let (_, touched, _) = healed(&picture(&lab), 1.0);
            assert_eq!(mean(&touched, 100, 120, 6.0), 0.0, "skin {lightness}");
            assert!(mean(&touched, 250, 250, 0.8 * radius) > 0.9, "skin {lightness} radius {radius}");
        }
    }
}

#[test]
fn scabs_among_pimples_go_and_a_black_mole_stays() {
    let mut lab = skin();
    for i in 0..8 {
        dab(&mut lab, 60.0 + 38.0 * i as f32, 80.0 + 45.0 * (i % 3) as f32, 7.0, [-4.0, 15.0, 3.0]);
    }
    dab(&mut lab, 120.0, 260.0, 7.0, [-13.0, 4.0, 1.0]);
    dab(&mut lab, 240.0, 320.0, 7.0, [-32.0, 4.0, 1.0]);
    let (_, touched, _) = healed(&picture(&lab), 1.0);
    assert!(mean(&touched, 120, 260, 5.0) > 0.9);
    assert_eq!(mean(&touched, 240, 320, 6.0), 0.0);
}

#[test]
fn the_edge_of_a_form_is_no_mark() {
    let mut lab = skin();
    // Under a jaw: a bow of shadow, darkest in its middle.
    for y in 0..SIZE.height {
        for x in 0..360 {
            let away = y as f32 - 220.0 + 0.002 * (x as f32 - 180.0).powi(2);
            let depth = (-0.5 * ((x as f32 - 180.0) / 60.0).powi(2)).exp();
            *lab.l.at_mut(x, y) -= 12.0 * depth * (-0.5 * (away / 7.0).powi(2)).exp();
        }
    }
    let (_, touched, _) = healed(&picture(&lab), 1.0);
    assert!(mean(&touched, 180, 220, 40.0) < 0.01, "{}", mean(&touched, 180, 220, 40.0));
}

#[test]
fn a_pimple_on_a_wide_flush_goes_and_the_flush_stays() {
    let mut lab = skin();
    dab(&mut lab, 180.0, 200.0, 30.0, [-3.0, 7.0, 2.0]);
    dab(&mut lab, 180.0, 200.0, 8.0, [-4.0, 13.0, 2.0]);
    let (_, touched, _) = healed(&picture(&lab), 1.0);
    assert!(mean(&touched, 180, 200, 6.0) > 0.9, "{}", mean(&touched, 180, 200, 6.0));
    assert!(mean(&touched, 180, 224, 4.0) < 0.1, "{}", mean(&touched, 180, 224, 4.0));
}

#[test]
fn the_red_rim_of_a_shadow_is_no_mark() {
    let mut lab = skin();
    // A shadow of a branch with leaves: a wavy edge, reddened where light seeps through skin.
    for y in 0..SIZE.height {
        for x in 0..360 {
            let edge = 180.0 + 14.0 * (0.09 * y as f32).sin();
            let away = x as f32 - edge;
            let shade = 1.0 / (1.0 + (-away / 2.0).exp());
            let rim = (-0.5 * (away / 5.0).powi(2)).exp() * (0.5 + 0.5 * (0.18 * y as f32).sin());
            *lab.l.at_mut(x, y) -= 28.0 * shade;
            *lab.a.at_mut(x, y) += 12.0 * rim;
        }
    }
    let (_, touched, _) = healed(&picture(&lab), 1.0);
    let along: f32 = (20..400).map(|y| mean(&touched, 180, y, 1.0)).sum::<f32>() / 380.0;
    assert!(along < 0.01, "{along}");
}

#[test]
fn nothing_but_the_rest_of_a_mark_is_touched_outside_the_zone() {
    let mut lab = skin();
    dab(&mut lab, 390.0, 200.0, 7.0, [-8.0, 15.0, 3.0]);
    dab(&mut lab, 355.0, 100.0, 7.0, [-8.0, 15.0, 3.0]);
    let (_, touched, _) = healed(&picture(&lab), 1.0);
    assert!(mean(&touched, 355, 100, 6.0) > 0.9, "{}", mean(&touched, 355, 100, 6.0));
    for y in 0..SIZE.height {
        for x in 360 + REACH..SIZE.width {
            assert_eq!(touched.at(x, y), 0.0, "{x} {y}");
        }
    }
}

#[test]
fn clean_skin_and_healed_skin_are_left_alone() {
    let (_, touched, _) = healed(&picture(&skin()), 1.0);
    assert!(touched.sum() < 0.002 * SIZE.area() as f64, "{}", touched.sum());
    let mut lab = skin();
    for i in 0..6 {
        dab(&mut lab, 60.0 + 50.0 * i as f32, 150.0 + 20.0 * (i % 3) as f32, 6.0, [-6.0, 14.0, 3.0]);
    }
    let (once, first, _) = healed(&picture(&lab), 1.0);
    let (_, second, _) = healed(&once, 1.0);
    assert!(second.sum() < 0.1 * first.sum(), "{} {}", second.sum(), first.sum());
}

#[test]
fn sensitivity_grows_from_nothing_and_heals_faint_marks_last() {
    let mut lab = skin();
    dab(&mut lab, 100.0, 200.0, 8.0, [-10.0, 22.0, 4.0]);
    dab(&mut lab, 250.0, 200.0, 8.0, [-2.0, 6.5, 1.0]);
    let source = picture(&lab);
    let mut last = 0.0;
    for sensitivity in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
        let (_, touched, _) = healed(&source, sensitivity);
        assert!(touched.sum() >= last, "{sensitivity}");
        last = touched.sum();
        if sensitivity == 0.0 {
            assert_eq!(last, 0.0);
        }
    }
    assert!(last > 0.0);
    let (_, touched, _) = healed(&source, 0.45);
    assert!(touched.at(100, 200) > 0.5);
    assert_eq!(touched.at(250, 200), 0.0);
}

#[test]
fn a_mark_that_is_hardly_clear_enough_is_healed_a_little() {
    let mut lab = skin();
    dab(&mut lab, 200.0, 200.0, 8.0, [-5.0, 15.0, 3.0]);
    let source = picture(&lab);
    let redness = mean(&lab_of(&source).a, 200, 200, 5.0);
    let healed_by = |sensitivity: f32| {
        let (result, ..) = healed(&source, sensitivity);
        redness - mean(&lab_of(&result).a, 200, 200, 5.0)
    };
    let whole = healed_by(1.0);
    let (mut none, mut some) = (0.02, 1.0);
    let mut least = whole;
    for _ in 0..9 {
        let middle = 0.5 * (none + some);
        match healed_by(middle) {
            change if change > 0.01 => (some, least) = (middle, change),
            _ => none = middle,
        }
    }
    assert!(whole > 8.0 && least < 0.2 * whole, "{least} of {whole}");
}
