//! What the pages of a person and of their organization share: the frame with its side navigation, trouble and secrets that
//! are said once, and the banner of the first steps.

use std::collections::HashMap;

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use service::{FirstSteps, Timestamp};

use crate::page::{Page, Place};
use crate::visitor::Visitor;
use crate::widget::{account_nav, secret};
use crate::words::account as words;

/// The query of a page, read leniently: what cannot be understood filters nothing.
pub type Asked = HashMap<String, String>;

/// What a form's answer says on the page it shows again.
#[derive(Default)]
pub struct Said {
    /// Why nothing was done.
    pub trouble: Option<(StatusCode, String)>,
    /// Secrets that are shown this once: label, text.
    pub secrets: Vec<(&'static str, String)>,
    /// True when the secrets can be shown again.
    pub are_kept: bool,
}

impl Said {
    /// Nothing was done, and why.
    pub fn trouble(status: StatusCode, text: impl Into<String>) -> Self {
        Self { trouble: Some((status, text.into())), ..Self::default() }
    }

    /// Something was made whose secret is shown this once.
    pub fn secret(label: &'static str, text: impl Into<String>) -> Self {
        Self { secrets: vec![(label, text.into())], ..Self::default() }
    }

    fn status(&self) -> StatusCode {
        self.trouble.as_ref().map_or(StatusCode::OK, |(status, _)| *status)
    }

    /// As it stands at the head of the page.
    pub fn show(&self) -> Markup {
        html! {
            @if let Some((_, text)) = &self.trouble { p .bad role="alert" { (text) } }
            @if !self.secrets.is_empty() {
                section .panel.shown-once aria-label=(words::SHOWN_ONCE_LABEL) {
                    @if !self.are_kept { p role="status" { strong { (words::SHOWN_ONCE) } } }
                    @for (label, text) in &self.secrets { (secret(label, text)) }
                }
            }
        }
    }
}

/// A page of the account, with its side navigation.
pub fn show(visitor: &Visitor, title: &str, scripts: &[&str], said: &Said, content: &Markup) -> Response {
    let content = html! {
        div .sided {
            (account_nav(visitor))
            div { h1 { (title) } (said.show()) (content) }
        }
    };
    Page::new(title, Place::Account, visitor)
        .styles(&["people.css"])
        .scripts(scripts)
        .show_with(said.status(), content)
}

/// Asks those to choose a password and an address of their own who have what somebody else chose. Nothing for others.
pub fn first_steps(visitor: &Visitor) -> Markup {
    let Some(steps) = FirstSteps::of(&visitor.member.account) else { return html! {} };
    let text = match (steps.password, steps.email) {
        (true, true) => words::CHOOSE_BOTH,
        (true, false) => words::CHOOSE_PASSWORD,
        (false, _) => words::CHOOSE_EMAIL,
    };
    html! {
        aside .banner aria-label=(words::FIRST_STEPS) {
            p { (text) }
            a .button href="/studio/profile" { (words::TO_PROFILE) }
        }
    }
}

/// A moment, or a dash.
pub fn time_or_dash(at: Option<Timestamp>) -> Markup {
    html! { @if let Some(at) = at { (crate::widget::time(at)) } @else { span .soft { (words::NEVER) } } }
}

/// A page number from a query.
pub fn offset(asked: &Asked) -> i64 {
    asked.get("offset").and_then(|text| text.parse().ok()).unwrap_or(0).max(0)
}

/// A day from a query, as its beginning.
pub fn day(asked: &Asked, name: &str) -> Option<Timestamp> {
    asked.get(name).and_then(|text| Timestamp::of_day(text))
}

/// A day from a query, as the moment after its end.
pub fn day_after(asked: &Asked, name: &str) -> Option<Timestamp> {
    day(asked, name).map(|at| at.plus(std::time::Duration::from_secs(24 * 3_600)))
}

/// A text from a query that is not empty.
pub fn text<'a>(asked: &'a Asked, name: &str) -> Option<&'a str> {
    asked.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// A path with those parts of a query that are not empty, its page aside.
pub fn path_with(path: &str, asked: &Asked, names: &[&str]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for name in names {
        if let Some(value) = text(asked, name) {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A choice of a few words, the chosen one marked. The first entry stands for all.
pub fn choice(name: &str, label: &str, options: &[(&str, &str)], chosen: Option<&str>) -> Markup {
    html! {
        label { (label)
            select name=(name) {
                @for (value, word) in options {
                    option value=(value) selected[chosen.unwrap_or_default() == *value] { (word) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_leniently() {
        let asked: Asked = [("offset", "-3"), ("from", "2026-03-18"), ("to", "soon"), ("host", "  ")]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(offset(&asked), 0);
        assert_eq!(day_after(&asked, "from").map(Timestamp::day), Some("2026-03-19".to_owned()));
        assert_eq!((day(&asked, "to"), text(&asked, "host")), (None, None));
        assert_eq!(path_with("/x", &asked, &["host", "from"]), "/x?from=2026-03-18");
    }
}
