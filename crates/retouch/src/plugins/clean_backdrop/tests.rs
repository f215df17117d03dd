//! What Clean Backdrop promises, on a made-up studio.

use pixel::Size;

use super::*;
use crate::plugins::whole_picture::{WholePicture, grain};

const SIZE: Size = Size::new(480, 400);
const DUST: (usize, usize) = (80, 90);
const STAIN: (usize, usize) = (380, 120);

fn sitter(x: usize, y: usize) -> bool {
    (190..290).contains(&x) && y >= 150
}

fn bump(x: usize, y: usize, at: (usize, usize), radius: f32) -> f32 {
    let (dx, dy) = (x as f32 - at.0 as f32, y as f32 - at.1 as f32);
    (-(dx * dx + dy * dy) / (radius * radius)).exp()
}

/// Grey paper that darkens to one side and to the floor, with grain.
fn paper(x: usize, y: usize) -> f32 {
    0.75 - 0.0004 * x as f32 - 0.0000006 * (y * y) as f32 + 0.008 * grain(x, y)
}

fn studio(x: usize, y: usize) -> [f32; 3] {
    if sitter(x, y) {
        let thread = if (x + y).is_multiple_of(9) { 0.2 } else { 0.0 };
        return [0.3 + thread, 0.2, 0.25];
    }
    let dirt = 0.15 * bump(x, y, DUST, 2.0) + 0.07 * bump(x, y, STAIN, 9.0);
    [paper(x, y) - dirt; 3]
}

fn dirty(step: usize) -> WholePicture {
    WholePicture::new(SIZE, step, studio, |_, _| false, sitter)
}

fn settings(alpha1: f32) -> Settings {
    Settings { alpha1, ..Settings::defaults(&SPEC) }
}

/// Mean green level of a square of 2·`reach` + 1 pixels.
fn level(samples: &[u8], at: (usize, usize), reach: usize) -> f32 {
    let rows = at.1 - reach..=at.1 + reach;
    let pixels = rows.flat_map(|y| (at.0 - reach..=at.0 + reach).map(move |x| y * SIZE.width + x));
    let values: Vec<f32> = pixels.map(|i| f32::from(samples[3 * i + 1])).collect();
    values.iter().sum::<f32>() / values.len() as f32
}

fn dirt(samples: &[u8], at: (usize, usize), reach: usize) -> f32 {
    let clean = (at.1 - reach..=at.1 + reach)
        .flat_map(|y| (at.0 - reach..=at.0 + reach).map(move |x| 255.0 * paper(x, y)));
    let count = ((2 * reach + 1) * (2 * reach + 1)) as f32;
    clean.sum::<f32>() / count - level(samples, at, reach)
}

#[test]
fn dust_and_stains_go_and_the_light_stays() {
    for step in [1, 2] {
        let picture = dirty(step);
        let (before, after) = (picture.before(), picture.after(&CleanBackdrop, &settings(1.0)));
        for (at, reach) in [(DUST, 1), (STAIN, 5)] {
            let (was, is) = (dirt(&before, at, reach), dirt(&after, at, reach));
            assert!(was > 8.0 && is.abs() < 0.3 * was, "step {step}: {was} to {is}");
        }
        for at in [(60, 300), (420, 330), (240, 60), (12, 12), (467, 387)] {
            assert!((level(&before, at, 8) - level(&after, at, 8)).abs() < 0.6, "step {step} at {at:?}");
        }
    }
}

#[test]
fn grain_goes_on_where_dirt_was() {
    let after = dirty(1).after(&CleanBackdrop, &settings(1.0));
    let spread = |centre: (usize, usize)| {
        let mut total = 0.0;
        for y in centre.1 - 2..=centre.1 + 2 {
            for x in centre.0 - 2..=centre.0 + 2 {
                let value = |x: usize| f32::from(after[3 * (y * SIZE.width + x) + 1]);
                total += (value(x + 1) - value(x)).abs();
            }
        }
        total / 25.0
    };
    let elsewhere = spread((140, 90));
    assert!(spread(DUST) > 0.4 * elsewhere && spread(DUST) < 2.0 * elsewhere);
}

#[test]
fn strength_0_is_the_identity_and_half_goes_half_way() {
    let picture = dirty(1);
    assert_eq!(picture.after(&CleanBackdrop, &settings(0.0)), picture.before());
    let left = [0.0, 0.5, 1.0].map(|alpha| dirt(&picture.after(&CleanBackdrop, &settings(alpha)), STAIN, 4));
    assert!(left[1] < left[0] && left[2] < left[1], "{left:?}");
    assert!((left[1] - 0.5 * (left[0] + left[2])).abs() < 0.2 * left[0], "{left:?}");
}

#[test]
fn scale_chooses_the_size_of_the_dirt() {
    let picture = dirty(1);
    let left = |scale, at, reach| {
        let after = picture.after(&CleanBackdrop, &Settings { scale, ..settings(1.0) });
        dirt(&after, at, reach) / dirt(&picture.before(), at, reach)
    };
    assert!(left(Scale::Large, DUST, 1) > 0.9 && left(Scale::Large, STAIN, 5) < 0.3);
    assert!(left(Scale::Small, STAIN, 5) > 0.9);
}

#[test]
fn the_person_stays_bit_for_bit() {
    let picture = dirty(2);
    let masked = Settings { automask: true, ..settings(1.0) };
    let (before, after) = (picture.before(), picture.after(&CleanBackdrop, &masked));
    for i in (0..SIZE.area()).filter(|i| sitter(i % SIZE.width, i / SIZE.width)) {
        assert_eq!(before[3 * i..3 * i + 3], after[3 * i..3 * i + 3], "pixel {i}");
    }
}

#[test]
fn a_shadow_that_leans_on_the_person_stays() {
    let shadowed = |x: usize, y: usize| {
        let shadow = if sitter(x, y) { 0.0 } else { 0.1 * bump(x, y, (300, 340), 26.0) };
        studio(x, y).map(|v| v - shadow)
    };
    let picture = WholePicture::new(SIZE, 1, shadowed, |_, _| false, sitter);
    let (before, after) = (picture.before(), picture.after(&CleanBackdrop, &settings(1.0)));
    let depth = |samples: &[u8]| 255.0 * paper(310, 340) - level(samples, (310, 340), 4);
    assert!(depth(&after) > 0.8 * depth(&before), "{} {}", depth(&before), depth(&after));
}

#[test]
fn rooms_and_landscapes_are_left_alone() {
    let branches = |x: usize, y: usize| {
        let (u, v) = (x as f32 / 23.0, y as f32 / 17.0);
        [0.5 + 0.1 * (u.sin() * v.cos()), 0.5 + 0.1 * (u + v).sin(), 0.3]
    };
    let picture = WholePicture::new(SIZE, 1, branches, |_, _| false, sitter);
    assert_eq!(picture.after(&CleanBackdrop, &settings(1.0)), picture.before());
}

#[test]
fn tiny_pictures_and_pictures_without_backdrop_are_left_alone() {
    for size in [Size::new(1, 1), Size::new(5, 3)] {
        let picture = WholePicture::new(size, 1, |_, _| [0.5; 3], |_, _| false, |_, _| false);
        assert_eq!(picture.after(&CleanBackdrop, &settings(1.0)), picture.before());
    }
    let filled = WholePicture::new(SIZE, 1, studio, |_, _| false, |_, _| true);
    assert_eq!(filled.after(&CleanBackdrop, &settings(1.0)), filled.before());
}
