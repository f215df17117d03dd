//! The ZIP of layers: one PNG a layer, `result.json`, and the flat base where one is needed.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::plugin::Blend;

/// Collects named files into a ZIP in memory. PNG and JPEG are compressed already, so all are stored.
pub struct Archive {
    writer: ZipWriter<Cursor<Vec<u8>>>,
}

impl Archive {
    /// An empty archive.
    pub fn new() -> Self {
        Self { writer: ZipWriter::new(Cursor::new(Vec::new())) }
    }

    /// Adds a file.
    ///
    /// # Errors
    /// When the archive would become larger than the format allows.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> zip::result::ZipResult<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(bytes.len() >= u32::MAX as usize);
        self.writer.start_file(name, options)?;
        self.writer.write_all(bytes)?;
        Ok(())
    }

    /// The finished archive.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn finish(self) -> zip::result::ZipResult<Vec<u8>> {
        Ok(self.writer.finish()?.into_inner())
    }
}

/// File name of a layer: plugin name, count from the second use on, blend kind unless normal
/// (specification section 5, "Layered ZIP").
pub fn layer_name(plugin: &str, use_number: usize, blend: Blend) -> String {
    let kind = match blend {
        Blend::SoftLight => "_softlight",
        Blend::Mask => "_mask",
        Blend::Normal | Blend::Metadata => "",
    };
    format!("{}{kind}.png", use_name(plugin, use_number))
}

/// A plugin's name, with the count from the second use on.
pub fn use_name(plugin: &str, use_number: usize) -> String {
    if use_number > 1 { format!("{plugin} ({use_number})") } else { plugin.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_specification() {
        assert_eq!(layer_name("Heal", 1, Blend::Normal), "Heal.png");
        assert_eq!(layer_name("Dodge Burn", 1, Blend::SoftLight), "Dodge Burn_softlight.png");
        assert_eq!(layer_name("Skin Mask", 2, Blend::Mask), "Skin Mask (2)_mask.png");
    }
}
