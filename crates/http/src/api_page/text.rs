//! Text into HTML: escaped, with paragraphs and `code`.

/// Text that means itself, in content and in quoted attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// One line, with words between backticks as code.
pub(super) fn line(text: &str) -> String {
    let pieces = text.split('`').enumerate().map(|(at, piece)| match at % 2 {
        0 => escaped(piece),
        _ => format!("<code>{}</code>", escaped(piece)),
    });
    pieces.collect()
}

/// Paragraphs, parted by empty lines.
pub(super) fn paragraphs(text: &str) -> String {
    let filled = text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty());
    filled.map(|paragraph| format!("<p>{}</p>", line(paragraph.trim()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_becomes_markup() {
        assert_eq!(line("a <b> `c & d` \"e\""), "a &lt;b&gt; <code>c &amp; d</code> &quot;e&quot;");
        assert_eq!(paragraphs("one\n\ntwo\n\n"), "<p>one</p><p>two</p>");
    }
}
