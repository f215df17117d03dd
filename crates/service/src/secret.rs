//! Texts nobody can guess.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// 43 characters of `A-Z a-z 0-9 _ -` with 256 random bits.
pub fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is kept of a secret: its SHA-256. Secrets are long and random, so nothing slower is needed.
pub(crate) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// A secret to sign an account's webhooks with.
pub fn new_hook_secret() -> String {
    format!("whsec_{}", random_text())
}

/// A password for people to type: 20 letters and digits that cannot be mistaken for each other, in fours; a hundred
/// random bits.
pub(crate) fn random_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes: [u8; 20] = rand::random();
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_are_url_safe() {
        let safe = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let (one, other) = (random_text(), random_text());
        assert_ne!(one, other);
        assert!(one.len() == 43 && one.chars().all(safe));
        assert_eq!(random_password().len(), 24);
    }
}
