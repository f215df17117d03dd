//! The image resources of a document: resolution, profile, EXIF, XMP, IPTC, names of channels.

use super::be;
use crate::codec::{ifd, jpeg_segments, photoshop};
use crate::picture::{Density, DensityUnit, Metadata};

const RESOLUTION: u16 = 1005;
const CHANNEL_NAMES: u16 = 1006;
const IPTC: u16 = 1028;
const ICC_PROFILE: u16 = 1039;
const UNICODE_CHANNEL_NAMES: u16 = 1045;
const VERSION: u16 = 1057;
const EXIF: u16 = 1058;
const XMP: u16 = 1060;

/// EXIF tags of the resolution.
const X_RESOLUTION: u16 = 282;
const Y_RESOLUTION: u16 = 283;
const RESOLUTION_UNIT: u16 = 296;

/// All resources of a document whose extra channels have these names.
pub(super) fn resources(metadata: &Metadata, extra_channels: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(density) = metadata.density.or_else(|| exif_density(metadata)) {
        push(&mut out, RESOLUTION, &resolution(density));
    }
    if !extra_channels.is_empty() {
        push(
            &mut out,
            CHANNEL_NAMES,
            &extra_channels.iter().flat_map(|name| pascal(name, 1)).collect::<Vec<_>>(),
        );
        let names = extra_channels.iter().flat_map(|name| unicode(&format!("{name}\0")));
        push(&mut out, UNICODE_CHANNEL_NAMES, &names.collect::<Vec<_>>());
    }
    if let Some(iptc) = metadata.iptc.as_deref().and_then(bare_iptc) {
        push(&mut out, IPTC, iptc);
    }
    if let Some(icc) = &metadata.icc {
        push(&mut out, ICC_PROFILE, icc);
    }
    if let Some(exif) = &metadata.exif {
        push(&mut out, EXIF, exif);
    }
    if let Some(xmp) = &metadata.xmp {
        push(&mut out, XMP, xmp);
    }
    push(&mut out, VERSION, &version());
    out
}

fn push(out: &mut Vec<u8>, id: u16, data: &[u8]) {
    out.extend_from_slice(b"8BIM");
    be::push_u16(out, id);
    out.extend_from_slice(&[0, 0]);
    be::push_u32(out, data.len());
    out.extend_from_slice(data);
    be::pad(out, 0, 2);
}

/// That the merged picture is what the layers give, and who wrote it.
fn version() -> Vec<u8> {
    let mut out = vec![0, 0, 0, 1, 1];
    out.extend(unicode("Atelier"));
    out.extend(unicode("Atelier"));
    be::push_u32(&mut out, 1);
    out
}

fn resolution(density: Density) -> Vec<u8> {
    let per_inch = match density.unit {
        DensityUnit::Inch => 1.0,
        DensityUnit::Centimetre => 2.54,
        DensityUnit::Metre => 0.0254,
        DensityUnit::AspectOnly => 72.0 / density.x.max(f64::MIN_POSITIVE),
    };
    let fixed = |v: f64| ((v * per_inch).clamp(1.0, 30_000.0) * 65_536.0).round() as usize;
    let mut out = Vec::new();
    for value in [density.x, density.y] {
        be::push_u32(&mut out, fixed(value));
        // Pixels an inch; sizes are shown in inches.
        out.extend_from_slice(&[0, 1, 0, 1]);
    }
    out
}

fn exif_density(metadata: &Metadata) -> Option<Density> {
    let directory = ifd::read(metadata.exif.as_deref()?)?;
    let x = directory.get(X_RESOLUTION)?.fraction().filter(|v| *v > 0.0)?;
    let y = directory.get(Y_RESOLUTION).and_then(|entry| entry.fraction()).filter(|v| *v > 0.0);
    let unit = match directory.get(RESOLUTION_UNIT).and_then(|entry| entry.number()) {
        Some(3) => DensityUnit::Centimetre,
        _ => DensityUnit::Inch,
    };
    Some(Density { x, y: y.unwrap_or(x), unit })
}

/// The IPTC record alone: as it stands in a TIFF, or taken out of the Photoshop block of a JPEG.
fn bare_iptc(block: &[u8]) -> Option<&[u8]> {
    match block.strip_prefix(jpeg_segments::PHOTOSHOP) {
        Some(resources) => photoshop::iptc(resources),
        None => Some(block),
    }
}

/// A Pascal string, with its length byte a multiple of `multiple` bytes long; what is not ASCII becomes `?`.
pub(super) fn pascal(text: &str, multiple: usize) -> Vec<u8> {
    let ascii: Vec<u8> = text.chars().map(|c| if c.is_ascii() { c as u8 } else { b'?' }).take(255).collect();
    let mut out = vec![ascii.len() as u8];
    out.extend(ascii);
    be::pad(&mut out, 0, multiple);
    out
}

/// A Unicode string: the number of UTF-16 units and the units.
pub(super) fn unicode(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut out = Vec::new();
    be::push_u32(&mut out, units.len());
    units.iter().for_each(|unit| out.extend_from_slice(&unit.to_be_bytes()));
    out
}
