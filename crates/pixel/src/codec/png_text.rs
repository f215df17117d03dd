//! Textual chunks of PNG files: kept as they stand, but for those in which ImageMagick puts EXIF, IPTC and XMP.
//!
//! PNG specification, third edition, 11.3.3; the profiles lie in hexadecimal digits behind a name and a length.

use super::{ifd, jpeg_segments as segments};
use crate::picture::TextChunk;

/// Keyword of the iTXt chunk with XMP.
pub(super) const XMP_KEYWORD: &str = "XML:com.adobe.xmp";
const PROFILE_KEYWORD: &[u8] = b"Raw profile type ";

/// Most bytes of a profile in digits.
const MAX_PROFILE: usize = 64 << 20;

/// Digits a line, as other writers have it.
const LINE: usize = 72;

/// What the textual chunks of a file hold.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// All but XMP and profiles.
    pub kept: Vec<TextChunk>,
    /// EXIF block, starting with the TIFF header.
    pub exif: Option<Vec<u8>>,
    /// XMP packet, where a profile holds it.
    pub xmp: Option<Vec<u8>>,
    /// IPTC as JPEG (Photoshop's resources with their head) or TIFF (the bare record) have it.
    pub iptc: Option<Vec<u8>>,
}

/// Walks over the chunks; damaged ones are left out.
pub(super) fn read(file: &[u8]) -> Texts {
    let mut texts = Texts::default();
    let mut looked_at = Vec::new();
    for (name, data) in chunks(file).filter(|(name, _)| matches!(name, b"tEXt" | b"zTXt" | b"iTXt")) {
        let Some(keyword) = data.split(|&byte| byte == 0).next() else { continue };
        if let Some(kind) = keyword.strip_prefix(PROFILE_KEYWORD) {
            // One of each kind, so that a file cannot have the same work done over and over.
            if !looked_at.contains(&kind) {
                looked_at.push(kind);
                texts.take_profile(kind, || profile(&name, data.get(keyword.len() + 1..)?));
            }
        } else if !(name == *b"iTXt" && keyword == XMP_KEYWORD.as_bytes()) {
            texts.kept.push(TextChunk { name, data: data.to_vec() });
        }
    }
    texts
}

/// Name and data of each chunk whose checksum is right.
fn chunks(file: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = file.get(8..).unwrap_or_default();
    let next = move || {
        let length = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let body = rest.get(4..length.checked_add(8)?)?;
        let checksum = rest.get(length + 8..length + 12)?;
        rest = &rest[length + 12..];
        let name: [u8; 4] = *body.first_chunk()?;
        // Pixels are checked by their decoder.
        let whole = &name == b"IDAT" || crc32fast::hash(body).to_be_bytes() == checksum;
        Some(whole.then_some((name, &body[4..])))
    };
    std::iter::from_fn(next).flatten()
}

impl Texts {
    fn take_profile(&mut self, kind: &[u8], read: impl FnOnce() -> Option<Vec<u8>>) {
        match kind {
            b"exif" | b"APP1" | b"xmp" => {
                let Some(profile) = read() else { return };
                if let Some(xmp) = profile.strip_prefix(segments::XMP) {
                    self.xmp.get_or_insert(xmp.to_vec());
                } else if kind == b"xmp" {
                    self.xmp.get_or_insert(profile);
                } else {
                    let exif = profile.strip_prefix(segments::EXIF).unwrap_or(&profile);
                    if ifd::read(exif).is_some() {
                        self.exif.get_or_insert(exif.to_vec());
                    }
                }
            }
            b"iptc" | b"8bim" => {
                let Some(profile) = read() else { return };
                let head: &[u8] = if profile.starts_with(b"8BIM") { segments::PHOTOSHOP } else { &[] };
                self.iptc.get_or_insert([head, &profile].concat());
            }
            _ => {}
        }
    }
}

/// The profile in a chunk; `data` starts behind the keyword.
fn profile(name: &[u8; 4], data: &[u8]) -> Option<Vec<u8>> {
    match name {
        b"tEXt" => from_digits(data),
        b"zTXt" => from_digits(&inflated(data.strip_prefix(&[0])?)?),
        _ => {
            let (packed, rest) = (*data.first()? == 1, data.get(2..)?);
            let text = rest.splitn(3, |&byte| byte == 0).nth(2)?;
            if packed { from_digits(&inflated(text)?) } else { from_digits(text) }
        }
    }
}

fn inflated(packed: &[u8]) -> Option<Vec<u8>> {
    fdeflate::decompress_to_vec_bounded(packed, 3 * MAX_PROFILE).ok()
}

/// A line with a name, one with the length, and lines of digits.
fn from_digits(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii_start();
    let mut lines = text
        .get(text.iter().position(|&byte| byte == b'\n')?..)?
        .trim_ascii_start()
        .splitn(2, |b| *b == b'\n');
    let length: usize = std::str::from_utf8(lines.next()?.trim_ascii()).ok()?.parse().ok()?;
    let digits: Option<Vec<u8>> = lines
        .next()?
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|&byte| char::from(byte).to_digit(16).map(|digit| digit as u8))
        .collect();
    let bytes: Vec<u8> = digits?.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    (bytes.len() == length && (1..=MAX_PROFILE).contains(&length)).then_some(bytes)
}

/// The data of a zTXt chunk that holds Photoshop's resources with IPTC: PNG has no better place.
pub(super) fn iptc_chunk(resources: &[u8]) -> Vec<u8> {
    let mut text = format!("\niptc\n{:8}", resources.len()).into_bytes();
    for (index, byte) in resources.iter().enumerate() {
        if (2 * index).is_multiple_of(LINE) {
            text.push(b'\n');
        }
        text.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
    }
    text.push(b'\n');
    [PROFILE_KEYWORD, b"iptc\0\0", &fdeflate::compress_to_vec(&text)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_in_digits_are_read_and_damaged_ones_are_not() {
        assert_eq!(from_digits(b"\nexif\n       3\n4d4D\n2a\n"), Some(b"MM*".to_vec()));
        assert_eq!(from_digits(b"\ngeneric profile\n1\nff"), Some(vec![255]));
        for damaged in
            [&b""[..], b"\nexif\n", b"\nexif\n3\n", b"\nexif\n3\n4d4d", b"\nexif\n1\n4g", b"\nexif\n0\n"]
        {
            assert_eq!(from_digits(damaged), None);
        }
        let resources: Vec<u8> = (0..=255).collect();
        let chunk = iptc_chunk(&resources);
        assert_eq!(profile(b"zTXt", &chunk[b"Raw profile type iptc\0".len()..]), Some(resources));
    }

    #[test]
    fn cut_files_and_wrong_checksums_do_not_hurt() {
        let chunk = |data: &[u8], checksum: u32| {
            let body = [b"tEXt", data].concat();
            let checksum = crc32fast::hash(&body).wrapping_add(checksum).to_be_bytes();
            [&(data.len() as u32).to_be_bytes()[..], &body, &checksum].concat()
        };
        let file =
            [&[0; 8], &chunk(b"A\0b", 0)[..], &chunk(b"C\0d", 1), &chunk(b"Raw profile type exif\0x", 0)]
                .concat();
        let kept = |file: &[u8]| read(file).kept.into_iter().map(|chunk| chunk.data).collect::<Vec<_>>();
        assert_eq!(kept(&file), [b"A\0b".to_vec()]);
        for length in 0..file.len() {
            assert!(kept(&file[..length]).len() < 2);
        }
        assert!(kept(b"\0\0\0\0\0\0\0\0\xff\xff\xff\xfftEXt").is_empty());
    }
}
