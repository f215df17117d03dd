//! Photoshop documents stack to the flat result: read back by a reader and blend formulas of the test's own.

use pixel::picture::{Picture, Samples};
use pixel::{Orientation, Plane, Size};
use retouch::{Options, OutcomeKind, OutputChoice, Preset, Recipe, Unwatched};

use crate::subject::{DARK, ENGINE, LIGHT, bytes, decode, halved, plain, upload};

/// Big-endian numbers from the front of a file.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (part, rest) = self.0.split_at(count);
        self.0 = rest;
        part
    }

    fn number(&mut self, bytes: usize) -> usize {
        self.take(bytes).iter().fold(0, |value, &byte| value << 8 | usize::from(byte))
    }

    fn part(&mut self) -> Reader<'a> {
        let length = self.number(4);
        Reader(self.take(length))
    }

    /// Rows in PackBits, of which the lengths were read before.
    fn rows(&mut self, counts: &[usize]) -> Vec<u8> {
        let mut out = Vec::new();
        for &count in counts {
            let mut row = Reader(self.take(count));
            while !row.0.is_empty() {
                match row.number(1) {
                    literal @ 0..128 => out.extend_from_slice(row.take(literal + 1)),
                    128 => {}
                    run => out.extend(std::iter::repeat_n(row.number(1) as u8, 257 - run)),
                }
            }
        }
        out
    }
}

struct Layer {
    name: String,
    key: String,
    /// Top, left, bottom, right.
    edges: [usize; 4],
    /// Red, green, blue, alpha.
    channels: [Vec<u8>; 4],
}

struct Document {
    size: Size,
    channels: usize,
    layers: Vec<Layer>,
    /// The merged picture, interleaved, and the channels beside it.
    merged: Vec<u8>,
    selections: Vec<Vec<u8>>,
}

/// Reads an 8-bit RGB document.
fn read(file: &[u8]) -> Document {
    let mut file = Reader(file);
    assert_eq!(file.take(6), b"8BPS\0\x01");
    file.take(6);
    let channels = file.number(2);
    let (height, width) = (file.number(4), file.number(4));
    assert_eq!((file.number(2), file.number(2)), (8, 3));
    file.part();
    file.part();
    let mut section = file.part();
    let mut list = section.part();
    let count = list.number(2);
    let mut layers: Vec<(Layer, Vec<(usize, usize)>)> = (0..count).map(|_| record(&mut list)).collect();
    for (layer, lengths) in &mut layers {
        let rows = layer.edges[2] - layer.edges[0];
        for (channel, length) in lengths {
            let mut data = Reader(list.take(*length));
            // Channel -1 is alpha.
            let channel = if *channel == 0xFFFF { 3 } else { *channel };
            if data.number(2) == 1 {
                let counts: Vec<usize> = (0..rows).map(|_| data.number(2)).collect();
                layer.channels[channel] = data.rows(&counts);
            }
        }
    }
    assert_eq!(file.number(2), 1);
    let counts: Vec<usize> = (0..channels * height).map(|_| file.number(2)).collect();
    let mut planes: Vec<Vec<u8>> = counts.chunks_exact(height).map(|counts| file.rows(counts)).collect();
    let selections = planes.split_off(3);
    let merged = (0..3 * width * height).map(|i| planes[i % 3][i / 3]).collect();
    let layers = layers.into_iter().map(|(layer, _)| layer).collect();
    Document { size: Size::new(width, height), channels, layers, merged, selections }
}

fn record(list: &mut Reader<'_>) -> (Layer, Vec<(usize, usize)>) {
    let edges = [0; 4].map(|_| list.number(4));
    let lengths = (0..list.number(2)).map(|_| (list.number(2), list.number(4))).collect();
    list.take(4);
    let key = String::from_utf8_lossy(list.take(4)).into_owned();
    assert_eq!(list.number(1), 255, "opacity");
    list.take(3);
    let mut extra = list.part();
    extra.take(8);
    let length = extra.number(1);
    let name = String::from_utf8_lossy(extra.take(length)).into_owned();
    (Layer { name, key, edges, channels: Default::default() }, lengths)
}

fn soft_light(b: f64, s: f64) -> f64 {
    if s <= 0.5 {
        2.0 * b * s + b * b * (1.0 - 2.0 * s)
    } else {
        2.0 * b * (1.0 - s) + b.sqrt() * (2.0 * s - 1.0)
    }
}

/// All layers over the background, 0..1.
fn stacked(document: &Document) -> Vec<f64> {
    let width = document.size.width;
    let mut picture = vec![0.0; 3 * document.size.area()];
    for layer in &document.layers {
        let [top, left, bottom, right] = layer.edges;
        for (index, (y, x)) in (top..bottom).flat_map(|y| (left..right).map(move |x| (y, x))).enumerate() {
            let alpha = layer.channels[3].get(index).copied().unwrap_or(255);
            for c in 0..3 {
                let value = &mut picture[3 * (y * width + x) + c];
                let own = f64::from(layer.channels[c][index]) / 255.0;
                let laid = if layer.key == "sLit" { soft_light(*value, own) } else { own };
                *value += (laid - *value) * f64::from(alpha) / 255.0;
            }
        }
    }
    picture
}

fn document(picture: &Picture, recipe: &Recipe) -> Vec<u8> {
    let recipe = Recipe { output: OutputChoice::Psd, ..recipe.clone() };
    let outcome =
        ENGINE.retouch(&upload(picture), &recipe, &Options::default(), &Unwatched).expect("retouches");
    assert_eq!((outcome.kind, outcome.kind.extension()), (OutcomeKind::Psd, "psd"));
    outcome.bytes
}

#[test]
fn the_layers_of_a_document_stack_to_the_flat_result() {
    for (name, sitter) in [("light", &*LIGHT), ("dark", &*DARK)] {
        let recipe = Recipe::preset(Preset::Balanced).layered();
        let document = read(&document(sitter, &recipe));
        let flat = Recipe { output: OutputChoice::Png, ..Recipe::preset(Preset::Balanced) };
        let outcome =
            ENGINE.retouch(&upload(sitter), &flat, &Options::default(), &Unwatched).expect("retouches");
        let flat = decode(&outcome.bytes);
        assert_eq!(document.size, sitter.size);
        assert!(document.merged == bytes(&flat), "{name}: the merged picture is the flat result");
        let stack = stacked(&document);
        let levels = stack.iter().zip(bytes(&flat));
        let misfit = levels.map(|(s, f)| ((s * 255.0).round() - f64::from(*f)).abs()).fold(0.0, f64::max);
        assert!(misfit <= 1.0, "{name}: {misfit} levels");

        let tasks = recipe.tasks.iter().map(|task| task.plugin.spec().name);
        let names: Vec<&str> = document.layers.iter().map(|layer| layer.name.as_str()).collect();
        let wanted: Vec<&str> =
            std::iter::once("Background").chain(tasks.filter(|name| *name != "Skin Mask")).collect();
        assert_eq!(names, wanted);
        assert_eq!((document.channels, document.selections.len()), (4, 1));
        assert!(document.selections[0].iter().any(|&v| v > 200), "skin is selected");
        for layer in &document.layers[1..] {
            let [top, left, bottom, right] = layer.edges;
            let (width, alpha) = (right - left, &layer.channels[3]);
            assert!(alpha.iter().all(|v| [0, 255].contains(v)));
            if alpha.is_empty() {
                continue;
            }
            let column = |x: usize| (0..bottom - top).any(|y| alpha[y * width + x] > 0);
            assert!(column(0) && column(width - 1), "{}: tight at the sides", layer.name);
            let row = |y: usize| alpha[y * width..(y + 1) * width].iter().any(|v| *v > 0);
            assert!(row(0) && row(bottom - top - 1), "{}: tight above and below", layer.name);
        }
    }
}

#[test]
fn a_turned_upload_stands_upright_in_its_document() {
    let upright = halved(&halved(&crate::subject::full_light()));
    let stored = Size::new(upright.size.height, upright.size.width);
    let turn = |c: usize| {
        let plane = Plane::from_fn(upright.size, |x, y| {
            f32::from(bytes(&upright)[3 * (y * upright.size.width + x) + c])
        });
        plane.turned_to_stored(Orientation::Turn270)
    };
    let planes = [turn(0), turn(1), turn(2)];
    let rgb = (0..3 * stored.area()).map(|i| planes[i % 3].samples()[i / 3] as u8).collect();
    let picture = Picture { orientation: Orientation::Turn270, ..plain(stored, rgb) };
    let file = document(&picture, &Recipe::default());
    let document = read(&file);
    assert_eq!(document.size, upright.size);
    assert!(document.merged == bytes(&upright));
    let exif = file
        .windows(8)
        .position(|part| part == b"\x01\x12\0\x03\0\0\0\x01" || part == b"\x12\x01\x03\0\x01\0\0\0");
    let at = exif.expect("EXIF has the orientation");
    assert!(file[at + 8..at + 12].contains(&1) && !file[at + 8..at + 12].contains(&8), "and it says upright");
}

#[test]
fn transparent_and_deep_uploads_have_documents_too() {
    let size = LIGHT.size;
    let wide = Samples::U16(bytes(&LIGHT).iter().map(|&v| u16::from(v) * 257).collect());
    let alpha = Samples::U16((0..size.area()).map(|i| (i % 65_536) as u16).collect());
    let picture = Picture { rgb: wide, alpha: Some(alpha), ..LIGHT.clone() };
    let file = document(&picture, &Recipe::preset(Preset::Slight).layered());
    assert_eq!(file[12..14], [0, 5], "colours, transparency and a selection");
    assert_eq!(file[22..24], [0, 16]);
    assert!(file.windows(8).any(|part| part == b"8BIMLr16"));
}
