//! What a list page is asked for in its address: filters, days, which page of the list.

use chrono::NaiveDate;
use service::{JobState, Timestamp, WorkflowId};
use url::{Url, form_urlencoded};

use crate::words::orders::STATES;

/// Entries on one page of a list.
pub const PAGE: i64 = 50;

/// The query of an address.
pub struct Asked {
    path: String,
    pairs: Vec<(String, String)>,
}

impl Asked {
    /// Reads the query of a path.
    pub fn of(path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self { path: path.to_owned(), pairs: form_urlencoded::parse(query.as_bytes()).into_owned().collect() }
    }

    /// A value that is not empty, without white space around it.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(given, value)| given == name && !value.trim().is_empty());
        found.map(|(_, value)| value.trim())
    }

    /// All values of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// How many entries to leave out.
    pub fn offset(&self) -> i64 {
        self.get("offset").and_then(|text| text.parse().ok()).filter(|offset| *offset >= 0).unwrap_or(0)
    }

    /// A workflow.
    pub fn workflow(&self) -> Option<WorkflowId> {
        self.get("workflow").map(WorkflowId::from)
    }

    /// The states behind the key of a state.
    pub fn states(&self) -> (Option<JobState>, Option<JobState>) {
        let wanted = self.get("state");
        let found = STATES.iter().find(|(key, ..)| Some(*key) == wanted);
        found.map_or((None, None), |(_, _, one, other)| (Some(*one), *other))
    }

    /// The beginning of a day in UTC.
    pub fn day(&self, name: &str) -> Option<Timestamp> {
        let day: NaiveDate = self.get(name)?.parse().ok()?;
        Some(Timestamp(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()))
    }

    /// The end of a day in UTC.
    pub fn day_end(&self, name: &str) -> Option<Timestamp> {
        Some(self.day(name)?.plus(std::time::Duration::from_secs(24 * 3_600)))
    }

    /// True when a filter narrows the list.
    pub fn narrows(&self) -> bool {
        self.pairs
            .iter()
            .any(|(name, value)| !matches!(name.as_str(), "offset" | "notice") && !value.trim().is_empty())
    }

    /// The address of the list with all its filters, for links to its other pages.
    pub fn list(&self) -> String {
        let kept = self
            .pairs
            .iter()
            .filter(|(name, value)| !matches!(name.as_str(), "offset" | "notice") && !value.is_empty());
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }
}

/// A name as one segment of a path, whatever it is made of.
pub fn segment(name: &str) -> String {
    let mut url = Url::parse("http://localhost").unwrap_or_else(|_| unreachable!("an address of our own"));
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.push(name);
    }
    url.path().trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_survive_from_page_to_page() {
        let asked = Asked::of("/studio/executions?state=failed&text=a%26b&offset=50&notice=saved");
        assert_eq!((asked.offset(), asked.get("text")), (50, Some("a&b")));
        assert_eq!(asked.states(), (Some(JobState::Failed), Some(JobState::Cancelled)));
        assert_eq!(asked.list(), "/studio/executions?state=failed&text=a%26b");
        assert!(asked.narrows() && !Asked::of("/studio/executions?offset=50").narrows());
    }

    #[test]
    fn days_are_read_and_nonsense_is_not() {
        let asked = Asked::of("/x?since=2026-03-18&until=yesterday&offset=-3");
        assert_eq!(asked.day("since").map(|at| at.to_string()), Some("2026-03-18T00:00:00.000Z".to_owned()));
        assert_eq!(
            asked.day_end("since").map(|at| at.to_string()),
            Some("2026-03-19T00:00:00.000Z".to_owned())
        );
        assert_eq!((asked.day("until"), asked.offset()), (None, 0));
    }

    #[test]
    fn any_name_is_one_segment() {
        assert_eq!(segment("b/1 ?#%"), "b%2F1%20%3F%23%25");
        assert_eq!(segment("plain-id_1"), "plain-id_1");
    }
}
