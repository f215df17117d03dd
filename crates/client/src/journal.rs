//! What became of each picture of a folder, one line each, so that a run can go on where the last one stopped.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::ClientError;

/// Its name in the folder of results.
pub(crate) const NAME: &str = ".atelier-journal";

/// How far a picture is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub(crate) enum Entry {
    /// An execution was asked for: it is looked for by its label before another is made.
    Asked {
        /// The label it carries.
        ticket: String,
    },
    /// An execution exists.
    Running {
        /// Its name.
        execution: String,
    },
    /// Its result is on our disk.
    Fetched {
        /// Where.
        result: PathBuf,
    },
    /// There will be no result; only a changed picture is tried again.
    Failed {
        /// Why.
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Line {
    picture: String,
    workflow: String,
    #[serde(flatten)]
    entry: Entry,
}

/// The lines of a folder. A picture is known by its content, whatever its name.
pub struct Journal {
    path: PathBuf,
    file: File,
    entries: HashMap<(String, String), Entry>,
}

impl Journal {
    /// Opens the journal of a folder of results, which is made when it is missing. Until it is dropped, nobody else can:
    /// two runs that do not hear of each other would have every picture made, and paid, twice.
    ///
    /// # Errors
    /// [`ClientError::Busy`] when another run has it; when it cannot be read or written.
    pub fn open(folder: &Path) -> Result<Self, ClientError> {
        let path = folder.join(NAME);
        let failed = |error: std::io::Error| ClientError::file(&path, error);
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        // A file system that knows no locks, as some on the network, is worked on without.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(ClientError::Busy(folder.to_owned()));
        }
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        let mut entries = HashMap::new();
        // The last line of a run that was cut off may be half a line; what it told of is done again.
        for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            entries.insert((line.picture, line.workflow), line.entry);
        }
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n").map_err(failed)?;
        }
        Ok(Self { path, file, entries })
    }

    pub(crate) fn of(&self, picture: &str, workflow: &str) -> Option<&Entry> {
        self.entries.get(&(picture.to_owned(), workflow.to_owned()))
    }

    pub(crate) fn note(&mut self, picture: &str, workflow: &str, entry: Entry) -> Result<(), ClientError> {
        let line = Line { picture: picture.to_owned(), workflow: workflow.to_owned(), entry: entry.clone() };
        let mut text = serde_json::to_string(&line).map_err(|error| ClientError::file(&self.path, error))?;
        text.push('\n');
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| ClientError::file(&self.path, error))?;
        self.entries.insert((line.picture, line.workflow), entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_remembers_the_last_word_and_survives_half_a_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let running = Entry::Running { execution: "e1".into() };
        let fetched = Entry::Fetched { result: "a.jpg".into() };
        let mut journal = Journal::open(folder.path()).expect("a journal");
        journal.note("p1", "w", running.clone()).expect("noted");
        journal.note("p1", "w", fetched.clone()).expect("noted");
        journal.note("p2", "w", running.clone()).expect("noted");
        let path = folder.path().join(".atelier-journal");
        let text = std::fs::read_to_string(&path).expect("text");
        std::fs::write(&path, format!("{text}{{\"picture\":\"p3\",\"wor")).expect("written");
        drop(journal);
        let mut journal = Journal::open(folder.path()).expect("a journal");
        assert_eq!(journal.of("p1", "w"), Some(&fetched));
        assert_eq!(journal.of("p1", "other"), None);
        assert_eq!(journal.of("p3", "w"), None);
        journal.note("p3", "w", running.clone()).expect("noted");
        drop(journal);
        let journal = Journal::open(folder.path()).expect("a journal");
        assert_eq!((journal.of("p2", "w"), journal.of("p3", "w")), (Some(&running), Some(&running)));
    }

    #[test]
    fn a_folder_of_results_belongs_to_one_run_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::open(folder.path()).expect("a journal");
        assert!(
            matches!(Journal::open(folder.path()), Err(ClientError::Busy(busy)) if busy == folder.path())
        );
        drop(journal);
        assert!(Journal::open(folder.path()).is_ok());
    }
}
