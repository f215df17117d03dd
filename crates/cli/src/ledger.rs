//! The ledger: which results of earlier runs are there, whole, and still what the same command would make.
//!
//! Every output folder keeps one file, [`LEDGER`], with one JSON record a line. Records are only ever appended, each
//! in one write, so that a killed run or two runs at a time can at worst leave a broken last line, which is skipped.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::delivery::folder_of;
use crate::path_text::text_of;

/// Name of the ledger in each output folder.
pub const LEDGER: &str = ".atelier-done.jsonl";

/// What a result was made of: two results with equal tickets are equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// SHA-256 of the input's bytes, hexadecimal.
    pub input: String,
    /// SHA-256 of the recipe and of all options that shape the result, hexadecimal.
    pub recipe: String,
    /// The build that made it, see [`build`].
    pub engine: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    /// File name, as [`text_of`] writes it.
    output: String,
    #[serde(flatten)]
    ticket: Ticket,
    bytes: u64,
    sha256: String,
}

impl Record {
    /// True when the file at `path` is the one that was recorded, whole. Its length is looked at first: it costs nothing.
    fn is_of(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|found| found.len() == self.bytes)
            && fs::read(path).is_ok_and(|bytes| hex_sha256(&bytes) == self.sha256)
    }
}

/// The ledgers of all folders that this run writes to. Shared by the threads.
#[derive(Debug, Default)]
pub struct Ledger {
    folders: Mutex<HashMap<PathBuf, HashMap<String, Record>>>,
}

impl Ledger {
    /// True when `output` is there, whole, and was made with an equal ticket.
    pub fn holds(&self, output: &Path, ticket: &Ticket) -> bool {
        let Some(name) = name_of(output) else { return false };
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let records = folders.entry(folder_of(output).to_owned()).or_insert_with_key(|folder| read(folder));
        let Some(record) = records.get(&name).cloned() else { return false };
        drop(folders);
        record.ticket == *ticket && record.is_of(output)
    }

    /// Notes that `output` now holds `bytes`, made with `ticket`.
    ///
    /// # Errors
    /// When the ledger cannot be written: the result stands, but the next run will make it again.
    pub fn enter(&self, output: &Path, ticket: &Ticket, bytes: &[u8]) -> io::Result<()> {
        let Some(name) = name_of(output) else { return Ok(()) };
        let record = Record {
            output: name,
            ticket: ticket.clone(),
            bytes: bytes.len() as u64,
            sha256: hex_sha256(bytes),
        };
        // One thread at a time, so that no two look at the same end of the file.
        let _turn = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        append(&folder_of(output).join(LEDGER), &record)
    }
}

/// What earlier runs made in one folder.
#[derive(Debug, Default)]
pub struct Results {
    records: HashMap<String, Record>,
}

impl Results {
    /// What the ledger of `folder` tells of.
    pub fn of(folder: &Path) -> Self {
        Self { records: read(folder) }
    }

    /// True when the file at `path` in that folder was made by an earlier run. Its name alone does not say so: results
    /// are deleted, their ledger stays, and a camera gives the same names again.
    pub fn hold(&self, path: &Path) -> bool {
        name_of(path).and_then(|name| self.records.get(&name)).is_some_and(|record| record.is_of(path))
    }
}

/// SHA-256 of `bytes` as 64 hexadecimal digits.
pub fn hex_sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Names this build: its version, and the length and date of its program file, so that a rebuilt engine
/// does not take results of its predecessor for its own.
pub fn build() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let stamp = std::env::current_exe().and_then(fs::metadata).and_then(|found| {
        let age = found.modified()?.duration_since(std::time::UNIX_EPOCH).map_err(io::Error::other)?;
        Ok(format!("{version}+{:x}.{:x}", found.len(), age.as_nanos()))
    });
    stamp.unwrap_or_else(|_| version.to_owned())
}

/// Later records win; lines that are no record (cut off, or of a later version) are skipped.
fn read(folder: &Path) -> HashMap<String, Record> {
    let text = fs::read(folder.join(LEDGER)).unwrap_or_default();
    String::from_utf8_lossy(&text)
        .lines()
        .filter_map(|line| serde_json::from_str::<Record>(line).ok())
        .map(|record| (record.output.clone(), record))
        .collect()
}

fn append(path: &Path, record: &Record) -> io::Result<()> {
    let mut line = serde_json::to_string(record)?;
    line.push('\n');
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    if ends_within_a_line(&mut file)? {
        line.insert(0, '\n');
    }
    file.write_all(line.as_bytes())
}

fn ends_within_a_line(file: &mut fs::File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn name_of(path: &Path) -> Option<String> {
    path.file_name().map(|name| text_of(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(input: &str) -> Ticket {
        Ticket { input: input.into(), recipe: "r".into(), engine: "e".into() }
    }

    #[test]
    fn holds_only_whole_results_of_the_same_ticket() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = folder.path().join("a.jpg");
        fs::write(&output, b"result").expect("written");
        assert!(!Ledger::default().holds(&output, &ticket("1")), "not entered yet");
        Ledger::default().enter(&output, &ticket("1"), b"result").expect("entered");

        assert!(Ledger::default().holds(&output, &ticket("1")));
        assert!(!Ledger::default().holds(&output, &ticket("2")), "another input");
        fs::write(&output, b"resulT").expect("written");
        assert!(!Ledger::default().holds(&output, &ticket("1")), "changed since");
        fs::remove_file(&output).expect("removed");
        assert!(!Ledger::default().holds(&output, &ticket("1")), "gone");
    }

    #[test]
    fn survives_a_record_that_was_cut_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, second) = (folder.path().join("a.jpg"), folder.path().join("b.jpg"));
        fs::write(&first, b"1").expect("written");
        fs::write(&second, b"2").expect("written");
        Ledger::default().enter(&first, &ticket("1"), b"1").expect("entered");
        let ledger = folder.path().join(LEDGER);
        let mut text = fs::read(&ledger).expect("read");
        text.extend_from_slice(b"{\"output\":\"b.jpg\",\"inp");
        fs::write(&ledger, text).expect("cut");
        Ledger::default().enter(&second, &ticket("2"), b"2").expect("entered");
        assert!(Ledger::default().holds(&first, &ticket("1")));
        assert!(Ledger::default().holds(&second, &ticket("2")));
    }

    #[test]
    fn hashes_as_the_standard_says() {
        assert_eq!(hex_sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
