//! What the next plugin sees is what has been laid: canvases against the pile, in every orientation and depth.

use pixel::filter::{GuidedModel, reduce};
use pixel::picture::Samples;
use pixel::{Orientation, Plane, Rect, Size};

use vision::networks::PARTS_SIDE;
use vision::parts::{Part, PartsMap};
use vision::{Face, Parts, Person};

use super::testing::SceneBuilder;
use super::{Scene, skin_rect};
use crate::canvas::Canvas;
use crate::layer::{Effect, Field, Grid, Layer, Patch};
use crate::plugin::{Blend, Need};

const UPRIGHT: Size = Size::new(61, 45);
/// Canvases that do not divide the picture, one inset and one over everything.
const FACE: Rect = Rect { x: 7, y: 5, width: 42, height: 33 };

fn builder(orientation: Orientation, grey: bool) -> SceneBuilder {
    let stored = orientation.turn_size(UPRIGHT);
    let colour = move |x: usize, y: usize| {
        let wave = |k: f32| 0.5 + 0.3 * (0.1 * k * x as f32 + 0.07 * y as f32).sin();
        if grey { [wave(1.0); 3] } else { [wave(1.0), wave(0.7), wave(0.4)] }
    };
    let mut builder = SceneBuilder::new(stored, colour)
        .face(FACE, 4, 20.0, |_, regions| regions.skin.samples_mut().fill(1.0))
        .whole(3, |_, _| {});
    builder.picture.orientation = orientation;
    builder.picture.grey = grey;
    // With 16 bits the rounding of layer values hides nothing.
    if let Samples::U8(samples) = &builder.picture.rgb {
        builder.picture.rgb = Samples::U16(samples.iter().map(|&v| u16::from(v) * 257).collect());
    }
    builder
}

/// A smooth bump with its peak in the middle that does not vanish at the edges, sample by sample.
fn bump(size: Size, height: f32) -> Plane {
    Plane::from_fn(size, |x, y| {
        let t = |i: usize, n: usize| (0.2 + 0.6 * (i as f32 + 0.5) / n as f32) * std::f32::consts::PI;
        height * t(x, size.width).sin() * t(y, size.height).sin()
    })
}

fn soft_light(grid: Grid, size: Size, heights: [f32; 3]) -> Field {
    Field { grid, effect: Effect::SoftLight(heights.map(|h| bump(size, h))), matte: None }
}

fn affine(grid: Grid, size: Size, matte: bool) -> Field {
    let gain = [-0.2, -0.1, 0.0].map(|h| bump(size, h));
    let offset = [0.05, 0.06, 0.02].map(|h| bump(size, h));
    let slope = [0.5, 0.2, 0.1].map(|v| Plane::filled(size, v));
    let model = GuidedModel { slope, offset: Plane::filled(size, 0.1) };
    Field { grid, effect: Effect::Affine { gain, offset }, matte: matte.then_some(model) }
}

fn grid(rect: Rect, step: usize) -> (Grid, Size) {
    let samples = Size::new(rect.width.div_ceil(step), rect.height.div_ceil(step));
    (Grid { x: rect.x, y: rect.y, step, rect }, samples)
}

/// A broad layer of each kind over the whole picture and over the face, and a small repair.
fn layers() -> Vec<(Layer, Blend)> {
    let ((whole, whole_size), (face, face_size)) = (grid(UPRIGHT.rect(), 3), grid(FACE, 4));
    let light =
        vec![soft_light(face, face_size, [0.3, 0.2, 0.1]), soft_light(whole, whole_size, [-0.2, 0.1, 0.25])];
    let tint = vec![affine(whole, whole_size, false), affine(face, face_size, true)];
    let rect = Rect { x: 10, y: 9, width: 7, height: 5 };
    let plane = |v: f32| Plane::filled(rect.size(), v);
    let touched = (0..rect.size().area()).map(|i| i % 3 != 0).collect();
    let patch = Patch { rect, rgb: [plane(0.7), plane(0.4), plane(0.2)], touched };
    vec![
        (Layer { fields: light, ..Layer::default() }, Blend::SoftLight),
        (Layer { fields: tint, ..Layer::default() }, Blend::Normal),
        (Layer { patches: vec![patch], ..Layer::default() }, Blend::Normal),
    ]
}

/// Mean and largest difference between a canvas and a fresh reading of the pile.
fn difference(scene: &Scene<'_>, canvas: &Canvas) -> (f32, f32) {
    let fresh = scene.read(canvas.grid.rect).map(|plane| reduce(&plane, canvas.grid.step));
    let (mut sum, mut most) = (0.0, 0.0f32);
    for c in 0..3 {
        for (a, b) in fresh[c].samples().iter().zip(canvas.rgb[c].samples()) {
            sum += (a - b).abs();
            most = most.max((a - b).abs());
        }
    }
    let lab = scene.lab(&canvas.rgb);
    assert_eq!(lab.l, canvas.lab().l, "lightness goes with the colours");
    (sum / (3 * canvas.size().area()) as f32, most)
}

#[test]
fn canvases_show_what_the_pile_holds() {
    for orientation in Orientation::ALL {
        for grey in [false, true] {
            let builder = builder(orientation, grey);
            let mut scene = builder.scene();
            for (index, (layer, blend)) in layers().into_iter().enumerate() {
                scene.lay(&layer, blend, &Need::ALL);
                let whole = &scene.picture().expect("the whole picture").canvas;
                for canvas in [&scene.faces()[0].canvas, whole] {
                    let (mean, most) = difference(&scene, canvas);
                    assert!(
                        mean < 0.2 / 255.0 && most < 1.0 / 255.0,
                        "{orientation:?}, grey {grey}, step {}, layer {index}: mean {mean}, most {most}",
                        canvas.grid.step
                    );
                }
            }
        }
    }
}

#[test]
fn a_drawing_lies_on_the_same_upright_pixels_however_the_picture_is_stored() {
    let upright = |orientation: Orientation| {
        let mut builder = builder(orientation, false);
        builder.picture.rgb = Samples::U16(vec![30_000; 3 * UPRIGHT.area()]);
        let mut scene = builder.scene();
        layers().iter().for_each(|(layer, blend)| scene.lay(layer, *blend, &Need::ALL));
        scene.read(UPRIGHT.rect())
    };
    let straight = upright(Orientation::Upright);
    for orientation in Orientation::ALL {
        for (a, b) in straight.iter().zip(&upright(orientation)) {
            let most = a.zip(b, |a, b| (a - b).abs()).max();
            assert!(most < 4.0 / 65535.0, "{orientation:?}: {most}");
        }
    }
}

#[test]
fn grey_stays_grey_under_coloured_layers() {
    let builder = builder(Orientation::Turn90, true);
    let mut scene = builder.scene();
    layers().iter().for_each(|(layer, blend)| scene.lay(layer, *blend, &Need::ALL));
    let [red, green, blue] = scene.read(UPRIGHT.rect());
    assert_eq!(red, green);
    assert_eq!(green, blue);
    assert_eq!(scene.faces()[0].canvas.rgb[0], scene.faces()[0].canvas.rgb[2]);
}

#[test]
fn a_layer_beside_a_face_does_not_have_its_colours_worked_out_anew() {
    let (grid, size) = grid(Rect { x: 50, y: 0, width: 11, height: 45 }, 3);
    for (field, blend) in
        [(soft_light(grid, size, [0.3; 3]), Blend::SoftLight), (affine(grid, size, false), Blend::Normal)]
    {
        let builder = builder(Orientation::Upright, false);
        let mut scene = builder.scene();
        scene.faces()[0].canvas.lab();
        let known = scene.faces()[0].canvas.memory();
        scene.lay(&Layer { fields: vec![field], ..Layer::default() }, blend, &Need::ALL);
        let canvas = &scene.faces()[0].canvas;
        assert_eq!(canvas.memory(), known);
        let (mean, most) = difference(&scene, canvas);
        assert!(mean < 0.2 / 255.0 && most < 1.0 / 255.0, "mean {mean}, most {most}");
    }
}

#[test]
fn the_canvas_of_a_face_among_others_ends_where_the_next_person_begins() {
    let full = Size::new(1000, 600);
    let side = Size::new(PARTS_SIDE, PARTS_SIDE);
    let probability = std::array::from_fn(|part| {
        Plane::filled(side, if part == Part::FaceSkin as usize { 1.0 } else { 0.0 })
    });
    let whole = Parts { rect: full.rect(), probability };
    let parts = PartsMap { whole: &whole, heads: &[], full };
    let face = |x: f32| Face {
        frame: [x - 50.0, 230.0, x + 50.0, 370.0],
        score: 1.0,
        points: [[x, 300.0]; 5],
        mesh: None,
        width: 100.0,
    };
    let among: Vec<Face> = [350.0, 500.0, 650.0].map(face).into();
    let rect = Rect { x: 280, y: 140, width: 440, height: 460 };
    let alone = skin_rect(&among[1], &Person::of(&among[1], &among[1..2]), rect, &parts);
    assert_eq!(alone, rect);
    let middle = skin_rect(&among[1], &Person::of(&among[1], &among), rect, &parts);
    // Half way to the next face, and the margin in which corrections fade.
    assert!(middle.x <= 500 - 75 - 35 && middle.right() >= 500 + 75 + 35, "{middle:?}");
    assert!(middle.width < 270, "{middle:?}");
    assert_eq!((middle.y, middle.bottom()), (rect.y, rect.bottom()));
}
