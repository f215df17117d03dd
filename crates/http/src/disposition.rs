//! Content-Disposition: the name of an uploaded file, and the name a result is offered under.

use axum::http::HeaderValue;

use crate::percent;

/// Longest stem of a name we hand out, in characters; file systems end at 255 bytes.
const MAX_STEM: usize = 60;

/// The name of an uploaded file, from its part's header: `filename*` before `filename`, without folders.
///
/// Some clients write only `filename*` (urllib3 with names beyond ASCII), and some raw bytes of no encoding.
pub fn file_name(header: &[u8]) -> Option<String> {
    let name = given_name(header)?;
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = base.chars().filter(|c| !c.is_control()).take(255).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// The name of an uploaded file, exactly as it was given.
pub fn given_name(header: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(header);
    let extended = parameter(&text, "filename*").and_then(|value| extended_value(&value));
    extended.or_else(|| parameter(&text, "filename"))
}

/// The header that offers a picture under its own name, kept to plain ASCII.
pub fn offered_as(name: &str) -> HeaderValue {
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    HeaderValue::from_str(&format!("inline; filename=\"{plain}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("inline"))
}

/// The header that offers a result as `<upload name>_retouched.<extension>`.
///
/// `filename` is kept to plain ASCII, `filename*` (RFC 8187) carries the true name.
pub fn attachment(upload_name: &str, extension: &str) -> HeaderValue {
    let stem = stem(upload_name);
    let plain: String =
        stem.chars().map(|c| if is_plain(c) { c } else { '_' }).chain("_retouched.".chars()).collect();
    let mut encoded = String::new();
    for byte in stem.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte as char);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    let text = format!(
        "attachment; filename=\"{plain}{extension}\"; filename*=UTF-8''{encoded}_retouched.{extension}"
    );
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

/// The upload's name without folders and extension; `photo` when nothing is left.
fn stem(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let clean: String = stem.chars().filter(|c| !c.is_control()).take(MAX_STEM).collect();
    let clean = clean.trim().trim_start_matches('.');
    if clean.is_empty() { "photo".to_owned() } else { clean.to_owned() }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || " -._()+,@=".contains(c)
}

/// The value of a parameter, quotes taken off.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, next) = value(after.trim_start());
        if name.trim().trim_start_matches(';').trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = next;
    }
}

/// A quoted or bare value, and what follows its semicolon.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(';').unwrap_or((text, ""));
        return (value.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => {
                let rest = &quoted[at + 1..];
                return (value, rest.split_once(';').map_or("", |(_, rest)| rest));
            }
            // Only quotes are escaped in forms; a lone backslash is part of a Windows path.
            '\\' if quoted[at + 1..].starts_with('"') => {
                value.push('"');
                characters.next();
            }
            c => value.push(c),
        }
    }
    (value, "")
}

/// `UTF-8''na%C3%AFve.jpg` as text.
fn extended_value(text: &str) -> Option<String> {
    let (charset, rest) = text.split_once('\'')?;
    let encoded = rest.split_once('\'')?.1;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    String::from_utf8(percent::decoded(encoded)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn offered(name: &str) -> String {
        attachment(name, "jpg").to_str().expect("text").to_owned()
    }

    #[test]
    fn results_carry_the_name_of_the_upload() {
        assert_eq!(
            offered("portrait.jpeg"),
            "attachment; filename=\"portrait_retouched.jpg\"; filename*=UTF-8''portrait_retouched.jpg"
        );
        assert_eq!(
            offered("Zoë \"x\"\r\n.png"),
            "attachment; filename=\"Zo_ _x__retouched.jpg\"; filename*=UTF-8''Zo%C3%AB%20%22x%22_retouched.jpg"
        );
        assert!(offered("../../etc/passwd").contains("filename=\"passwd_retouched.jpg\""));
        assert!(offered("").contains("filename=\"photo_retouched.jpg\""));
    }

    #[test]
    fn upload_names_are_read_however_they_are_written() {
        let name = |header: &str| file_name(header.as_bytes());
        assert_eq!(name(r#"form-data; name="file"; filename="a b.jpg""#).as_deref(), Some("a b.jpg"));
        assert_eq!(name("form-data; name=file; filename=a.jpg").as_deref(), Some("a.jpg"));
        assert_eq!(name(r#"form-data; filename="C:\x\a.jpg"; name="file""#).as_deref(), Some("a.jpg"));
        assert_eq!(name(r#"form-data; name="file"; filename="q\"q.jpg""#).as_deref(), Some("q\"q.jpg"));
        let extended = "form-data; name=\"file\"; filename*=utf-8''na%C3%AFve.jpg";
        assert_eq!(name(extended).as_deref(), Some("naïve.jpg"));
        assert_eq!(name(r#"form-data; name="file"; filename="""#), None);
        assert_eq!(name(r#"form-data; name="file""#), None);
    }

    proptest! {
        #[test]
        fn any_name_makes_a_header_of_one_line(name in any::<String>()) {
            let header = offered(&name);
            prop_assert!(header.starts_with("attachment; filename=\""));
            prop_assert_eq!(header.matches('"').count(), 2);
            prop_assert!(header.is_ascii() && !header.contains(['\r', '\n']));
        }

        #[test]
        fn any_header_is_read_or_left(header in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some(name) = file_name(&header) {
                prop_assert!(!name.is_empty() && !name.contains(['/', '\\', '\0']));
            }
        }
    }
}
