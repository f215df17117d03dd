//! The drawing of an inspection: tinted regions, framed faces, dotted landmarks.

use std::borrow::Cow;

use pixel::picture::{Metadata, Picture, Samples};
use pixel::{Orientation, Plane, Size};

use super::{Region, landmarks};
use crate::canvas::Canvas;
use crate::scene::{FaceView, Scene, encoded_srgb};

type Rgb = [f32; 3];

/// How much of a tint is laid over the picture.
const TINT: f32 = 0.45;
const FRAME: Rgb = [1.0, 1.0, 1.0];
const DOT: Rgb = [0.0, 1.0, 0.3];

/// Draws what `scene` shows over the reduced upright picture, in sRGB. Needs the regions of faces and picture.
pub(super) fn draw(scene: &Scene<'_>) -> Picture {
    let Some(view) = scene.picture() else { return finished([const { Vec::new() }; 3], Size::new(0, 0)) };
    let canvas = &view.canvas;
    let size = canvas.size();
    let mut drawing =
        Drawing { rgb: encoded_srgb(Cow::Borrowed(&*canvas.rgb), scene.space()).into_owned(), size };

    let regions = &view.regions;
    for region in [Region::Hair, Region::Clothes, Region::Other, Region::Skin] {
        if let Some(plane) = region.of_picture(regions) {
            let plane = view.fine(plane);
            drawing.tint(tint(region), |x, y| plane.at(x, y));
        }
    }
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

fn tint(region: Region) -> Rgb {
    region.colour().map(|v| f32::from(v) / 255.0)
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
        for region in Region::ALL.into_iter().filter(|region| *region != Region::FaceSkin) {
            for matte in region.of_face(regions) {
                self.tint(tint(region), |x, y| {
                    let place = picture.place(x as f32, y as f32);
                    let (i, j) = face.canvas.position(place.0, place.1);
                    matte.at(i, j)
                });
            }
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
