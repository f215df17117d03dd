//! The ledger: which results of earlier runs are there, whole, and still what the same command would make; and which
//! files are none of them, so that no run replaces what it has not made.
//!
//! Every output folder keeps one file, [`LEDGER`], with one JSON record a line. Records are only ever appended, each
//! in one write, so that a killed run or two runs at a time can at worst leave a broken last line, which is skipped.
//! A record is written before its result gets its name: a run that is killed in between leaves a record of nothing,
//! which does no harm, and never a result that no record tells of. So a name has many records, and all of them count.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::delivery::folder_of;
use crate::intake::real;
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

/// What is at the place of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Free,
    /// The result itself: whole, and made with an equal ticket.
    Current,
    /// An earlier result of the same picture, as it was made. It may be replaced.
    Outdated,
    /// A file shorter than the result of an equal ticket. It is one that was cut off if the result begins with it.
    Shorter,
}

/// What is at the place of a result and is not to be replaced.
#[derive(Debug, thiserror::Error)]
pub enum Obstacle {
    /// No run has made it.
    #[error(
        "{0} is there already and no result of an earlier run; move it away, or give --overwrite to replace it"
    )]
    Foreign(PathBuf),
    /// A run made a result of that name, but not this file.
    #[error("{0} is not as an earlier run made it; move it away, or give --overwrite to replace it")]
    Changed(PathBuf),
    /// It is the result of another picture of the same name.
    #[error("{output} is the result of {}; choose another --out-dir, or give --overwrite to replace it",
        .of.as_deref().unwrap_or("another picture"))]
    OfAnother {
        /// The result.
        output: PathBuf,
        /// The other picture, where that is known.
        of: Option<String>,
    },
    /// A link: what it leads to would be replaced.
    #[error(
        "{0} is a link, and the file that it leads to would be replaced; remove the link or choose another place"
    )]
    Link(PathBuf),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    /// File name, as [`text_of`] writes it.
    output: String,
    /// The input's real path, as [`text_of`] writes it; early records have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    #[serde(flatten)]
    ticket: Ticket,
    bytes: u64,
    sha256: String,
}

/// What a ledger tells of each name.
type Records = HashMap<String, Vec<Record>>;

/// Those of `records` that tell of the file at `path`, whole. Lengths are looked at first: they cost nothing.
fn records_of<'r>(records: &'r [Record], path: &Path) -> Vec<&'r Record> {
    let Ok(length) = fs::metadata(path).map(|found| found.len()) else { return Vec::new() };
    let mut matching: Vec<&Record> = records.iter().filter(|record| record.bytes == length).collect();
    if !matching.is_empty() {
        let hash = fs::read(path).map(|bytes| hex_sha256(&bytes)).ok();
        matching.retain(|record| Some(&record.sha256) == hash.as_ref());
    }
    matching
}

/// A ledger as it was read.
#[derive(Debug, Default)]
struct Page {
    length: u64,
    records: Records,
}

/// The ledgers of all folders that this run writes to. Shared by the threads.
#[derive(Debug, Default)]
pub struct Ledger {
    folders: Mutex<HashMap<PathBuf, Arc<Page>>>,
}

impl Ledger {
    /// What is at `output`, where the result of `input` with `ticket` shall go.
    ///
    /// # Errors
    /// [`Obstacle`] when it is not to be replaced.
    pub fn standing(&self, output: &Path, input: &Path, ticket: &Ticket) -> Result<Standing, Obstacle> {
        let page = self.page(output, |_| false);
        judge(&page, output, input, ticket).or_else(|obstacle| {
            // Another run at the same time may have made it and told so since.
            let anew = self.page(output, |old| old.length != length_of(&folder_of(output).join(LEDGER)));
            if Arc::ptr_eq(&page, &anew) { Err(obstacle) } else { judge(&anew, output, input, ticket) }
        })
    }

    /// Notes that `output` is about to hold `bytes`, made of `input` with `ticket`. Makes the folder where it is missing.
    ///
    /// # Errors
    /// When the ledger cannot be written: a later run will not know the result.
    pub fn enter(&self, output: &Path, input: &Path, ticket: &Ticket, bytes: &[u8]) -> io::Result<()> {
        let Some(name) = name_of(output) else { return Ok(()) };
        let record = Record {
            output: name,
            of: Some(source_of(input)),
            ticket: ticket.clone(),
            bytes: bytes.len() as u64,
            sha256: hex_sha256(bytes),
        };
        fs::create_dir_all(folder_of(output))?;
        // One thread at a time, so that no two look at the same end of the file.
        let _turn = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        append(&folder_of(output).join(LEDGER), &record)
    }

    /// The ledger beside `output`, read once, and again when it `is_old`.
    fn page(&self, output: &Path, is_old: impl Fn(&Page) -> bool) -> Arc<Page> {
        let folder = folder_of(output);
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let page = folders.entry(folder.to_owned()).or_insert_with_key(|folder| Arc::new(read(folder)));
        if is_old(page) {
            *page = Arc::new(read(folder));
        }
        Arc::clone(page)
    }
}

fn judge(page: &Page, output: &Path, input: &Path, ticket: &Ticket) -> Result<Standing, Obstacle> {
    let Ok(found) = fs::symlink_metadata(output) else { return Ok(Standing::Free) };
    if found.is_dir() {
        // No file is in danger, and delivery says best what is wrong with a folder.
        return Ok(Standing::Free);
    }
    let named = name_of(output).and_then(|name| page.records.get(&name)).map_or(&[][..], Vec::as_slice);
    let matching = records_of(named, output);
    if matching.iter().any(|record| record.ticket == *ticket) {
        return Ok(Standing::Current);
    }
    let source = source_of(input);
    // By its path a picture is the same though it changed, by its content though it moved.
    let is_same =
        |record: &&Record| record.of.as_ref() == Some(&source) || record.ticket.input == ticket.input;
    if matching.iter().copied().any(|record| is_same(&record)) {
        return Ok(Standing::Outdated);
    }
    if found.is_symlink() {
        return Err(Obstacle::Link(output.to_owned()));
    }
    if let Some(other) = matching.last() {
        return Err(Obstacle::OfAnother { output: output.to_owned(), of: other.of.clone() });
    }
    if named.iter().any(|record| record.ticket == *ticket && found.len() < record.bytes) {
        return Ok(Standing::Shorter);
    }
    Err(if named.is_empty() { Obstacle::Foreign } else { Obstacle::Changed }(output.to_owned()))
}

/// What earlier runs made in one folder.
#[derive(Debug, Default)]
pub struct Results {
    records: Records,
}

impl Results {
    /// What the ledger of `folder` tells of.
    pub fn of(folder: &Path) -> Self {
        Self { records: read(folder).records }
    }

    /// True when the file at `path` in that folder was made by an earlier run. Its name alone does not say so: results
    /// are deleted, their ledger stays, and a camera gives the same names again.
    pub fn hold(&self, path: &Path) -> bool {
        let named = name_of(path).and_then(|name| self.records.get(&name));
        named.is_some_and(|named| !records_of(named, path).is_empty())
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

/// Lines that are no record (cut off, or of a later version) are skipped.
fn read(folder: &Path) -> Page {
    let text = fs::read(folder.join(LEDGER)).unwrap_or_default();
    let mut page = Page { length: text.len() as u64, records: Records::new() };
    for line in String::from_utf8_lossy(&text).lines() {
        if let Ok(record) = serde_json::from_str::<Record>(line) {
            page.records.entry(record.output.clone()).or_default().push(record);
        }
    }
    page
}

fn length_of(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

fn append(path: &Path, record: &Record) -> io::Result<()> {
    let mut line = serde_json::to_string(record)?;
    line.push('\n');
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    if ends_within_a_line(&mut file)? {
        line.insert(0, '\n');
    }
    file.write_all(line.as_bytes())?;
    // The result will be on the disk before it has its name, and a power cut must not keep it and lose this.
    file.sync_data()
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

fn source_of(input: &Path) -> String {
    text_of(real(input).as_os_str()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(input: &str) -> Ticket {
        Ticket { input: input.into(), recipe: "r".into(), engine: "e".into() }
    }

    fn enter(output: &Path, input: &str, result: &[u8]) {
        Ledger::default().enter(output, Path::new(input), &ticket(input), result).expect("entered");
    }

    fn standing(output: &Path, input: &str, content: &str) -> Result<Standing, Obstacle> {
        Ledger::default().standing(output, Path::new(input), &ticket(content))
    }

    #[test]
    fn holds_only_whole_results_of_the_same_ticket() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = folder.path().join("a.jpg");
        assert!(matches!(standing(&output, "1", "1"), Ok(Standing::Free)));
        fs::write(&output, b"result").expect("written");
        assert!(matches!(standing(&output, "1", "1"), Err(Obstacle::Foreign(_))), "not entered yet");
        enter(&output, "1", b"result");

        assert!(matches!(standing(&output, "1", "1"), Ok(Standing::Current)));
        assert!(matches!(standing(&output, "1", "2"), Ok(Standing::Outdated)), "the input changed");
        assert!(matches!(standing(&output, "moved", "1"), Ok(Standing::Current)), "the input moved");
        let another = standing(&output, "2", "2").expect_err("another input");
        assert!(
            another.to_string().contains("a.jpg is the result of ") && another.to_string().contains("/1;")
        );
        fs::write(&output, b"resulT").expect("written");
        assert!(matches!(standing(&output, "1", "1"), Err(Obstacle::Changed(_))));
        fs::write(&output, b"resu").expect("written");
        assert!(matches!(standing(&output, "1", "1"), Ok(Standing::Shorter)));
        fs::remove_file(&output).expect("removed");
        assert!(matches!(standing(&output, "1", "1"), Ok(Standing::Free)));
    }

    #[test]
    fn a_record_without_its_result_does_not_disown_the_earlier_one() {
        // The run was killed after the second record, before its result had its name.
        let folder = tempfile::tempdir().expect("a folder");
        let output = folder.path().join("a.jpg");
        fs::write(&output, b"first").expect("written");
        enter(&output, "1", b"first");
        enter(&output, "1", b"a second result");
        assert!(matches!(standing(&output, "1", "1"), Ok(Standing::Current)));
        assert!(Results::of(folder.path()).hold(&output));
    }

    #[test]
    fn what_another_run_makes_at_the_same_time_is_known() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = folder.path().join("a.jpg");
        let ledger = Ledger::default();
        assert!(matches!(ledger.standing(&output, Path::new("1"), &ticket("1")), Ok(Standing::Free)));
        enter(&output, "1", b"result");
        fs::write(&output, b"result").expect("written");
        assert!(matches!(ledger.standing(&output, Path::new("1"), &ticket("1")), Ok(Standing::Current)));
    }

    #[test]
    fn survives_a_record_that_was_cut_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, second) = (folder.path().join("a.jpg"), folder.path().join("b.jpg"));
        fs::write(&first, b"1").expect("written");
        fs::write(&second, b"2").expect("written");
        enter(&first, "1", b"1");
        let ledger = folder.path().join(LEDGER);
        let mut text = fs::read(&ledger).expect("read");
        text.extend_from_slice(b"{\"output\":\"b.jpg\",\"inp");
        fs::write(&ledger, text).expect("cut");
        enter(&second, "2", b"2");
        assert!(matches!(standing(&first, "1", "1"), Ok(Standing::Current)));
        assert!(matches!(standing(&second, "2", "2"), Ok(Standing::Current)));
    }

    #[test]
    fn hashes_as_the_standard_says() {
        assert_eq!(hex_sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
