//! `remove-background`: cuts people and products out, soft at hair and fur, with holes, free of the old backdrop's colour.

use std::borrow::Cow;

use pixel::picture::Samples;

use super::Component;
use super::declaration::{Declaration, Kind, Setting, Values};
use super::run::WorkflowFault;
use super::work::Work;
use crate::matting::{Method, SubjectKind, cut_out, transparent_share};

/// The component.
pub(super) struct RemoveBackground;

static DECLARATION: Declaration = Declaration {
    kind: Cow::Borrowed("remove-background"),
    label: "Remove Background",
    about: "Cuts people and products out, soft at hair and fur, with the gaps in between, in their own colours.",
    never: "Changes the inside of the subject, or cuts a picture again that comes cut out.",
    settings: Cow::Borrowed(&[
        Setting {
            key: "method",
            label: "Subject",
            meaning: "what to look for; auto takes people with what they wear and hold, else things",
            kind: Kind::Choice { options: &["auto", "person", "product"], default: "auto" },
        },
        Setting {
            key: "cleanColours",
            label: "Clean colours",
            meaning: "takes the old backdrop's colour out of soft edges",
            kind: Kind::Switch { default: true },
        },
        Setting {
            key: "edge",
            label: "Edge",
            meaning: "moves the edge: below 0 inwards, above 0 outwards, in tenths of its softness",
            kind: Kind::Number { min: -5.0, max: 5.0, default: 0.0 },
        },
    ]),
};

/// Share of fully transparent pixels from which an upload counts as cut out already.
const CUT_OUT: f64 = 0.01;

impl Component for RemoveBackground {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn apply(&self, work: &mut Work<'_>, values: &Values) -> Result<(), WorkflowFault> {
        work.turn_upright();
        if work.picture.alpha.as_ref().is_some_and(|alpha| transparent_share(alpha) > CUT_OUT) {
            work.found("already cut out", 1.0);
            return Ok(());
        }
        let method = match values.word("method") {
            "person" => Method::Person,
            "product" => Method::Product,
            _ => Method::Auto,
        };
        let Some(mut cutout) = work.look(|picture, space, sight| cut_out(picture, space, sight, method))?
        else {
            work.found("subjects found", 0.0);
            return Ok(());
        };
        let edge = values.number("edge") as f32 / 10.0;
        if edge != 0.0 {
            cutout.alpha.apply(|a| if edge < 0.0 { (a + edge) / (1.0 + edge) } else { a / (1.0 - edge) });
        }
        let size = work.picture.size;
        let alpha = cutout.alpha.samples();
        let clean = values.is_on("cleanColours");
        let picture = &mut work.picture;
        let colour = |i: usize| {
            let a = alpha[i / 3];
            (a < 1.0 && (clean || a <= 0.0)).then(|| cutout.rgb[i % 3].samples()[i / 3])
        };
        match &mut picture.rgb {
            Samples::U8(rgb) => {
                rgb.iter_mut().enumerate().for_each(|(i, v)| {
                    if let Some(c) = colour(i) {
                        *v = (c * 255.0 + 0.5) as u8;
                    }
                });
                picture.alpha = Some(Samples::U8(alpha.iter().map(|a| (a * 255.0 + 0.5) as u8).collect()));
            }
            Samples::U16(rgb) => {
                rgb.iter_mut().enumerate().for_each(|(i, v)| {
                    if let Some(c) = colour(i) {
                        *v = (c * 65535.0 + 0.5) as u16;
                    }
                });
                picture.alpha =
                    Some(Samples::U16(alpha.iter().map(|a| (a * 65535.0 + 0.5) as u16).collect()));
            }
        }
        pixel::codec::drop_thumbnails(&mut picture.metadata);
        work.cut_off = work.touched_sides();
        let cover = cutout.alpha.sum() / size.area() as f64;
        work.found("subjects found", 1.0);
        work.found("people", if cutout.kind == SubjectKind::Person { 1.0 } else { 0.0 });
        work.found("plain backdrop", if cutout.plain_backdrop { 1.0 } else { 0.0 });
        work.found("share of the picture", (cover * 1000.0).round() / 1000.0);
        Ok(())
    }
}
