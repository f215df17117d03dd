//! `input`: the upload as it comes, made smaller when it is larger than the workflow wants to work on.

use std::borrow::Cow;

use pixel::Size;

use super::Component;
use super::declaration::{Declaration, Kind, Setting, Values};
use super::run::WorkflowFault;
use super::scale::scaled;
use super::work::Work;

/// The component.
pub(super) struct Input;

static DECLARATION: Declaration = Declaration {
    kind: Cow::Borrowed("input"),
    label: "Input",
    about: "Takes the upload; larger pictures are scaled down to fit, keeping their proportions.",
    never: "Enlarges a picture, or touches one that fits.",
    settings: Cow::Borrowed(&[Setting {
        key: "largestEdge",
        label: "Largest edge",
        meaning: "longest side in pixels that is worked on; 0 never scales down",
        kind: Kind::Whole { min: 0, max: 30_000, default: 4096 },
    }]),
};

impl Component for Input {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn apply(&self, work: &mut Work<'_>, values: &Values) -> Result<(), WorkflowFault> {
        let edge = values.whole("largestEdge");
        let size = work.picture.size;
        if edge > 0 && size.long_edge() > edge {
            // Stored pixels are scaled as they lie: no turning is needed for that.
            work.picture = scaled(&work.picture, fitting(size, edge));
            work.found("scaled down to, longest side", edge as f64);
        }
        Ok(())
    }
}

/// The size whose longest side is `edge`.
pub(super) fn fitting(size: Size, edge: usize) -> Size {
    let long = size.long_edge();
    let side = |side: usize| ((side * edge + long / 2) / long).max(1);
    Size::new(side(size.width), side(size.height))
}
