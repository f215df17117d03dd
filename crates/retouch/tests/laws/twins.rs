//! Twins: the same picture turned, in another colour space, at half the size, in 16 bits, on other threads.

use moxcms::ColorProfile;
use pixel::codec::{self, EncodeOptions, Format};
use pixel::colour::profile::ColourSpace;
use pixel::picture::{Metadata, Picture, Samples};
use pixel::{Orientation, Plane};
use retouch::{Engine, Options, Preset, Recipe, Unwatched, plugins};

use crate::colour::{mean_difference, share_above};
use crate::subject::{
    DARK, LIGHT, answer, bytes, everything, full_dark, full_light, halved, only, retouched, upload,
};

fn balanced() -> Recipe {
    Recipe::preset(Preset::Balanced)
}

#[test]
fn a_picture_is_retouched_alike_however_it_is_stored() {
    // In 16 bits the rounding of layer values, whose pattern lies on the stored pixels, hides nothing.
    let straight = retouched(&deep(&LIGHT), &balanced());
    for orientation in Orientation::ALL {
        let twin = turned(&deep(&LIGHT), |plane| plane.turned_to_stored(orientation));
        let result = retouched(&Picture { orientation, ..twin }, &balanced());
        assert_eq!(result.orientation, orientation);
        let upright = turned(&result, |plane| {
            Plane::from_fn(LIGHT.size, |x, y| {
                let (x, y) = orientation.to_stored(x, y, result.size);
                plane.at(x, y)
            })
        });
        let mean = mean_difference(&straight, &upright);
        assert!(mean < 0.02, "{orientation:?}: mean CIEDE2000 {mean}");
    }
}

/// The picture of 16 bits with each channel moved about by `turn`, without metadata.
fn turned(picture: &Picture, turn: impl Fn(&Plane) -> Plane) -> Picture {
    let Samples::U16(samples) = &picture.rgb else { panic!("a picture of 16 bits") };
    let channel = |c: usize| samples.iter().skip(c).step_by(3).map(|&v| f32::from(v)).collect();
    let planes = [0, 1, 2].map(|c| turn(&Plane::from_vec(picture.size, channel(c))));
    let size = planes[0].size();
    let moved = (0..size.area()).flat_map(|i| [0, 1, 2].map(|c| planes[c].samples()[i] as u16));
    Picture { size, rgb: Samples::U16(moved.collect()), orientation: Orientation::Upright, ..picture.clone() }
}

#[test]
fn a_display_p3_twin_gets_the_same_look_and_keeps_its_profile() {
    let icc = ColorProfile::new_display_p3().encode().expect("a profile");
    let (srgb, p3) = (ColourSpace::srgb(), ColourSpace::from_icc(&icc).expect("usable"));
    for (name, sitter) in [("light", &*LIGHT), ("dark", &*DARK)] {
        // 16 bits, so that the twins differ in nothing but their space.
        let samples = bytes(sitter)
            .chunks_exact(3)
            .flat_map(|p| p3.from_linear(srgb.to_linear([p[0], p[1], p[2]].map(|v| f32::from(v) / 255.0))));
        let rgb = Samples::U16(samples.map(|v| (v * 65535.0).round() as u16).collect());
        let metadata = Metadata { icc: Some(icc.clone()), ..Metadata::default() };
        let twin = retouched(&Picture { rgb, metadata, ..deep(sitter) }, &balanced());
        assert_eq!(twin.metadata.icc.as_ref(), Some(&icc), "{name}");
        let straight = retouched(&deep(sitter), &balanced());
        let (mean, far) = (mean_difference(&straight, &twin), share_above(&straight, &twin, 1.0));
        assert!(mean < 0.5 && far < 0.01, "{name}: mean CIEDE2000 {mean}, above 1 in {far} of the picture");
    }
}

fn deep(picture: &Picture) -> Picture {
    let rgb = Samples::U16(bytes(picture).iter().map(|&v| u16::from(v) * 257).collect());
    Picture { rgb, ..picture.clone() }
}

#[test]
fn half_the_size_gives_the_same_look() {
    for (name, sitter) in [("light", full_light()), ("dark", full_dark())] {
        let large = halved(&retouched(&sitter, &balanced()));
        let small = retouched(&halved(&sitter), &balanced());
        let mean = mean_difference(&large, &small);
        assert!(mean < 1.0, "{name}: mean CIEDE2000 {mean}");
    }
}

#[test]
fn sixteen_bits_stay_sixteen_bits_and_look_like_eight() {
    let result = retouched(&deep(&LIGHT), &balanced());
    let Samples::U16(samples) = &result.rgb else { panic!("16 bits come back as 16 bits") };
    let fine = samples.iter().filter(|v| !v.is_multiple_of(257)).count();
    assert!(fine * 20 > samples.len(), "only {fine} samples lie between the 8-bit levels");
    let narrow =
        Picture { rgb: Samples::U8(samples.iter().map(|v| (v / 257) as u8).collect()), ..LIGHT.clone() };
    let mean = mean_difference(&narrow, &retouched(&LIGHT, &balanced()));
    assert!(mean < 0.3, "mean CIEDE2000 to the 8-bit twin {mean}");
}

#[test]
fn the_number_of_threads_does_not_change_a_byte() {
    let file = upload(&LIGHT);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let run = |recipe: &Recipe| Engine::new().retouch(&file, recipe, &Options::default(), &Unwatched);
            let [flat, layers] = [everything(1.0), everything(1.0).layered()].map(|recipe| run(&recipe));
            (flat.expect("retouches").bytes, layers.expect("retouches").bytes)
        })
    };
    let (one, four) = (on(1), on(4));
    assert!(one.0 == four.0, "flat results differ");
    assert!(one.1 == four.1, "layers differ");
    assert!(one.0 == answer(&LIGHT, &everything(1.0)), "and so does the common pool");
}

#[test]
fn pixels_no_plugin_changed_are_those_of_the_upload_in_every_format() {
    let detection = plugins().iter().find(|plugin| plugin.spec().name == "Face Detection");
    let recipe = only(*detection.expect("Face Detection"));
    for format in [Format::Png, Format::Tiff, Format::WebP] {
        let file = codec::encode(&LIGHT, format, &EncodeOptions::default()).expect("encodes");
        let result = crate::subject::ENGINE.retouch(&file, &recipe, &Options::default(), &Unwatched);
        let result = crate::subject::decode(&result.expect("retouches").bytes);
        assert!(result.rgb == LIGHT.rgb, "{format}");
    }
}
