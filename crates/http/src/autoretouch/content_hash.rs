//! Content hashes in all their spellings; written, they are lowercase hexadecimal (specification D1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use service::ContentHash;

/// Longest spelling: Base64 with its padding and a space or two.
const LONGEST: usize = 46;

/// Reads hexadecimal of either case, Base64 and Base64url, with or without padding. A plus sign may have become a space
/// on its way through a query.
pub fn read(text: &str) -> Option<ContentHash> {
    if let Some(hash) = ContentHash::from_hex(text.trim()) {
        return Some(hash);
    }
    if text.len() > LONGEST {
        return None;
    }
    let standard = |c: char| match c {
        ' ' | '-' => '+',
        '_' => '/',
        other => other,
    };
    let standard: String = text.trim_end_matches('=').chars().map(standard).collect();
    let bytes = STANDARD_NO_PAD.decode(standard).ok()?;
    Some(ContentHash::from_digest(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_spelling_means_the_same(digest in any::<[u8; 32]>()) {
            let hash = ContentHash::from_digest(digest);
            let spellings = [
                hash.hex(),
                hash.hex().to_uppercase(),
                STANDARD.encode(digest),
                STANDARD_NO_PAD.encode(digest),
                URL_SAFE.encode(digest),
                URL_SAFE_NO_PAD.encode(digest),
                STANDARD.encode(digest).replace('+', " "),
            ];
            for spelling in spellings {
                prop_assert_eq!(read(&spelling), Some(hash), "{}", spelling);
            }
        }

        #[test]
        fn anything_else_is_no_hash(text in any::<String>()) {
            if let Some(hash) = read(&text) {
                prop_assert!(text.len() >= 43);
                prop_assert_eq!(read(&hash.hex()), Some(hash));
            }
        }
    }

    #[test]
    fn other_lengths_are_no_hashes() {
        for text in ["", "ab", &"a".repeat(63), &"a".repeat(65), &"A".repeat(42), "../../etc/passwd"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
