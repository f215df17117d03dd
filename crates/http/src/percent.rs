//! Percent-encoding, read leniently: what is no escape means itself.

/// The bytes behind a text.
pub fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text.as_bytes();
    while let Some((&byte, rest)) = left.split_first() {
        let escaped = (byte == b'%').then(|| rest.get(..2)).flatten();
        let escaped = escaped.filter(|two| two.iter().all(u8::is_ascii_hexdigit));
        let escaped = escaped.and_then(|two| std::str::from_utf8(two).ok());
        match escaped.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                left = &rest[2..];
            }
            None => {
                bytes.push(byte);
                left = rest;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_and_all_else_is_left() {
        assert_eq!(decoded("a%20b+c"), b"a b+c");
        assert_eq!(decoded("100%"), b"100%");
        assert_eq!(decoded("%zz%+1%e9"), b"%zz%+1\xe9");
    }
}
