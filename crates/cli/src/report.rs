//! The report of a run: an entry for every picture, in the order of the work list, whatever became of it.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::path_text;
use crate::unread::Unread;

/// The file that `--report` writes.
#[derive(Debug, Serialize)]
pub struct RunReport<'a> {
    /// Version of the program.
    pub atelier: &'static str,
    /// Counts of the entries.
    pub summary: Summary,
    /// Pictures of the folders that were left out because their kind is not read.
    #[serde(skip_serializing_if = "Unread::is_empty")]
    pub left_out: &'a Unread,
    /// The pictures.
    pub files: &'a [Entry],
}

/// How many pictures came to which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Retouched and written.
    pub done: usize,
    /// There already, whole, from the same input and recipe.
    pub skipped: usize,
    /// Not retouched because of an error.
    pub failed: usize,
    /// Not retouched because the run was stopped.
    pub stopped: usize,
    /// Wall time of the whole run.
    pub milliseconds: f64,
}

/// One picture of the run.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// What was read.
    #[serde(serialize_with = "path_text::serialize")]
    pub input: PathBuf,
    /// What was, or would have been, written.
    #[serde(serialize_with = "path_text::serialize")]
    pub output: PathBuf,
    /// What became of it.
    pub status: Status,
    /// Why it failed; one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the engine saw and what each plugin found and changed, of a picture that this run retouched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<retouch::Report>,
    /// Wall time of each step, in the order of the steps.
    pub milliseconds: Map<String, Value>,
}

/// What became of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Retouched and written.
    Done,
    /// There already, whole, from the same input and recipe.
    Skipped,
    /// Not retouched because of an error.
    Failed,
    /// Not retouched because the run was stopped.
    Stopped,
}

impl Summary {
    /// Counts `entries` of a run that took `time`.
    pub fn of(entries: &[Entry], time: Duration) -> Self {
        let count = |status| entries.iter().filter(|entry| entry.status == status).count();
        Self {
            done: count(Status::Done),
            skipped: count(Status::Skipped),
            failed: count(Status::Failed),
            stopped: count(Status::Stopped),
            milliseconds: milliseconds(time),
        }
    }

    /// The summary as one line for people.
    pub fn line(&self) -> String {
        let counts = [
            (self.done, "retouched"),
            (self.skipped, "already there"),
            (self.failed, "failed"),
            (self.stopped, "not begun or stopped"),
        ];
        let parts: Vec<String> = counts
            .iter()
            .filter(|(count, what)| *count > 0 || *what == "retouched")
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        format!("{} in {:.1} s", parts.join(", "), self.milliseconds / 1000.0)
    }
}

/// Milliseconds with three decimals.
pub fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// Times of steps as an object; a step that occurs twice counts once with its whole time.
pub fn timetable(times: Vec<(String, Duration)>) -> Map<String, Value> {
    let mut table = Map::new();
    for (name, time) in times {
        let before = table.get(&name).and_then(Value::as_f64).unwrap_or(0.0);
        table.insert(name, Value::from(before + milliseconds(time)));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_what_occurred() {
        let all_well = Summary { done: 3, milliseconds: 1234.0, ..Summary::default() };
        assert_eq!(all_well.line(), "3 retouched in 1.2 s");
        let mixed = Summary { skipped: 2, failed: 1, ..Summary::default() };
        assert_eq!(mixed.line(), "0 retouched, 2 already there, 1 failed in 0.0 s");
    }

    #[test]
    fn adds_up_steps_of_one_name() {
        let ms = Duration::from_millis;
        let table = timetable(vec![("Heal".into(), ms(2)), ("laying".into(), ms(1)), ("Heal".into(), ms(3))]);
        assert_eq!(Value::from(table).to_string(), r#"{"Heal":5.0,"laying":1.0}"#);
    }
}
