//! Unread pictures: those of kinds that are not read are counted, so that none is left out without a word.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// How many pictures of each kind lay in the folders and were left out. A kind is an extension in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unread(BTreeMap<String, usize>);

impl Unread {
    /// Counts one more.
    pub fn add(&mut self, kind: String) {
        *self.0.entry(kind).or_default() += 1;
    }

    /// True when nothing was left out.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when there is more of some kind than in `other`.
    pub fn has_more_than(&self, other: &Self) -> bool {
        self.0.iter().any(|(kind, count)| other.0.get(kind).is_none_or(|before| count > before))
    }

    /// What an error that nothing was found has to add.
    pub fn addition(&self) -> String {
        if self.is_empty() { String::new() } else { format!("; {self}") }
    }
}

/// Half a line for people.
impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<String> = self.0.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let (files, are) = match self.0.values().sum() {
            1_usize => ("1 file".to_owned(), "is"),
            count => (format!("{count} files"), "are"),
        };
        write!(f, "left out {files} that {are} not read: {}", kinds.join(", "))
    }
}
