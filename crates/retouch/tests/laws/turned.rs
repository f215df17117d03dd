//! Faces that lie on their side or upside down, with nothing in the file that says so, are seen as they lie.

use pixel::Size;
use pixel::picture::Picture;

use crate::subject::{DARK, LIGHT, Sitting, bytes, plain};

/// The pixels turned clockwise by so many quarters.
fn turned(picture: &Picture, quarters: usize) -> Picture {
    (0..quarters).fold(picture.clone(), |picture, _| {
        let Size { width, height } = picture.size;
        let pixels = bytes(&picture);
        let from = |x: usize, y: usize| 3 * ((height - 1 - x) * width + y);
        let places = (0..width).flat_map(|y| (0..height).map(move |x| (x, y)));
        let rgb = places.flat_map(|(x, y)| pixels[from(x, y)..][..3].to_vec()).collect();
        plain(Size::new(height, width), rgb)
    })
}

/// Width and tilt (degrees) of the one face, by its landmarks.
fn face(picture: &Picture) -> (f32, f32) {
    Sitting::of(picture, |sitting| {
        let [face] = sitting.scene.found_faces() else { panic!("one face") };
        let mesh = face.mesh.as_ref().expect("landmarks");
        (mesh.width(), mesh.tilt().to_degrees())
    })
}

#[test]
fn a_face_is_seen_as_it_lies() {
    for (name, sitter, turns) in [("light", &*LIGHT, &[1, 2, 3][..]), ("dark", &*DARK, &[1, 3][..])] {
        let (width, tilt) = face(sitter);
        for &quarters in turns {
            let (turned_width, turned_tilt) = face(&turned(sitter, quarters));
            let off = (turned_tilt - tilt - 90.0 * quarters as f32 + 180.0).rem_euclid(360.0) - 180.0;
            assert!(off.abs() < 5.0, "{name}, {quarters} quarters: tilted {turned_tilt}, upright {tilt}");
            let wider = turned_width / width;
            assert!((wider - 1.0).abs() < 0.05, "{name}, {quarters} quarters: {wider} times as wide");
        }
    }
}
