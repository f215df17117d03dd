//! Paths as text, for files that hold text only: a name of other bytes must cost neither its report nor its record.
//! And text as a line, for terminals: no name may break it.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

use serde::Serializer;

/// What stands before the two hexadecimal digits of a byte that is no text.
const ESCAPE: &str = r"\x";

/// A path or file name as text, another one for every name. Almost always it is the name itself; where bytes of it are
/// no UTF-8, they are written `\xE9` and a backslash `\\`.
pub fn text_of(name: &OsStr) -> Cow<'_, str> {
    // A name that only looks escaped is escaped as well, or two files could have one text. Where backslashes part
    // folders they are no such sign.
    let looks_escaped = |text: &str| cfg!(unix) && text.contains(ESCAPE);
    match name.to_str() {
        Some(text) if !looks_escaped(text) => Cow::Borrowed(text),
        _ => Cow::Owned(escaped(name.as_encoded_bytes())),
    }
}

/// Writes a path as [`text_of`] gives it, for `#[serde(serialize_with)]`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text_of(path.as_os_str()))
}

/// A line for people as one line: control characters, which a file name may hold, are written as escapes. They would
/// break the line, move the cursor, or turn the direction of what follows.
pub fn one_line(text: &str) -> Cow<'_, str> {
    let breaks = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(breaks) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if breaks(c) { line.extend(c.escape_default()) } else { line.push(c) }
    }
    Cow::Owned(line)
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', r"\\"));
        text.extend(chunk.invalid().iter().map(|byte| format!("{ESCAPE}{byte:02X}")));
    }
    text
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn a_line_stays_one() {
        assert_eq!(one_line("Zoë 1.jpg: \"done\""), "Zoë 1.jpg: \"done\"");
        assert_eq!(one_line("a\nb\r\t\u{1b}[2J\u{85}\u{202e}.jpg"), r"a\nb\r\t\u{1b}[2J\u{85}\u{202e}.jpg");
    }

    #[test]
    fn every_name_has_a_text_of_its_own() {
        for (name, expected) in [
            (&b"wedding/anna.jpg"[..], "wedding/anna.jpg"),
            ("Zoë\\1.jpg".as_bytes(), "Zoë\\1.jpg"),
            (b"Zo\xEB.jpg", r"Zo\xEB.jpg"),
            (br"Zo\xEB.jpg", r"Zo\\xEB.jpg"),
            (b"\\Zo\xEB.jpg", r"\\Zo\xEB.jpg"),
        ] {
            assert_eq!(text_of(OsStr::from_bytes(name)), expected);
        }
    }
}
