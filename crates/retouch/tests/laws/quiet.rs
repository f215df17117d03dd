//! Where nothing is to be done nothing changes: far corners, pictures of nothing, alpha, grey.

use pixel::picture::{Picture, Samples};
use pixel::{Rect, Size};
use retouch::{Key, Preset, Recipe, Task, plugins};

use crate::subject::{DARK, LIGHT, Sitting, bytes, cropped, everything, plain, retouched, works_on_persons};

/// Places of the 500 × 500 portraits with nothing but background, well away from the sitter.
const CORNERS: [Rect; 2] =
    [Rect { x: 0, y: 0, width: 70, height: 70 }, Rect { x: 430, y: 0, width: 70, height: 70 }];

#[test]
fn strength_0_gives_the_upload_bit_for_bit() {
    for &plugin in plugins() {
        let task = Task::new(plugin).with(Key::Alpha1, 0.0).with(Key::Alpha2, 0.0);
        let recipe = Recipe { tasks: vec![task], ..Recipe::default() };
        assert!(retouched(&LIGHT, &recipe).rgb == LIGHT.rgb, "{}", plugin.spec().name);
    }
}

#[test]
fn the_background_far_from_the_sitter_is_left_alone() {
    for sitter in [&*LIGHT, &*DARK] {
        Sitting::of(sitter, |sitting| {
            for &plugin in plugins().iter().filter(|plugin| works_on_persons(**plugin)) {
                let mut settings = retouch::Settings::defaults(plugin.spec());
                let end = |key| plugin.spec().param(key).map_or(0.0, |param| param.max);
                (settings.alpha1, settings.alpha2) = (end(Key::Alpha1), end(Key::Alpha2));
                let result = sitting.retouched(plugin, &settings);
                for corner in CORNERS {
                    let same = cropped(&result, corner) == cropped(sitter, corner);
                    assert!(same, "{} changes the background in {corner:?}", plugin.spec().name);
                }
            }
        });
    }
}

#[test]
fn pictures_without_anybody_come_back_as_they_were() {
    for (width, height) in [(1, 1), (3, 2), (17, 33), (1, 300), (211, 97)] {
        let size = Size::new(width, height);
        let slope = |i: usize| (60 + 100 * (i % width) / width + 40 * (i / width) / height) as u8;
        let colours: Vec<u8> =
            (0..size.area()).flat_map(|i| [slope(i), slope(i) / 2 + 30, 200 - slope(i) / 2]).collect();
        let picture = plain(size, colours);
        assert!(retouched(&picture, &everything(9.0)).rgb == picture.rgb, "{width} x {height}");
    }
}

#[test]
fn alpha_is_kept_and_has_no_say_in_the_colours() {
    let width = LIGHT.size.width;
    let alpha: Vec<u8> = (0..LIGHT.size.area()).map(|i| (i % width * 255 / width) as u8).collect();
    let picture = Picture { alpha: Some(Samples::U8(alpha)), ..LIGHT.clone() };
    let recipe = Recipe::preset(Preset::Heavy);
    let result = retouched(&picture, &recipe);
    assert!(result.alpha == picture.alpha);
    assert!(result.rgb == retouched(&LIGHT, &recipe).rgb);
}

#[test]
fn grey_stays_grey() {
    let grey = bytes(&LIGHT).chunks_exact(3).flat_map(|p| [p[1]; 3]).collect();
    let picture = Picture { grey: true, ..plain(LIGHT.size, grey) };
    let result = retouched(&picture, &everything(9.0));
    assert!(result.grey, "a grey upload gives a grey file");
    assert!(bytes(&result) != bytes(&picture), "there is work to do on a grey portrait");
    // The same portrait in a file with three channels: nothing may tint what has no colour.
    let coloured = Picture { grey: false, ..picture };
    let result = retouched(&coloured, &Recipe::preset(Preset::Slight));
    let tint = bytes(&result).chunks_exact(3).map(|p| p.iter().max().zip(p.iter().min()));
    let widest = tint.flatten().map(|(high, low)| high - low).max();
    assert!(widest <= Some(2), "channels of a grey portrait apart by {widest:?} levels");
}
