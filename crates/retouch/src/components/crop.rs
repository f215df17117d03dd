//! `crop`: cuts the edges off, to a wanted aspect around the middle, the subject or the largest face.

use std::borrow::Cow;

use pixel::{Rect, Size};

use super::Component;
use super::declaration::{Declaration, Kind, Setting, Values};
use super::resize::cut_to;
use super::run::WorkflowFault;
use super::set_on_canvas::{ASPECTS, aspect};
use super::work::Work;

/// The component.
pub(super) struct Crop;

const fn side(key: &'static str, label: &'static str) -> Setting {
    let kind = Kind::Number { min: 0.0, max: 90.0, default: 0.0 };
    Setting { key, label, meaning: "per cent of the picture to cut away on this side", kind }
}

static DECLARATION: Declaration = Declaration {
    kind: Cow::Borrowed("crop"),
    label: "Crop",
    about: "Cuts the edges of the picture off.",
    never: "Enlarges, or cuts away everything.",
    settings: Cow::Borrowed(&[
        side("left", "Left"),
        side("top", "Top"),
        side("right", "Right"),
        side("bottom", "Bottom"),
        Setting {
            key: "aspect",
            label: "Aspect",
            meaning: "width to height of what is left",
            kind: Kind::Choice { options: ASPECTS, default: "keep" },
        },
        Setting {
            key: "focus",
            label: "Focus",
            meaning: "what stays in the middle when an aspect is cut: the middle, the cut-out subject or the largest face",
            kind: Kind::Choice { options: &["middle", "subject", "face"], default: "middle" },
        },
    ]),
};

impl Component for Crop {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn apply(&self, work: &mut Work<'_>, values: &Values) -> Result<(), WorkflowFault> {
        work.turn_upright();
        let size = work.picture.size;
        let rect = trimmed(size, ["left", "top", "right", "bottom"].map(|key| values.number(key)));
        let rect = match aspect(values.word("aspect")) {
            None => rect,
            Some(wanted) => {
                let centre = match values.word("focus") {
                    "subject" => centre(work.subject_rect()),
                    "face" => work
                        .look(|_, _, sight| Ok(sight.faces()?.first().map(|face| face.frame)))?
                        .map_or(centre(rect), |[l, t, r, b]| {
                            [f64::from(l + r) / 2.0, f64::from(t + b) / 2.0]
                        }),
                    _ => centre(rect),
                };
                part_of(rect, wanted, centre)
            }
        };
        cut_to(work, rect);
        Ok(())
    }
}

fn centre(rect: Rect) -> [f64; 2] {
    [rect.x as f64 + rect.width as f64 / 2.0, rect.y as f64 + rect.height as f64 / 2.0]
}

/// What is left of a picture after cutting per cents off its sides; at least one pixel.
fn trimmed(size: Size, [left, top, right, bottom]: [f64; 4]) -> Rect {
    let span = |length: usize, before: f64, after: f64| {
        let cut = |share: f64| (length as f64 * share / 100.0).round() as usize;
        let start = cut(before).min(length - 1);
        (start, length.saturating_sub(cut(after)).max(start + 1))
    };
    let ((x0, x1), (y0, y1)) = (span(size.width, left, right), span(size.height, top, bottom));
    Rect::from_edges(x0, y0, x1, y1)
}

/// The largest part of `rect` with that width to height, as near around `centre` as fits.
fn part_of(rect: Rect, aspect: f64, [x, y]: [f64; 2]) -> Rect {
    let width = ((rect.height as f64 * aspect).round() as usize).clamp(1, rect.width);
    let height = ((rect.width as f64 / aspect).round() as usize).clamp(1, rect.height);
    let start = |middle: f64, length: usize, from: usize, room: usize| {
        let wished = (middle - length as f64 / 2.0).round() as isize;
        wished.clamp(from as isize, (from + room - length) as isize) as usize
    };
    let left = start(x, width, rect.x, rect.width);
    let top = start(y, height, rect.y, rect.height);
    Rect { x: left, y: top, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_always_left() {
        let size = Size::new(10, 3);
        assert_eq!(trimmed(size, [90.0; 4]).size(), Size::new(1, 1));
        assert_eq!(trimmed(size, [10.0, 0.0, 20.0, 0.0]), Rect::from_edges(1, 0, 8, 3));
    }

    #[test]
    fn an_aspect_is_cut_around_the_focus_and_inside_the_picture() {
        let rect = Rect::from_edges(0, 0, 300, 100);
        assert_eq!(part_of(rect, 1.0, [150.0, 50.0]), Rect::from_edges(100, 0, 200, 100));
        assert_eq!(part_of(rect, 1.0, [290.0, 50.0]), Rect::from_edges(200, 0, 300, 100));
        assert_eq!(part_of(rect, 10.0, [0.0, 0.0]), Rect::from_edges(0, 0, 300, 30));
    }
}
