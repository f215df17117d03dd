//! Small pieces that pages share.

use maud::{Markup, html};
use service::Timestamp;

use crate::page::ACCOUNT;
use crate::visitor::Visitor;
use crate::words;

/// The field that proves a form is ours.
pub fn form_token(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name="form_token" value=(visitor.form_token); }
}

/// A moment: readable without scripts, in the reader's own zone with them.
pub fn time(at: Timestamp) -> Markup {
    let iso = at.to_string();
    let plain = format!("{} {} UTC", iso.get(..10).unwrap_or(&iso), iso.get(11..16).unwrap_or_default());
    html! { time datetime=(iso) data-local { (plain) } }
}

/// Bytes as people say them.
pub fn bytes(count: i64) -> String {
    let count = count.max(0) as f64;
    let (value, unit) = match count {
        c if c < 1024.0 => return format!("{c} B"),
        c if c < 1024.0 * 1024.0 => (c / 1024.0, "KiB"),
        c if c < 1024.0 * 1024.0 * 1024.0 => (c / (1024.0 * 1024.0), "MiB"),
        c => (c / (1024.0 * 1024.0 * 1024.0), "GiB"),
    };
    if value < 10.0 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// A state with a colour and a word; never by colour alone.
pub fn badge(kind: &str, word: &str) -> Markup {
    html! { span class=(format!("badge {kind}")) { (word) } }
}

/// The side navigation of account pages.
pub fn account_nav(visitor: &Visitor) -> Markup {
    let here = visitor.path.split('?').next().unwrap_or_default();
    html! {
        nav .side-nav aria-label=(words::common::ACCOUNT) {
            @for (address, word) in ACCOUNT {
                a href=(address) aria-current=[is_within(here, address).then_some("page")] { (word) }
            }
        }
    }
}

/// True for a page and those below it.
fn is_within(here: &str, address: &str) -> bool {
    here.strip_prefix(address).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Links to the pages of a long list; nothing when one page holds it.
pub fn pager(path: &str, offset: i64, limit: i64, total: i64) -> Markup {
    let link = |offset: i64| {
        let join = if path.contains('?') { '&' } else { '?' };
        format!("{path}{join}offset={offset}")
    };
    html! {
        @if total > limit || offset > 0 {
            nav .pager aria-label=(words::common::PAGES) {
                @if offset > 0 { a .button href=(link((offset - limit).max(0))) rel="prev" { (words::common::NEWER) } }
                span { (offset + 1) "–" (total.min(offset + limit)) " / " (total) }
                @if offset + limit < total { a .button href=(link(offset + limit)) rel="next" { (words::common::OLDER) } }
            }
        }
    }
}

/// A secret that is shown once, with a button to copy it.
pub fn secret(label: &str, text: &str) -> Markup {
    html! {
        div .secret {
            label { (label) input readonly value=(text) data-select autocomplete="off" spellcheck="false"; }
            button type="button" data-copy=(text) { (words::common::COPY) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_in_the_unit_that_fits() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1_536), "1.5 KiB");
        assert_eq!(bytes(25 << 20), "25 MiB");
        assert_eq!(bytes(3 << 30), "3.0 GiB");
    }

    #[test]
    fn a_list_of_one_page_has_no_links() {
        assert_eq!(pager("/studio/x", 0, 50, 50).into_string(), "");
        let both = pager("/studio/x?a=1", 50, 50, 120).into_string();
        assert!(
            both.contains("/studio/x?a=1&amp;offset=0") && both.contains("/studio/x?a=1&amp;offset=100"),
            "{both}"
        );
    }
}
