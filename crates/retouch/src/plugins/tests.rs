//! What holds for every plugin on a made-up picture, without networks.

use pixel::colour::Lab;
use pixel::filter::gauss;
use pixel::picture::Samples;
use pixel::{Plane, Rect, Size};
use vision::FaceRegions;

use super::plugins;
use crate::canvas::Canvas;
use crate::plugin::Settings;
use crate::scene::testing::{SceneBuilder, lab, skin_patch};

const SIZE: Size = Size::new(97, 83);
const FACE: Rect = Rect { x: 8, y: 6, width: 80, height: 70 };

/// Something for everyone: blotches, shine and a dark spot on a warm ground.
fn blotchy(x: usize, y: usize) -> [f32; 3] {
    let (x, y) = (x as f32, y as f32);
    let blotch = 0.08 * (x / 4.0).sin() * (y / 5.0).cos();
    let shine = 0.3 * (-((x - 40.0).powi(2) + (y - 30.0).powi(2)) / 40.0).exp();
    let spot = -0.2 * (-((x - 55.0).powi(2) + (y - 45.0).powi(2)) / 5.0).exp();
    [0.75 + blotch + shine + spot, 0.55 + blotch + shine + spot, 0.45 + 0.7 * blotch + shine + spot]
}

/// A soft disc in the middle of the canvas that reaches zero well inside it.
fn disc(canvas: &Canvas) -> Plane {
    let (w, h) = (canvas.size().width as f32, canvas.size().height as f32);
    let hard = Plane::from_fn(canvas.size(), |x, y| {
        let (dx, dy) = ((x as f32 + 0.5) / w - 0.5, (y as f32 + 0.5) / h - 0.5);
        if dx.hypot(dy) < 0.3 { 1.0 } else { 0.0 }
    });
    gauss(&hard, 1.0).map(|v| if v < 0.01 { 0.0 } else { v })
}

fn on_skin(canvas: &Canvas, regions: &mut FaceRegions) {
    regions.skin = disc(canvas);
    regions.oval = disc(canvas);
}

fn strong(name: &str) -> Settings {
    let spec = plugins().iter().map(|plugin| plugin.spec()).find(|spec| spec.name == name);
    let spec = spec.expect("a plugin of the list");
    let top = |key| spec.param(key).map_or(0.0, |param| param.max);
    let (alpha1, alpha2) = (top(crate::Key::Alpha1), top(crate::Key::Alpha2));
    Settings { alpha1, alpha2, ..Settings::defaults(spec) }
}

#[test]
fn strength_0_draws_nothing_that_can_be_seen() {
    let builder =
        SceneBuilder::new(SIZE, blotchy).face(FACE, 2, 60.0, on_skin).whole(2, |canvas, regions| {
            regions.skin = disc(canvas);
            regions.clothes = disc(canvas);
            regions.person = disc(canvas);
            regions.background = disc(canvas).map(|v| 1.0 - v);
        });
    for plugin in plugins() {
        let off = Settings { alpha1: 0.0, alpha2: 0.0, ..Settings::defaults(plugin.spec()) };
        let name = plugin.spec().name;
        assert_eq!(builder.retouched(*plugin, &off).rgb, builder.picture.rgb, "{name}");
    }
}

#[test]
fn where_nothing_is_to_be_worked_on_nothing_changes() {
    let nobody = SceneBuilder::new(SIZE, blotchy);
    let empty = SceneBuilder::new(SIZE, blotchy).face(FACE, 2, 60.0, |_, _| {}).whole(2, |_, _| {});
    for plugin in plugins() {
        let name = plugin.spec().name;
        for builder in [&nobody, &empty] {
            assert_eq!(builder.retouched(*plugin, &strong(name)).rgb, builder.picture.rgb, "{name}");
        }
    }
}

#[test]
fn nothing_changes_outside_the_skin_that_was_painted() {
    let builder = SceneBuilder::new(SIZE, blotchy).face(FACE, 2, 60.0, on_skin);
    let scene = builder.scene();
    let (canvas, skin) = (&scene.faces()[0].canvas, &scene.faces()[0].regions.skin);
    let Samples::U8(before) = &builder.picture.rgb else { panic!("8 bits") };
    let mut workers = 0;
    for plugin in plugins() {
        let name = plugin.spec().name;
        let Samples::U8(after) = builder.retouched(*plugin, &strong(name)).rgb else { panic!("8 bits") };
        workers += usize::from(after != *before);
        for i in (0..SIZE.area()).filter(|i| before[3 * i..3 * i + 3] != after[3 * i..3 * i + 3]) {
            let (u, v) = canvas.position((i % SIZE.width) as f32, (i / SIZE.width) as f32);
            let near = skin.bilinear(u, v) > 0.0;
            assert!(near, "{name} changed {}, {}", i % SIZE.width, i / SIZE.width);
        }
    }
    assert!(workers >= 3, "the painted skin gives skin plugins work to do");
}

/// A mole 8 pixels wide on skin of a colour; the face is 180 wide.
fn with_mole(skin: [f32; 3], mole: [f32; 3]) -> SceneBuilder {
    skin_patch(move |x, y| {
        let near = 1.0 / (1.0 + (((x - 120.0).hypot(y - 126.0) - 4.0) / 0.6).exp());
        let pore = 0.6 * ((x * 1.9).sin() + (y * 2.3).sin());
        [0, 1, 2].map(|c| {
            let light = if c == 0 { pore } else { 0.0 };
            (skin[c] + light) * (1.0 - near) + mole[c] * near
        })
    })
}

#[test]
fn broad_corrections_leave_moles_as_dark_and_as_brown_as_they_are() {
    // The red of the second skin is nearly full, where soft light needs a strong push for a small change.
    for (skin, mole) in [([66.0, 12.0, 16.0], [56.0, 14.0, 14.0]), ([71.0, 38.0, 45.0], [58.0, 38.0, 42.0])] {
        let builder = with_mole(skin, mole);
        let contrast = |lab: &Lab| {
            let ring = [(100, 126), (140, 126), (120, 106), (120, 146)].map(|(x, y)| lab.at(x, y));
            [0, 1, 2].map(|c| lab.at(120, 126)[c] - ring.iter().map(|v| v[c]).sum::<f32>() / 4.0)
        };
        let before = contrast(&lab(&builder.picture));
        for plugin in plugins() {
            let settings = Settings { alpha1: 1.0, ..Settings::defaults(plugin.spec()) };
            let after = contrast(&lab(&builder.retouched(*plugin, &settings)));
            let name = plugin.spec().name;
            assert!(after[0] < 0.93 * before[0], "{name} on {skin:?}: {before:?} to {after:?}");
            assert!((after[1] - before[1]).abs() < 1.5, "{name} on {skin:?}: {before:?} to {after:?}");
        }
    }
}

#[test]
fn corrections_fade_out_before_the_canvas_of_a_face_ends() {
    let builder = SceneBuilder::new(SIZE, blotchy).face(FACE, 2, 60.0, |canvas, regions| {
        regions.skin = Plane::filled(canvas.size(), 1.0);
    });
    let Samples::U8(before) = &builder.picture.rgb else { panic!("8 bits") };
    let depth = |place: usize, start: usize, end: usize| {
        (place + 1).saturating_sub(start).min(end.saturating_sub(place))
    };
    let on_rim = |x: usize, y: usize| {
        let depth = depth(x, FACE.x, FACE.right()).min(depth(y, FACE.y, FACE.bottom()));
        (1..=2).contains(&depth)
    };
    let mut workers = 0;
    for plugin in plugins() {
        let name = plugin.spec().name;
        let layer = builder.draw(*plugin, &strong(name));
        if layer.fields.is_empty() {
            continue;
        }
        let Samples::U8(after) = builder.retouched(*plugin, &strong(name)).rgb else { panic!("8 bits") };
        workers += usize::from(after != *before);
        for i in (0..SIZE.area()).filter(|i| on_rim(i % SIZE.width, i / SIZE.width)) {
            let step = (0..3).map(|c| before[3 * i + c].abs_diff(after[3 * i + c])).max();
            assert!(
                step <= Some(1),
                "{name} ends with a step of {step:?} at {}, {}",
                i % SIZE.width,
                i / SIZE.width
            );
        }
    }
    assert!(workers >= 4, "the painted skin gives broad plugins work to do: {workers}");
}
