//! Persons stay who they are: complexion, lightness, and each his own.

use pixel::Size;
use pixel::picture::Picture;
use retouch::{Preset, Recipe, Task};

use crate::colour::{distance, lab, mean_colour, mean_difference};
use crate::subject::{DARK, LIGHT, Sitting, bytes, plain, retouched};

#[test]
fn skin_keeps_its_lightness_and_tone_whether_dark_or_light() {
    for (name, sitter) in [("light", &*LIGHT), ("dark", &*DARK)] {
        let skin = Sitting::of(sitter, |sitting| sitting.skin());
        let result = retouched(sitter, &Recipe::preset(Preset::Balanced));
        let (before, after) = (mean_colour(&lab(sitter), &skin), mean_colour(&lab(&result), &skin));
        assert!((after[0] - before[0]).abs() < 1.5, "{name}: L* from {} to {}", before[0], after[0]);
        let tone = (after[1] - before[1]).hypot(after[2] - before[2]);
        assert!(tone < 1.5, "{name}: from {before:?} to {after:?}");
    }
}

#[test]
fn two_faces_are_not_mixed() {
    let (left, right) = (bytes(&LIGHT), bytes(&DARK));
    let row = 3 * LIGHT.size.width;
    let rows = left.chunks_exact(row).zip(right.chunks_exact(row));
    let both = plain(Size::new(1000, 500), rows.flat_map(|(l, r)| [l, r].concat()).collect());
    let skin = Sitting::of(&both, |sitting| {
        assert_eq!(sitting.scene.found_faces().len(), 2);
        sitting.skin()
    });
    let result = retouched(&both, &Recipe::preset(Preset::Heavy));
    let (before, after) = (lab(&both), lab(&result));
    for (name, side) in [("left", 0..500), ("right", 500..1000)] {
        let weights: Vec<f64> =
            skin.iter().enumerate().map(|(i, s)| if side.contains(&(i % 1000)) { *s } else { 0.0 }).collect();
        let (b, a) = (mean_colour(&before, &weights), mean_colour(&after, &weights));
        assert!(distance(a, b) < 1.5, "{name}: from {b:?} to {a:?}");
    }
}

#[test]
fn a_healed_face_needs_no_healing() {
    let Some(heal) = retouch::plugins::find("Heal") else { return };
    let recipe = Recipe { tasks: vec![Task::new(heal)], ..Recipe::default() };
    for sitter in [&*LIGHT, &*DARK] {
        let once: Picture = retouched(sitter, &recipe);
        let twice = retouched(&once, &recipe);
        let (first, second) = (mean_difference(sitter, &once), mean_difference(&once, &twice));
        assert!(second <= 0.25 * first + 0.002, "first {first}, again {second}");
    }
}
