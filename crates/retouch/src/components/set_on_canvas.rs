//! `set-on-canvas`: puts the subject on a canvas of a wanted size and aspect, with margins, where it is wanted.

use std::borrow::Cow;

use pixel::{Rect, Size};

use super::Component;
use super::declaration::{Declaration, Kind, Setting, Values};
use super::resize::{frame_to, window_to};
use super::run::WorkflowFault;
use super::scale::Window;
use super::work::Work;

/// The component.
pub(super) struct SetOnCanvas;

/// Aspects that can be asked for, width to height.
pub(super) const ASPECTS: &[&str] =
    &["keep", "1:1", "4:5", "5:4", "3:4", "4:3", "2:3", "3:2", "9:16", "16:9", "5:7", "7:5"];

/// Width to height of one of [`ASPECTS`]; `None` for `keep`.
pub(super) fn aspect(word: &str) -> Option<f64> {
    let (width, height) = word.split_once(':')?;
    Some(width.parse::<f64>().ok()? / height.parse::<f64>().ok()?)
}

static DECLARATION: Declaration = Declaration {
    kind: Cow::Borrowed("set-on-canvas"),
    label: "Set on Canvas",
    about: "Puts the cut-out subject on a canvas of one size, with margins, aligned.",
    never: "Distorts the subject, or enlarges it unless told to.",
    settings: Cow::Borrowed(&[
        Setting {
            key: "width",
            label: "Width",
            meaning: "of the canvas in pixels; 0 follows from height and aspect",
            kind: Kind::Whole { min: 0, max: 10_000, default: 0 },
        },
        Setting {
            key: "height",
            label: "Height",
            meaning: "of the canvas in pixels; 0 follows from width and aspect",
            kind: Kind::Whole { min: 0, max: 10_000, default: 0 },
        },
        Setting {
            key: "aspect",
            label: "Aspect",
            meaning: "width to height; with no size given the canvas is as large as the subject needs",
            kind: Kind::Choice { options: ASPECTS, default: "keep" },
        },
        Setting {
            key: "margin",
            label: "Margin",
            meaning: "free space around the subject, per cent of the canvas's shorter side",
            kind: Kind::Number { min: 0.0, max: 45.0, default: 6.0 },
        },
        Setting {
            key: "horizontal",
            label: "Horizontal",
            meaning: "where the subject stands from left to right",
            kind: Kind::Choice { options: &["left", "middle", "right"], default: "middle" },
        },
        Setting {
            key: "vertical",
            label: "Vertical",
            meaning: "where the subject stands from top to bottom",
            kind: Kind::Choice { options: &["top", "middle", "bottom"], default: "middle" },
        },
        Setting {
            key: "enlarge",
            label: "Enlarge",
            meaning: "enlarges a subject that is smaller than the room for it",
            kind: Kind::Switch { default: false },
        },
        Setting {
            key: "keepCutEdges",
            label: "Keep cut edges",
            meaning: "a subject that the photograph cuts off stays at that edge of the canvas, without margin",
            kind: Kind::Switch { default: true },
        },
    ]),
};

/// Where a subject comes to lie.
#[derive(Debug, PartialEq)]
struct Layout {
    canvas: Size,
    /// Factor on the subject's size.
    scale: f64,
    /// The subject on the canvas, in whole pixels, so that its edges stay sharp and its margins are what was asked for.
    place: Rect,
}

/// One axis of the way of a picture onto the canvas.
struct Axis {
    /// Pixels of the picture a pixel of the canvas.
    ratio: f64,
    /// First and last pixel of the canvas that the picture reaches, the last excluded.
    span: [usize; 2],
    /// Where the first of them begins on the picture.
    from: f64,
}

impl Axis {
    /// From `first` and `length` of a picture of `whole` pixels to `place` and `placed` of a canvas.
    fn new(whole: usize, [first, length]: [usize; 2], [place, placed]: [usize; 2], canvas: usize) -> Self {
        let ratio = length as f64 / placed as f64;
        let start = (place as f64 - first as f64 / ratio).round().max(0.0);
        let end = (place as f64 + (whole - first) as f64 / ratio).round().min(canvas as f64);
        let from = first as f64 + (start - place as f64) * ratio;
        Self { ratio, span: [start as usize, end as usize], from }
    }
}

/// Puts subject and shadow on the canvas. Of a large photograph of something small only what lands there is scaled.
fn put_on_canvas(work: &mut Work<'_>, subject: Rect, layout: &Layout) {
    let (whole, place, canvas) = (work.picture.size, layout.place, layout.canvas);
    if subject.size() == place.size() {
        let start = |first: usize, place: usize| first as isize - place as isize;
        return frame_to(work, start(subject.x, place.x), start(subject.y, place.y), canvas);
    }
    let x = Axis::new(whole.width, [subject.x, subject.width], [place.x, place.width], canvas.width);
    let y = Axis::new(whole.height, [subject.y, subject.height], [place.y, place.height], canvas.height);
    let window = Window { from: [x.from, y.from], ratio: [x.ratio, y.ratio] };
    window_to(work, &window, Size::new(x.span[1] - x.span[0], y.span[1] - y.span[0]));
    frame_to(work, -(x.span[0] as isize), -(y.span[0] as isize), canvas);
}

/// What is wanted of a canvas.
struct Wish {
    width: usize,
    height: usize,
    aspect: Option<f64>,
    /// Share of the shorter side.
    margin: f64,
    /// 0 left or top, 0.5 middle, 1 right or bottom.
    align: [f64; 2],
    enlarge: bool,
    /// Sides on which the subject is cut off: left, top, right, bottom.
    cut_off: [bool; 4],
}

impl Component for SetOnCanvas {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn apply(&self, work: &mut Work<'_>, values: &Values) -> Result<(), WorkflowFault> {
        work.turn_upright();
        let place = |word: &str| match word {
            "left" | "top" => 0.0,
            "right" | "bottom" => 1.0,
            _ => 0.5,
        };
        let wish = Wish {
            width: values.whole("width"),
            height: values.whole("height"),
            aspect: aspect(values.word("aspect")),
            margin: values.number("margin") / 100.0,
            align: [place(values.word("horizontal")), place(values.word("vertical"))],
            enlarge: values.is_on("enlarge"),
            cut_off: if values.is_on("keepCutEdges") { work.cut_off } else { [false; 4] },
        };
        let subject = work.subject_rect();
        let layout = lay_out(subject, work.picture.size, &wish);
        work.admit("set-on-canvas", layout.canvas)?;
        put_on_canvas(work, subject, &layout);
        work.found("scale of the subject", (layout.scale * 1000.0).round() / 1000.0);
        Ok(())
    }
}

/// Finds canvas, scale and place for a subject of a picture of size `whole`.
fn lay_out(subject: Rect, whole: Size, wish: &Wish) -> Layout {
    let aspect = wish.aspect.unwrap_or(whole.width as f64 / whole.height as f64);
    let from = |side: f64| (side.round() as usize).max(1);
    let given = match (wish.width, wish.height) {
        (0, 0) => None,
        (width, 0) => Some(Size::new(width, from(width as f64 / aspect))),
        (0, height) => Some(Size::new(from(height as f64 * aspect), height)),
        (width, height) => Some(Size::new(width, height)),
    };
    // A side that the photograph cuts off has no margin; a subject cut off on both sides of an axis fills it.
    let [left, top, right, bottom] = wish.cut_off;
    let free = |before: bool, after: bool| [!before, !after].iter().filter(|free| **free).count() as f64;
    let (free_x, free_y) = (free(left, right), free(top, bottom));
    let (width, height) = (subject.width as f64, subject.height as f64);
    let whole_margin = |canvas: Size| (wish.margin * canvas.width.min(canvas.height) as f64).round();
    let room = |side: usize, free: f64, margin: f64| (side as f64 - free * margin).max(1.0);
    let (canvas, scale) = match given {
        Some(canvas) => {
            let margin = whole_margin(canvas);
            let fit = (room(canvas.width, free_x, margin) / width)
                .min(room(canvas.height, free_y, margin) / height);
            (canvas, if wish.enlarge { fit } else { fit.min(1.0) })
        }
        None if wish.aspect.is_none() && wish.margin == 0.0 => (whole, 1.0),
        None => {
            // The smallest canvas of the aspect that holds the subject and its margins as it is.
            let unit = aspect.min(1.0);
            let across = width / (aspect - free_x * wish.margin * unit).max(1e-3 * aspect);
            let along = height / (1.0 - free_y * wish.margin * unit).max(1e-3);
            let high = across.max(along);
            (Size::new(from((high * aspect).ceil()), from(high.ceil())), 1.0)
        }
    };
    let margin = whole_margin(canvas);
    let put = |side: usize, length: usize, align: f64, before: bool, after: bool| {
        let over = side.saturating_sub(length) as f64;
        let place = match (before, after) {
            (true, false) => 0.0,
            (false, true) => over,
            _ => {
                let margin = margin.min(over / 2.0);
                margin + (over - 2.0 * margin) * align
            }
        };
        place.round() as usize
    };
    let length = |length: f64, side: usize| ((length * scale).round() as usize).clamp(1, side);
    let (width, height) = (length(width, canvas.width), length(height, canvas.height));
    let x = put(canvas.width, width, wish.align[0], left, right);
    let y = put(canvas.height, height, wish.align[1], top, bottom);
    Layout { canvas, scale, place: Rect { x, y, width, height } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> Wish {
        Wish {
            width: 1000,
            height: 1000,
            aspect: None,
            margin: 0.1,
            align: [0.5, 0.5],
            enlarge: true,
            cut_off: [false; 4],
        }
    }

    const SUBJECT: Rect = Rect { x: 100, y: 50, width: 200, height: 400 };
    const WHOLE: Size = Size::new(600, 600);

    #[test]
    fn the_subject_fills_the_room_between_the_margins() {
        let layout = lay_out(SUBJECT, WHOLE, &wish());
        let place = Rect { x: 300, y: 100, width: 400, height: 800 };
        assert_eq!(layout, Layout { canvas: Size::new(1000, 1000), scale: 2.0, place });
        let small = lay_out(SUBJECT, WHOLE, &Wish { enlarge: false, align: [0.0, 1.0], ..wish() });
        assert_eq!((small.scale, small.place), (1.0, Rect { x: 100, y: 500, ..SUBJECT }));
    }

    #[test]
    fn only_what_lands_on_the_canvas_is_enlarged() {
        let whole = Size::new(5000, 4000);
        let small = Rect { x: 2400, y: 1900, width: 200, height: 200 };
        let layout = lay_out(small, whole, &Wish { cut_off: [false; 4], ..wish() });
        assert_eq!(layout.scale, 4.0);
        // 1000 pixels of the canvas are 250 of the photograph, the subject in their middle.
        let axis = |first: usize, place: [usize; 2]| Axis::new(5000, [first, 200], place, 1000);
        let middle = axis(2400, [layout.place.x, layout.place.width]);
        assert_eq!((middle.ratio, middle.span, middle.from), (0.25, [0, 1000], 2375.0));
        // Left of a subject at the edge there is nothing to be scaled.
        let edge = axis(0, [100, 800]);
        assert_eq!((edge.span, edge.from), ([100, 1000], 0.0));
    }

    #[test]
    fn margins_are_whole_pixels_and_what_was_asked_for() {
        for (width, height) in [(1123, 1468), (3980, 2950), (497, 1487), (4700, 200), (3, 5)] {
            let subject = Rect { x: 13, y: 29, width, height };
            let wish = Wish { width: 1001, height: 777, margin: 0.073, align: [0.5, 1.0], ..wish() };
            let Layout { place, .. } = lay_out(subject, Size::new(6000, 4000), &wish);
            // 7.3 % of 777 are 56.7 pixels.
            assert_eq!(777 - place.bottom(), 57, "{width} x {height}");
            let sides = (place.x, 1001 - place.right());
            assert!(sides.0.abs_diff(sides.1) <= 1 && sides.0 >= 57 && place.y >= 57, "{place:?}");
            assert!(sides.0.min(sides.1) == 57 || place.y == 57, "{place:?}");
        }
    }

    #[test]
    fn a_cut_off_subject_stays_at_its_edge() {
        let cut_off = [false, false, false, true];
        let layout = lay_out(SUBJECT, WHOLE, &Wish { cut_off, ..wish() });
        assert_eq!((layout.place.y, layout.place.bottom()), (100, 1000));
    }

    #[test]
    fn without_a_size_nothing_is_scaled_and_the_aspect_holds() {
        let layout = lay_out(SUBJECT, WHOLE, &Wish { width: 0, height: 0, aspect: Some(0.8), ..wish() });
        assert_eq!(layout.scale, 1.0);
        let Size { width, height } = layout.canvas;
        assert!((width as f64 / height as f64 - 0.8).abs() < 0.01, "{width} {height}");
        assert!(layout.place.y as f64 >= 0.099 * width.min(height) as f64);
    }
}
