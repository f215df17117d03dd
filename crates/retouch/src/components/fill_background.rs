//! `fill-background`: a colour, a gradient or a picture behind the subject.

use std::borrow::Cow;

use pixel::codec;
use pixel::picture::Samples;

use super::Component;
use super::declaration::{Declaration, Kind, Setting, Values};
use super::flatten::convert;
use super::run::WorkflowFault;
use super::work::{Ground, Work};

/// The component.
pub(super) struct FillBackground;

static DECLARATION: Declaration = Declaration {
    kind: Cow::Borrowed("fill-background"),
    label: "Fill Background",
    about: "Puts a colour, a gradient or a picture behind the cut-out subject; it fills the canvas as exported.",
    never: "Covers the subject or its shadow.",
    settings: Cow::Borrowed(&[
        Setting {
            key: "fill",
            label: "Fill",
            meaning: "none makes the background transparent again",
            kind: Kind::Choice { options: &["colour", "gradient", "image", "none"], default: "colour" },
        },
        Setting {
            key: "colour",
            label: "Colour",
            meaning: "sRGB; of a gradient the first",
            kind: Kind::Colour { default: "#ffffff" },
        },
        Setting {
            key: "colourTo",
            label: "Second colour",
            meaning: "sRGB; of a gradient the last",
            kind: Kind::Colour { default: "#d9d9d9" },
        },
        Setting {
            key: "shape",
            label: "Shape",
            meaning: "of a gradient: along a line, or from the middle outwards",
            kind: Kind::Choice { options: &["linear", "radial"], default: "linear" },
        },
        Setting {
            key: "angle",
            label: "Angle",
            meaning: "of a linear gradient in degrees: 0 from left to right, 90 from top to bottom",
            kind: Kind::Number { min: 0.0, max: 360.0, default: 90.0 },
        },
        Setting {
            key: "image",
            label: "Picture",
            meaning: "content hash of an uploaded picture; its middle covers the canvas",
            kind: Kind::Asset,
        },
    ]),
};

impl Component for FillBackground {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn apply(&self, work: &mut Work<'_>, values: &Values) -> Result<(), WorkflowFault> {
        work.turn_upright();
        let colour = |key| work.document_colour(values.colour(key));
        work.ground = match values.word("fill") {
            "none" => None,
            "gradient" => Some(Ground::Gradient {
                colours: [colour("colour"), colour("colourTo")],
                angle: (values.word("shape") == "linear").then(|| values.number("angle").to_radians() as f32),
            }),
            "image" => Some(picture(work, values.asset("image").unwrap_or_default())?),
            _ => Some(Ground::Colour(colour("colour"))),
        };
        Ok(())
    }
}

/// The picture with that hash, upright, in the document's colours and depth.
fn picture(work: &Work<'_>, hash: &str) -> Result<Ground, WorkflowFault> {
    let bytes = work.assets.fetch(hash).ok_or_else(|| WorkflowFault::NoAsset(hash.to_owned()))?;
    let decoded = codec::decode(&bytes, &work.options.limits)
        .map_err(|reason| WorkflowFault::BadAsset { hash: hash.to_owned(), reason })?;
    let mut other = Work { picture: decoded.picture, findings: Vec::new(), ..bare(work) };
    other.turn_upright();
    let mut picture = other.picture;
    convert(&mut picture, &work.space());
    if let (Samples::U8(_), Samples::U16(rgb)) = (&work.picture.rgb, &picture.rgb) {
        picture.rgb = Samples::U8(rgb.iter().map(|v| (v / 257) as u8).collect());
        picture.alpha = picture.alpha.map(|alpha| match alpha {
            Samples::U16(alpha) => Samples::U8(alpha.iter().map(|v| (v / 257) as u8).collect()),
            narrow => narrow,
        });
    }
    Ok(Ground::Picture(Box::new(picture)))
}

/// A second picture in the same run.
fn bare<'a>(work: &Work<'a>) -> Work<'a> {
    let upload = super::work::Upload { bytes: &[], name: "", assets: work.assets };
    let nothing = pixel::picture::Picture {
        size: pixel::Size::new(0, 0),
        rgb: Samples::U8(Vec::new()),
        alpha: None,
        grey: false,
        orientation: pixel::Orientation::Upright,
        metadata: pixel::picture::Metadata::default(),
    };
    Work::new(work.engine, &upload, nothing, work.format, work.options, work.watch)
}
