//! How large a picture may be: flags of all commands that read pictures of this machine.

use pixel::codec::Limits;

use crate::picture_file::MEBIBYTE;

/// Limits of the pictures that are read. A file may be larger than the server takes: nobody else's memory is at stake.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct SizeLimits {
    /// Refuse larger pictures
    #[arg(long, value_name = "N", default_value_t = 250, value_parser = clap::value_parser!(u32).range(1..=4000))]
    max_megapixels: u32,
    /// Refuse larger files, in MiB; a 16-bit TIFF of 24 megapixels has 138
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    max_file_mb: u32,
}

impl SizeLimits {
    /// The limits as the engine takes them.
    pub fn limits(self) -> Limits {
        Limits {
            max_bytes: u64::from(self.max_file_mb) * MEBIBYTE,
            max_pixels: u64::from(self.max_megapixels) * 1_000_000,
        }
    }
}
