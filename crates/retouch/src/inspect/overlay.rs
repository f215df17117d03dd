//! The drawing of an inspection: tinted regions, framed faces, dotted landmarks.

use pixel::picture::{Metadata, Picture, Samples};
use pixel::{Orientation, Plane, Size};

use super::landmarks;
use crate::canvas::Canvas;
use crate::scene::{FaceView, Scene, encoded_srgb};

type Rgb = [f32; 3];

/// How much of a tint is laid over the picture.
const TINT: f32 = 0.45;
const SKIN: Rgb = [1.0, 0.55, 0.2];
const HAIR: Rgb = [0.55, 0.2, 0.85];
const CLOTHES: Rgb = [0.1, 0.55, 0.9];
const OTHER: Rgb = [0.9, 0.9, 0.1];
const FRAME: Rgb = [1.0, 1.0, 1.0];
const DOT: Rgb = [0.0, 1.0, 0.3];

/// Draws what `scene` shows over the reduced upright picture, in sRGB. Needs the regions of faces and picture.
pub(super) fn draw(scene: &Scene<'_>) -> Picture {
    let Some(view) = scene.picture() else { return finished([const { Vec::new() }; 3], Size::new(0, 0)) };
    let canvas = &view.canvas;
    let size = canvas.size();
    let mut drawing = Drawing { rgb: encoded_srgb(canvas.channels(), scene.space()), size };

    let regions = &view.regions;
    for (plane, colour) in [(&regions.hair, HAIR), (&regions.clothes, CLOTHES), (&regions.other, OTHER)] {
        drawing.tint(colour, |x, y| plane.at(x, y));
    }
    // Skin of the picture is drawn where no face's own, finer matte is.
    drawing.tint(SKIN, |x, y| regions.skin.at(x, y));
    for face in scene.faces() {
        drawing.tint_features(canvas, face);
    }
    for face in scene.faces() {
        drawing.frame(canvas, face.face.mesh.as_ref().map_or(face.face.frame, vision::Mesh::bounds));
        for [x, y] in landmarks(face) {
            let (i, j) = canvas.position(x, y);
            for (right, down) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
                drawing.dot(i.floor() + right, j.floor() + down, DOT);
            }
        }
    }
    finished(drawing.rgb.map(Plane::into_vec), size)
}

struct Drawing {
    rgb: [Plane; 3],
    size: Size,
}

impl Drawing {
    /// Mixes a colour in by a matte, 0 to 1.
    fn tint(&mut self, colour: Rgb, matte: impl Fn(usize, usize) -> f32) {
        for y in 0..self.size.height {
            for x in 0..self.size.width {
                let weight = TINT * matte(x, y).clamp(0.0, 1.0);
                if weight > 0.0 {
                    self.mix(x, y, colour, weight);
                }
            }
        }
    }

    /// Tints the features of a face, which lie on a canvas of its own.
    fn tint_features(&mut self, picture: &Canvas, face: &FaceView) {
        let regions = &face.regions;
        let [left, right] = &regions.eyes;
        let features: [(&Plane, Rgb); 14] = [
            (&regions.lips, [0.95, 0.1, 0.3]),
            (&regions.teeth, [0.2, 1.0, 1.0]),
            (&regions.gums_tongue, [0.7, 0.0, 0.5]),
            (&left.sclera, [1.0, 1.0, 0.3]),
            (&right.sclera, [1.0, 1.0, 0.3]),
            (&left.iris, [0.1, 0.3, 1.0]),
            (&right.iris, [0.1, 0.3, 1.0]),
            (&left.pupil, [1.0, 0.0, 1.0]),
            (&right.pupil, [1.0, 0.0, 1.0]),
            (&regions.brows, [0.3, 0.8, 0.2]),
            (&regions.lashes, [0.0, 0.5, 0.5]),
            (&regions.nostrils, [0.6, 0.0, 0.0]),
            (&regions.beard, [0.45, 0.3, 0.1]),
            (&regions.glasses, [0.8, 0.8, 1.0]),
        ];
        let own = face.canvas.size();
        let on_face = |x: usize, y: usize| {
            let place = picture.place(x as f32, y as f32);
            let (i, j) = face.canvas.position(place.0, place.1);
            let inside = i > -0.5 && j > -0.5 && i < own.width as f32 - 0.5 && j < own.height as f32 - 0.5;
            inside.then_some((i, j))
        };
        for (plane, colour) in features {
            self.tint(colour, |x, y| on_face(x, y).map_or(0.0, |(i, j)| plane.bilinear(i, j)));
        }
    }

    /// Outlines a box given in full-resolution pixels.
    fn frame(&mut self, canvas: &Canvas, [left, top, right, bottom]: [f32; 4]) {
        let (left, top) = canvas.position(left, top);
        let (right, bottom) = canvas.position(right, bottom);
        let (columns, rows) = ((right - left).max(0.0) as usize, (bottom - top).max(0.0) as usize);
        for step in 0..=columns {
            let x = (left + step as f32).round();
            self.dot(x, top.round(), FRAME);
            self.dot(x, bottom.round(), FRAME);
        }
        for step in 0..=rows {
            let y = (top + step as f32).round();
            self.dot(left.round(), y, FRAME);
            self.dot(right.round(), y, FRAME);
        }
    }

    /// Sets one sample, if it lies in the drawing.
    fn dot(&mut self, x: f32, y: f32, colour: Rgb) {
        if x >= 0.0 && y >= 0.0 && x < self.size.width as f32 && y < self.size.height as f32 {
            self.mix(x as usize, y as usize, colour, 1.0);
        }
    }

    fn mix(&mut self, x: usize, y: usize, colour: Rgb, weight: f32) {
        for (plane, wished) in self.rgb.iter_mut().zip(colour) {
            let value = plane.at_mut(x, y);
            *value += (wished - *value) * weight;
        }
    }
}

/// Planes of encoded sRGB as an 8-bit picture.
fn finished(planes: [Vec<f32>; 3], size: Size) -> Picture {
    let [red, green, blue] = planes;
    let samples = red.iter().zip(&green).zip(&blue).flat_map(|((r, g), b)| [*r, *g, *b]);
    Picture {
        size,
        rgb: Samples::U8(samples.map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8).collect()),
        alpha: None,
        grey: false,
        orientation: Orientation::default(),
        metadata: Metadata::default(),
    }
}
