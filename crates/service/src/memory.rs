//! How much memory a job is expected to need.

use crate::Work;

// Measured on 24 November 2026 with `crates/retouch/examples/cost.rs` (mimalloc, two cores): highest resident memory of a
// process that retouches one picture with the balanced preset. About 150 MiB of each figure are the networks and the
// program itself, which all jobs share.
//
// | picture                                   | flat    | layered |
// |-------------------------------------------|---------|---------|
// | 1 megapixel, 8 bits                       | 309 MiB | 317 MiB |
// | 16 megapixels, 8 bits                     | 478 MiB | 619 MiB |
// | 16 megapixels, 16 bits                    | 549 MiB | 669 MiB |
// | 19 megapixels, 8 bits, a face that fills it | 703 MiB | 801 MiB |
// | 64 megapixels, 8 bits                     | 944 MiB | 999 MiB |
//
// The face that fills the picture decides: a job must not need more than was set aside for it.

/// Bytes whatever the size: networks at work, buffers of decoder and encoder, reduced copies.
const BASE: f64 = 128.0 * MIB;
/// Bytes a pixel of a flat result.
const FLAT: f64 = 23.0;
/// Bytes a pixel of a ZIP of layers.
const LAYERED: f64 = 29.0;
/// Bytes of a mebibyte.
const MIB: f64 = 1_048_576.0;

/// Bytes of memory a job is expected to need at its peak.
pub fn memory_need(width: u32, height: u32, work: &Work) -> i64 {
    let pixels = f64::from(width) * f64::from(height);
    let each = if work.is_layered() && *work != Work::Features { LAYERED } else { FLAT };
    (BASE + pixels * each) as i64
}

#[cfg(test)]
mod tests {
    use retouch::{Preset, Recipe};

    use super::*;

    #[test]
    fn larger_and_layered_pictures_need_more() {
        let flat = Work::Retouch(Recipe::preset(Preset::Balanced));
        let layered = Work::Retouch(Recipe::preset(Preset::Balanced).layered());
        assert!(memory_need(1, 1, &flat) > 0);
        assert!(memory_need(4_000, 4_000, &flat) > memory_need(1_000, 1_000, &flat));
        assert!(memory_need(4_000, 4_000, &layered) > memory_need(4_000, 4_000, &flat));
        assert!(memory_need(u32::MAX, u32::MAX, &layered) > 0);
    }
}
