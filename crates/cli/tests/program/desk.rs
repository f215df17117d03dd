//! The desk: small portraits with metadata, a folder to work in, and the program itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pixel::codec::{self, Decoded, EncodeOptions, Format, Limits};
use pixel::picture::{Picture, Samples};
use pixel::{Orientation, Size};
use serde_json::Value;

/// A folder that goes away with the test, holding what the test puts there.
pub struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    /// An empty folder.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with the folders it needs.
    pub fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(&path, bytes).expect("written");
        path
    }

    /// Names of all files below `name`, hidden ones too, sorted.
    pub fn files(&self, name: &str) -> Vec<String> {
        let mut names = Vec::new();
        collect(&self.path(name), "", &mut names);
        names.sort();
        names
    }

    /// The report that `--report report.json` wrote.
    pub fn report(&self) -> Value {
        let report = fs::read(self.path("report.json")).expect("a report");
        serde_json::from_slice(&report).expect("JSON")
    }

    /// The program, started in this folder.
    pub fn atelier(&self, arguments: &[&str]) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_atelier"));
        command.current_dir(self.folder.path()).args(arguments);
        command
    }
}

fn collect(folder: &Path, prefix: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), names);
        } else {
            names.push(name);
        }
    }
}

/// Made once a process: the profile bears the second of its making.
static PORTRAIT: LazyLock<Picture> = LazyLock::new(make_portrait);

/// The sample portrait at half its size, 500 x 500, with EXIF and a Display P3 profile.
pub fn portrait() -> &'static Picture {
    &PORTRAIT
}

fn make_portrait() -> Picture {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/portrait.jpg");
    let full = decode(&fs::read(path).expect("the sample"));
    let Samples::U8(samples) = &full.rgb else { panic!("the sample has 8 bits") };
    let (width, size) = (full.size.width, Size::new(full.size.width / 2, full.size.height / 2));
    let mean = |x: usize, y: usize, channel: usize| {
        let at = |x: usize, y: usize| u32::from(samples[(y * width + x) * 3 + channel]);
        ((at(2 * x, 2 * y) + at(2 * x + 1, 2 * y) + at(2 * x, 2 * y + 1) + at(2 * x + 1, 2 * y + 1) + 2) / 4)
            as u8
    };
    let rgb = (0..size.area() * 3)
        .map(|index| mean(index / 3 % size.width, index / 3 / size.width, index % 3))
        .collect();
    let mut picture = Picture { size, rgb: Samples::U8(rgb), orientation: Orientation::default(), ..full };
    picture.metadata.exif = Some(exif());
    picture.metadata.icc = Some(moxcms::ColorProfile::new_display_p3().encode().expect("a profile"));
    picture
}

/// The portrait as a file.
pub fn portrait_file(format: Format) -> Vec<u8> {
    codec::encode(portrait(), format, &EncodeOptions::default()).expect("encoded")
}

/// A file as a picture.
pub fn decode(bytes: &[u8]) -> Picture {
    let Decoded { picture, .. } = codec::decode(bytes, &Limits::default()).expect("a whole picture");
    picture
}

/// A block with one entry: the maker, "Test".
fn exif() -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0".to_vec();
    block.extend_from_slice(b"\x0f\x01\x02\0\x05\0\0\0\x1a\0\0\0");
    block.extend_from_slice(b"\0\0\0\0Test\0");
    block
}
