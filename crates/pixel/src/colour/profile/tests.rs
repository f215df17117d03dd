//! Synthetic profiles there and back, twins, and profiles that must be refused.

use super::table_profile::table_profile;
use super::*;

fn space(profile: &ColorProfile) -> ColourSpace {
    ColourSpace::from_icc(&profile.encode().expect("profile encodes")).expect("profile is usable")
}

fn cube() -> impl Iterator<Item = [f32; 3]> {
    let at = |index: usize| index as f32 / 40.0;
    (0..41 * 41 * 41).map(move |i| [at(i / 1681), at(i / 41 % 41), at(i % 41)])
}

fn largest_difference(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn synthetic() -> [(&'static str, ColorProfile); 6] {
    [
        ("sRGB", ColorProfile::new_srgb()),
        ("Display P3", ColorProfile::new_display_p3()),
        ("Adobe RGB", ColorProfile::new_adobe_rgb()),
        ("ProPhoto", ColorProfile::new_pro_photo_rgb()),
        ("BT.2020", ColorProfile::new_bt2020()),
        ("ACEScg", ColorProfile::new_aces_cg_linear()),
    ]
}

#[test]
fn there_and_back_is_within_a_4096th_over_the_cube() {
    for (name, profile) in synthetic() {
        let space = space(&profile);
        let worst = cube()
            .map(|rgb| largest_difference(space.from_linear(space.to_linear(rgb)), rgb))
            .fold(0.0, f32::max);
        assert!(worst < 1.0 / 4096.0, "{name}: {worst}");
    }
}

#[test]
fn dark_8_bit_steps_survive_there_and_back() {
    for (name, profile) in synthetic() {
        let space = space(&profile);
        for level in 0..=255u8 {
            let rgb = [f32::from(level) / 255.0; 3];
            let back = space.from_linear(space.to_linear(rgb));
            assert!(largest_difference(rgb, back) < 0.1 / 255.0, "{name} {level}: {back:?}");
        }
    }
}

#[test]
fn white_stays_white_and_black_black() {
    for (name, profile) in synthetic() {
        let space = space(&profile);
        assert!(largest_difference(space.to_linear([1.0; 3]), [1.0; 3]) < 1e-3, "{name}");
        assert!(largest_difference(space.to_linear([0.0; 3]), [0.0; 3]) < 1e-6, "{name}");
    }
}

#[test]
fn a_p3_twin_has_the_linear_values_of_its_srgb_twin() {
    let (srgb, p3) = (ColourSpace::srgb(), space(&ColorProfile::new_display_p3()));
    // Published conversion of linear sRGB to linear Display P3 (CSS Color 4, section 18).
    let to_p3 = |[r, g, b]: [f64; 3]| {
        [
            0.822_461_97 * r + 0.177_538_03 * g,
            0.033_194_2 * r + 0.966_805_8 * g,
            0.017_082_63 * r + 0.072_397_44 * g + 0.910_519_93 * b,
        ]
    };
    let encode = |v: f64| if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
    for rgb in cube().step_by(7) {
        let linear = rgb.map(|v| srgb_transfer(f64::from(v)));
        let twin = to_p3(linear).map(|v| encode(v) as f32);
        let difference = largest_difference(p3.to_linear(twin), srgb.to_linear(rgb));
        assert!(difference < 1e-3, "{rgb:?}: {difference}");
    }
}

#[test]
fn only_srgb_counts_as_srgb() {
    for (name, profile) in synthetic() {
        assert_eq!(space(&profile).is_srgb(), name == "sRGB", "{name}");
    }
    assert!(ColourSpace::srgb().is_srgb());
}

#[test]
fn wide_gamut_red_lies_outside_srgb() {
    let linear = space(&ColorProfile::new_display_p3()).to_linear([1.0, 0.0, 0.0]);
    assert!(linear[0] > 1.2 && linear[1] < -0.03, "{linear:?}");
}

#[test]
fn rows_agree_with_single_pixels() {
    for (_, profile) in synthetic() {
        let space = space(&profile);
        let pixels: Vec<_> = cube().step_by(97).collect();
        let mut rows = [0, 1, 2].map(|c| pixels.iter().map(|p| p[c]).collect::<Vec<_>>());
        let [r, g, b] = &mut rows;
        space.rows_to_linear(r, g, b);
        for (i, &pixel) in pixels.iter().enumerate() {
            assert_eq!([r[i], g[i], b[i]], space.to_linear(pixel));
        }
        space.rows_from_linear(r, g, b);
        for (i, &pixel) in pixels.iter().enumerate() {
            assert_eq!([r[i], g[i], b[i]], space.from_linear(space.to_linear(pixel)));
        }
    }
}

#[test]
fn values_outside_and_nan_give_finite_colours() {
    for (_, profile) in synthetic() {
        let space = space(&profile);
        for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -3.0, 7.0] {
            let back = space.from_linear(space.to_linear([odd; 3]));
            assert!(back.iter().all(|v| (0.0..=1.0).contains(v)), "{odd}: {back:?}");
            assert!(space.from_linear([odd; 3]).iter().all(|v| (0.0..=1.0).contains(v)));
        }
    }
}

#[test]
fn grey_profiles_keep_their_gamma() {
    let space = space(&ColorProfile::new_gray_with_gamma(1.8));
    let linear = space.to_linear([0.5; 3]);
    assert!((linear[1] - 0.5f32.powf(1.8)).abs() < 1e-3 && linear[0] == linear[2]);
    assert!(largest_difference(space.from_linear(linear), [0.5; 3]) < 1e-4);
}

#[test]
fn sampled_curves_are_followed() {
    let mut profile = ColorProfile::new_adobe_rgb();
    let samples = (0..1024).map(|i| ((f64::from(i) / 1023.0).powf(2.2) * 65_535.0).round() as u16).collect();
    let curve = Some(ToneReprCurve::Lut(samples));
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
    let linear = space(&profile).to_linear([0.4; 3]);
    assert!(largest_difference(linear, [0.4f32.powf(2.2); 3]) < 1e-3);
}

#[test]
fn useless_profiles_are_refused() {
    assert_eq!(ColourSpace::from_icc(b"no profile").err(), Some(ProfileError::Damaged));
    let lab = ColorProfile::new_lab().encode().expect("encodes");
    assert!(ColourSpace::from_icc(&lab).is_err());
    let mut flat = ColorProfile::new_srgb();
    flat.blue_colorant = flat.red_colorant;
    let flat = flat.encode().expect("encodes");
    assert_eq!(ColourSpace::from_icc(&flat).err(), Some(ProfileError::NotInvertible));
}

#[test]
fn a_profile_of_tables_only_is_approximated() {
    let icc = table_profile(3, |device| [device[0], device[1], device[2]].map(f64::from));
    let (space, srgb) = (ColourSpace::from_icc(&icc).expect("usable"), ColourSpace::srgb());
    for rgb in cube().step_by(31) {
        let difference = largest_difference(space.to_linear(rgb), srgb.to_linear(rgb));
        assert!(difference < 0.03, "{rgb:?}: {difference}");
        let back = space.from_linear(space.to_linear(rgb));
        assert!(largest_difference(back, rgb) < 1.0 / 1024.0, "{rgb:?}: {back:?}");
    }
}

#[test]
fn a_cmyk_profile_of_tables_is_the_wrong_space() {
    let icc = table_profile(4, |_| [0.5; 3]);
    assert_eq!(ColourSpace::from_icc(&icc).err(), Some(ProfileError::WrongSpace));
}
