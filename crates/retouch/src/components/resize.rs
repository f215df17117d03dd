//! `resize`: the whole picture in another size.

use std::borrow::Cow;

use pixel::{Rect, Size};

use super::Component;
use super::declaration::{Declaration, Kind, Setting, Values};
use super::run::WorkflowFault;
use super::scale::{Window, framed, resampled, scaled};
use super::work::Work;

/// The component.
pub(super) struct Resize;

static DECLARATION: Declaration = Declaration {
    kind: Cow::Borrowed("resize"),
    label: "Resize",
    about: "Brings the picture to a width, a height or both.",
    never: "Distorts a picture unless told to stretch, or enlarges one unless told to.",
    settings: Cow::Borrowed(&[
        Setting {
            key: "width",
            label: "Width",
            meaning: "in pixels; 0 follows from the height",
            kind: Kind::Whole { min: 0, max: 10_000, default: 0 },
        },
        Setting {
            key: "height",
            label: "Height",
            meaning: "in pixels; 0 follows from the width",
            kind: Kind::Whole { min: 0, max: 10_000, default: 0 },
        },
        Setting {
            key: "mode",
            label: "Mode",
            meaning: "fit keeps all of the picture, fill cuts what is over, stretch distorts",
            kind: Kind::Choice { options: &["fit", "fill", "stretch"], default: "fit" },
        },
        Setting {
            key: "enlarge",
            label: "Enlarge",
            meaning: "enlarges pictures that are smaller",
            kind: Kind::Switch { default: false },
        },
    ]),
};

impl Component for Resize {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn apply(&self, work: &mut Work<'_>, values: &Values) -> Result<(), WorkflowFault> {
        let (width, height) = (values.whole("width"), values.whole("height"));
        if width == 0 && height == 0 {
            return Ok(());
        }
        work.turn_upright();
        let size = work.picture.size;
        let (across, along) = (width as f64 / size.width as f64, height as f64 / size.height as f64);
        let both = width > 0 && height > 0;
        let (mut across, mut along) = match (both, values.word("mode")) {
            (true, "stretch") => (across, along),
            (true, "fill") => (across.max(along), across.max(along)),
            (true, _) => (across.min(along), across.min(along)),
            (false, _) => (across.max(along), across.max(along)),
        };
        if !values.is_on("enlarge") {
            (across, along) = (across.min(1.0), along.min(1.0));
        }
        let side = |side: usize, scale: f64| ((side as f64 * scale).round() as usize).max(1);
        let wanted = Size::new(side(size.width, across), side(size.height, along));
        work.admit("resize", wanted)?;
        scale_to(work, wanted);
        if both && values.word("mode") == "fill" {
            let cut = Size::new(wanted.width.min(width), wanted.height.min(height));
            let (left, top) = ((wanted.width - cut.width) / 2, (wanted.height - cut.height) / 2);
            cut_to(work, Rect { x: left, y: top, width: cut.width, height: cut.height });
        }
        Ok(())
    }
}

/// Brings subject and shadow to another size.
pub(super) fn scale_to(work: &mut Work<'_>, size: Size) {
    if size == work.picture.size {
        return;
    }
    let window = Window::whole(work.picture.size, size);
    work.picture = scaled(&work.picture, size);
    follow(work, &window);
}

/// Brings a window of subject and shadow to another size.
pub(super) fn window_to(work: &mut Work<'_>, window: &Window, size: Size) {
    work.picture = resampled(&work.picture, window, size);
    follow(work, window);
}

/// Cuts or widens subject and shadow to a window of the upright picture.
pub(super) fn frame_to(work: &mut Work<'_>, left: isize, top: isize, size: Size) {
    if (left, top) == (0, 0) && size == work.picture.size {
        return;
    }
    work.picture = framed(&work.picture, left, top, size);
    follow(work, &Window { from: [left as f64, top as f64], ratio: [1.0; 2] });
}

/// Cuts subject and shadow to a part of the picture; the subject is cut off on sides that went through it.
pub(super) fn cut_to(work: &mut Work<'_>, rect: Rect) {
    let Size { width, height } = work.picture.size;
    let cut = [rect.x > 0, rect.y > 0, rect.right() < width, rect.bottom() < height];
    frame_to(work, rect.x as isize, rect.y as isize, rect.size());
    let touched = work.touched_sides();
    for side in (0..4).filter(|side| cut[*side]) {
        work.cut_off[side] = touched[side];
    }
}

fn follow(work: &mut Work<'_>, window: &Window) {
    if let Some(shadow) = &mut work.shadow {
        shadow.follow(window.from, window.ratio);
    }
}
