//! All English words of the pages, a file for each group of pages; the scripts' words are in `assets/words.js`.

pub mod account;
pub mod api;
pub mod common;
pub mod credits;
pub mod devices;
pub mod home;
pub mod jobs;
pub mod operator;
pub mod orders;
pub mod organization;
pub mod profile;
pub mod review;
pub mod sign_in;
pub mod tokens;
pub mod tryit;
pub mod webhooks;
pub mod workflows;

/// The lists of notices: what a form has just done, by the key that its answer carries.
const NOTICES: [&[(&str, &str)]; 6] =
    [common::NOTICES, jobs::NOTICES, orders::NOTICES, review::NOTICES, workflows::NOTICES, account::NOTICES];

/// The words of a notice.
pub fn notice(key: &str) -> Option<&'static str> {
    NOTICES.iter().flat_map(|list| list.iter()).find(|(name, _)| *name == key).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_notice_has_a_key_of_its_own() {
        let keys: Vec<_> = NOTICES.iter().flat_map(|list| list.iter()).map(|(key, _)| key).collect();
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
        assert_eq!(notice("nonsense"), None);
    }
}
