//! Faces that lie on their side or upside down, with nothing in the file that says so, are seen as they lie.

use pixel::Size;
use pixel::picture::Picture;
use retouch::canvas::reduce_upright;

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

/// Width and tilt (degrees) of the one face, by its landmarks, and how many times as large as what they enclose its box
/// is.
fn face(picture: &Picture) -> (f32, f32, f32) {
    Sitting::of(picture, |sitting| {
        let [face] = sitting.scene.found_faces() else { panic!("one face") };
        let mesh = face.mesh.as_ref().expect("landmarks");
        let area = |[left, top, right, bottom]: [f32; 4]| (right - left) * (bottom - top);
        (mesh.width(), mesh.tilt().to_degrees(), area(face.frame) / area(mesh.bounds()))
    })
}

#[test]
fn a_face_is_seen_as_it_lies() {
    for (name, sitter, turns) in [("light", &*LIGHT, &[1, 2, 3][..]), ("dark", &*DARK, &[1, 3][..])] {
        let (width, tilt, _) = face(sitter);
        for &quarters in turns {
            let (turned_width, turned_tilt, room) = face(&turned(sitter, quarters));
            let off = (turned_tilt - tilt - 90.0 * quarters as f32 + 180.0).rem_euclid(360.0) - 180.0;
            assert!(off.abs() < 5.0, "{name}, {quarters} quarters: tilted {turned_tilt}, upright {tilt}");
            assert!((0.8..1.25).contains(&room), "{name}, {quarters} quarters: a box {room} times as large");
            let wider = turned_width / width;
            assert!((wider - 1.0).abs() < 0.05, "{name}, {quarters} quarters: {wider} times as wide");
        }
    }
}

#[test]
fn faces_on_a_strip_are_seen() {
    // Faces 75 pixels wide, and some of 1 % of the picture.
    let size = Size::new(12_000, 300);
    let mut rgb = vec![128; 3 * size.area()];
    let heads = [(&*LIGHT, 3), (&*DARK, 3), (&*LIGHT, 2)].map(|(sitter, step)| {
        let whole = sitter.upright_size().rect();
        (reduce_upright(sitter, whole, step), whole.width.div_ceil(step))
    });
    let mut left = 20;
    let mut pasted = 0;
    for n in (0..heads.len()).cycle() {
        let (head, side) = &heads[n];
        if left + side > size.width {
            break;
        }
        for y in 0..*side {
            for x in 0..*side {
                let at = 3 * ((y + 25) * size.width + left + x);
                (0..3).for_each(|c| rgb[at + c] = (255.0 * head[c].at(x, y)).round() as u8);
            }
        }
        left += side + 120;
        pasted += 1;
    }
    Sitting::of(&plain(size, rgb), |sitting| {
        let found = sitting.scene.found_faces();
        assert_eq!(found.len(), pasted);
        assert!(found.iter().all(|face| face.mesh.is_some()));
    });
}
