//! The query as clients write it: brackets raw or escaped, empty pairs, labels under two names.

use std::collections::BTreeMap;

use super::errors::Refusal;

/// Entries of a page unless asked otherwise.
const PAGE: i64 = 50;
/// Most entries of a page.
const LONGEST_PAGE: i64 = 500;

/// The pairs of a query, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query. Nothing is refused: `&&` and a final `&` are no pairs.
    pub fn read(query: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The first value of a name that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(given, value)| given == name && !value.trim().is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// All values of a name that are not empty.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(given, value)| given == name && !value.trim().is_empty());
        named.map(|(_, value)| value.as_str())
    }

    /// The values of `label[KEY]` and `labels[KEY]`.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let label = |(name, value): &(String, String)| {
            let rest = name.strip_prefix("labels[").or_else(|| name.strip_prefix("label["))?;
            Some((rest.strip_suffix(']')?.to_owned(), value.clone()))
        };
        self.0.iter().filter_map(label).collect()
    }

    /// `limit` and `offset`.
    ///
    /// # Errors
    /// 400 when they are no numbers, or below zero.
    pub fn page(&self) -> Result<(i64, i64), Refusal> {
        let limit = self.number("limit")?.unwrap_or(PAGE).min(LONGEST_PAGE);
        Ok((limit, self.number("offset")?.unwrap_or(0)))
    }

    fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refusal::bad(format!("{name} must be a number from 0")));
        }
        // More digits than fit are a number behind any end.
        Ok(Some(text.parse().unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn brackets_empty_pairs_and_both_names_of_labels_are_read() {
        let query = Query::read(Some("&workflow=w&&labels%5Ba%5D=1&label[b]=x%20y+z&label[c=1&label[d]=&"));
        assert_eq!(query.get("workflow"), Some("w"));
        let labels: Vec<_> = query.labels().into_iter().collect();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(labels, [pair("a", "1"), pair("b", "x y z"), pair("d", "")]);
    }

    #[test]
    fn pages_are_cut_and_nonsense_is_refused() {
        let page = |query: &str| Query::read(Some(query)).page();
        assert_eq!(page(""), Ok((50, 0)));
        assert_eq!(page("limit=&offset="), Ok((50, 0)));
        assert_eq!(page("limit=501&offset=7"), Ok((500, 7)));
        assert_eq!(page("limit=0&offset=99999999999999999999"), Ok((0, i64::MAX)));
        for wrong in ["limit=-1", "offset=-1", "limit=x", "limit=1.5"] {
            assert!(page(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_query_is_read(query in any::<String>()) {
            let query = Query::read(Some(&query));
            prop_assert!(query.page().is_ok() || query.get("limit").is_some() || query.get("offset").is_some());
        }
    }
}
