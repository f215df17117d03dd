//! `edit-filename`: names the result after a pattern.

use std::borrow::Cow;

use super::Component;
use super::declaration::{Declaration, Kind, Setting, Values};
use super::run::WorkflowFault;
use super::work::Work;

/// The component.
pub(super) struct EditFilename;

/// Longest name without extension, in bytes: file systems stop at 255 with it.
const LONGEST: usize = 200;

static DECLARATION: Declaration = Declaration {
    kind: Cow::Borrowed("edit-filename"),
    label: "Edit Filename",
    about: "Names the result after a pattern; the extension follows from the format.",
    never: "Makes a name with a folder in it, or one that a file system refuses.",
    settings: Cow::Borrowed(&[
        Setting {
            key: "pattern",
            label: "Pattern",
            meaning: "text with {name} for the upload's name without extension, {width} and {height} for its pixels so far",
            kind: Kind::Text { longest: 200, default: "{name}" },
        },
        Setting {
            key: "case",
            label: "Letters",
            meaning: "keep, or make all letters small",
            kind: Kind::Choice { options: &["keep", "lower"], default: "keep" },
        },
        Setting {
            key: "spaces",
            label: "Spaces",
            meaning: "keep, or put a hyphen or an underscore in their place",
            kind: Kind::Choice { options: &["keep", "hyphen", "underscore"], default: "keep" },
        },
    ]),
};

impl Component for EditFilename {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn apply(&self, work: &mut Work<'_>, values: &Values) -> Result<(), WorkflowFault> {
        let size = work.picture.upright_size();
        let fields = [
            ("{name}", work.original.clone()),
            ("{width}", size.width.to_string()),
            ("{height}", size.height.to_string()),
        ];
        let mut name = filled(values.word("pattern"), &fields);
        if values.word("case") == "lower" {
            name = name.to_lowercase();
        }
        match values.word("spaces") {
            "hyphen" => name = name.replace(' ', "-"),
            "underscore" => name = name.replace(' ', "_"),
            _ => {}
        }
        work.stem =
            safe(&name).unwrap_or_else(|| safe(&work.original).unwrap_or_else(|| "picture".to_owned()));
        Ok(())
    }
}

/// The pattern with its fields filled in; what a field brings in is not searched again.
fn filled(pattern: &str, fields: &[(&str, String)]) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(next) = rest.chars().next() {
        match fields.iter().find(|(field, _)| rest.starts_with(field)) {
            Some((field, value)) => {
                out.push_str(value);
                rest = &rest[field.len()..];
            }
            None => {
                out.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    out
}

/// The name without what file systems refuse; `None` when nothing is left.
fn safe(name: &str) -> Option<String> {
    let allowed =
        |c: char| !c.is_control() && !matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let kept: String = name.chars().map(|c| if allowed(c) { c } else { '-' }).collect();
    let mut kept = kept.trim().trim_matches('.').trim();
    while kept.len() > LONGEST {
        let end = kept.char_indices().last().map_or(0, |(at, _)| at);
        kept = &kept[..end];
    }
    let kept = kept.trim_end_matches([' ', '.']);
    // Names that Windows keeps for devices.
    let head = kept.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let device = matches!(head.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (head.len() == 4 && (head.starts_with("COM") || head.starts_with("LPT")));
    let kept = if device { format!("_{kept}") } else { kept.to_owned() };
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_filled_once() {
        let fields = [("{name}", "a{width}b".to_owned()), ("{width}", "7".to_owned())];
        assert_eq!(filled("x_{name}_{width}_{no}", &fields), "x_a{width}b_7_{no}");
    }

    #[test]
    fn names_hold_no_folders_and_no_devices() {
        assert_eq!(safe("../../etc/passwd").as_deref(), Some("-..-etc-passwd"));
        assert_eq!(safe("nul.x").as_deref(), Some("_nul.x"));
        assert_eq!(safe(" .. "), None);
    }

    proptest! {
        #[test]
        fn any_name_is_short_and_plain(name in "\\PC{0,400}") {
            if let Some(name) = safe(&name) {
                prop_assert!(!name.is_empty() && name.len() <= LONGEST + 1);
                prop_assert!(!name.contains(['/', '\\']) && !name.starts_with('.'));
            }
        }
    }
}
