//! The Range header: one range of bytes is served, anything else is answered with the whole.

use std::ops::Range;

/// What to send of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it: no range asked, several asked, or a header that means nothing.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// A range that lies behind the end.
    Outside,
}

/// Reads a Range header for a body of `length` bytes (RFC 9110, section 14).
///
/// Several ranges are answered with the whole, which the standard allows: no client of ours asks for them.
pub fn wanted(header: Option<&str>, length: u64) -> Wanted {
    let Some((unit, set)) = header.and_then(|header| header.split_once('=')) else { return Wanted::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Wanted::Whole;
    }
    let Some((first, last)) = set.trim().split_once('-') else { return Wanted::Whole };
    match (number(first), number(last)) {
        (Bound::Number(first), Bound::Number(last)) if first > last => Wanted::Whole,
        (Bound::Number(first), _) if first >= length && last_is_sound(last) => Wanted::Outside,
        (Bound::Number(first), Bound::Number(last)) => {
            Wanted::Part(first..last.saturating_add(1).min(length))
        }
        (Bound::Number(first), Bound::Absent) => Wanted::Part(first..length),
        (Bound::Absent, Bound::Number(0)) => Wanted::Outside,
        (Bound::Absent, Bound::Number(_)) if length == 0 => Wanted::Outside,
        (Bound::Absent, Bound::Number(tail)) => Wanted::Part(length.saturating_sub(tail)..length),
        _ => Wanted::Whole,
    }
}

enum Bound {
    Absent,
    Number(u64),
    Nonsense,
}

fn number(text: &str) -> Bound {
    let text = text.trim();
    if text.is_empty() {
        Bound::Absent
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a number behind any end.
        Bound::Number(text.parse().unwrap_or(u64::MAX))
    } else {
        Bound::Nonsense
    }
}

fn last_is_sound(text: &str) -> bool {
    !matches!(number(text), Bound::Nonsense)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_the_three_forms() {
        assert_eq!(wanted(Some("bytes=0-0"), 10), Wanted::Part(0..1));
        assert_eq!(wanted(Some("bytes=2-"), 10), Wanted::Part(2..10));
        assert_eq!(wanted(Some("bytes=-3"), 10), Wanted::Part(7..10));
        assert_eq!(wanted(Some("bytes=-30"), 10), Wanted::Part(0..10));
        assert_eq!(wanted(Some("Bytes = 5-99999999999999999999999"), 10), Wanted::Part(5..10));
    }

    #[test]
    fn several_ranges_and_nonsense_give_the_whole() {
        for header in
            ["bytes=0-1,3-4", "bytes=5-2", "bytes=a-b", "bytes=-", "lines=1-2", "bytes", "bytes=9-x"]
        {
            assert_eq!(wanted(Some(header), 10), Wanted::Whole, "{header}");
        }
        assert_eq!(wanted(None, 10), Wanted::Whole);
    }

    #[test]
    fn ranges_behind_the_end_are_outside() {
        for header in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
            assert_eq!(wanted(Some(header), 10), Wanted::Outside, "{header}");
        }
        assert_eq!(wanted(Some("bytes=-5"), 0), Wanted::Outside);
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_body(header in "(bytes=)?[0-9a-z, -]{0,24}", length in 0u64..1000) {
            if let Wanted::Part(range) = wanted(Some(&header), length) {
                prop_assert!(range.start < range.end && range.end <= length);
            }
        }
    }
}
