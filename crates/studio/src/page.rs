//! The frame around every page: head, navigation, notices.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use maud::{DOCTYPE, Markup, html};

use crate::asset;
use crate::theme::Theme;
use crate::visitor::Visitor;
use crate::words;

/// Styles and scripts of our own only; pictures also as scripts make them; forms to this server alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Where a page belongs, for the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first page.
    Home,
    /// Trying photos.
    Try,
    /// Workflows.
    Workflows,
    /// Orders and executions.
    Orders,
    /// Reviewing results.
    Review,
    /// The person's and the organization's own pages.
    Account,
    /// The house's pages.
    Operator,
}

/// The main navigation: place, address, word.
const NAVIGATION: [(Place, &str, &str); 4] = [
    (Place::Try, "/studio/try", words::common::TRY),
    (Place::Workflows, "/studio/workflows", words::common::WORKFLOWS),
    (Place::Orders, "/studio/orders", words::common::ORDERS),
    (Place::Review, "/studio/review", words::common::REVIEW),
];

/// The account navigation: address, word. Shown on every account page and in the menu.
pub const ACCOUNT: [(&str, &str); 7] = [
    ("/studio/profile", words::common::PROFILE),
    ("/studio/tokens", words::common::TOKENS),
    ("/studio/devices", words::common::DEVICES),
    ("/studio/organization", words::common::ORGANIZATION),
    ("/studio/credits", words::common::CREDITS),
    ("/studio/webhooks", words::common::WEBHOOKS),
    ("/studio/api", words::common::API),
];

/// A page of somebody who is signed in.
pub struct Page<'a> {
    /// For the window and the bookmark.
    pub title: &'a str,
    /// Where it belongs.
    pub place: Place,
    /// Who looks at it.
    pub visitor: &'a Visitor,
    /// Styles beside the base, by asset name.
    pub styles: &'a [&'a str],
    /// Script modules beside the base, by asset name.
    pub scripts: &'a [&'a str],
    /// True for pages that use the whole window, like the picture pages.
    pub is_wide: bool,
}

impl<'a> Page<'a> {
    /// A plain page.
    pub fn new(title: &'a str, place: Place, visitor: &'a Visitor) -> Self {
        Self { title, place, visitor, styles: &[], scripts: &[], is_wide: false }
    }

    /// With more styles.
    #[must_use]
    pub fn styles(self, styles: &'a [&'a str]) -> Self {
        Self { styles, ..self }
    }

    /// With script modules.
    #[must_use]
    pub fn scripts(self, scripts: &'a [&'a str]) -> Self {
        Self { scripts, ..self }
    }

    /// Over the whole window.
    #[must_use]
    pub fn wide(self) -> Self {
        Self { is_wide: true, ..self }
    }

    /// The page with its content.
    pub fn show(self, content: Markup) -> Response {
        self.show_with(StatusCode::OK, content)
    }

    /// The page with its content and another status.
    pub fn show_with(self, status: StatusCode, content: Markup) -> Response {
        let visitor = self.visitor;
        let notice = notice(&visitor.path);
        let body = html! {
            (top_bar(self.place, visitor))
            main #main .wide[self.is_wide] tabindex="-1" {
                @if !self.is_wide { (crate::account::first_steps(visitor)) }
                @if let Some(text) = notice { p .notice role="status" { (text) } }
                (content)
            }
        };
        let head = html! {
            meta name="form-token" content=(visitor.form_token) data-person=(visitor.person());
            @for style in self.styles { link rel="stylesheet" href=(asset::url(style)); }
            @for script in self.scripts { script type="module" src=(asset::url(script)) {} }
        };
        document(status, self.title, visitor.theme, head, body)
    }
}

/// A page for somebody who is not signed in.
pub fn outside(status: StatusCode, title: &str, theme: Theme, content: Markup) -> Response {
    let body =
        html! { main #main .narrow tabindex="-1" { p .brand { (mark()) span { "Atelier" } } (content) } };
    document(status, title, theme, html! {}, body)
}

/// A page that says why there is none.
pub fn failure(status: StatusCode, title: &str, text: &str, theme: Theme) -> Response {
    let content = html! {
        section .panel { h1 { (title) } p role="alert" { (text) } p { a href="/studio" { (words::common::TO_START) } } }
    };
    outside(status, title, theme, content)
}

fn document(status: StatusCode, title: &str, theme: Theme, head: Markup, body: Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" data-theme=(theme.name()) {
            head {
                meta charset="utf-8";
                title { (title) " · Atelier" }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href=(asset::url("mark.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(asset::url("base.css"));
                script type="module" src=(asset::url("base.js")) {}
                (head)
            }
            body {
                a .skip href="#main" { (words::common::SKIP) }
                (body)
            }
        }
    };
    let mut response = Response::new(Body::from(page.into_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // Without any referrer, browsers would not say where a form comes from.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

fn top_bar(here: Place, visitor: &Visitor) -> Markup {
    let account = &visitor.member.account;
    html! {
        header .top {
            a .brand href="/studio" aria-current=[(here == Place::Home).then_some("page")] { (mark()) span { "Atelier" } }
            nav .main-nav aria-label=(words::common::NAVIGATION) {
                @for (place, address, word) in NAVIGATION {
                    a href=(address) aria-current=[(here == place).then_some("page")] { (word) }
                }
            }
            details .menu data-menu {
                summary { span .who { (account.email) } span .where { (visitor.member.organization.name) } }
                div .menu-content {
                    nav aria-label=(words::common::ACCOUNT) {
                        @for (address, word) in ACCOUNT { a href=(address) { (word) } }
                        a href="/studio/profile#organizations" { (words::common::ORGANIZATIONS) }
                        @if visitor.is_operator() { a href="/studio/operator" { (words::common::OPERATOR) } }
                    }
                    (themes(visitor.theme, &visitor.path))
                    form method="post" action="/studio/sign-out" {
                        input type="hidden" name="form_token" value=(visitor.form_token);
                        button .quiet { (words::common::SIGN_OUT) }
                    }
                }
            }
        }
    }
}

/// Buttons to choose between light and dark.
pub fn themes(theme: Theme, path: &str) -> Markup {
    html! {
        form .themes method="post" action="/studio/theme" {
            input type="hidden" name="next" value=(path);
            fieldset {
                legend { (words::common::THEME) }
                @for one in Theme::ALL {
                    button .quiet name="theme" value=(one.name()) aria-pressed=(if one == theme { "true" } else { "false" }) {
                        (words::common::theme(one))
                    }
                }
            }
        }
    }
}

/// What a form has just done: its answer leads to a page with `?notice=…`, and only known words are shown.
fn notice(path: &str) -> Option<&'static str> {
    let (_, query) = path.split_once('?')?;
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "notice");
    words::notice(&found?.1)
}

/// The sign of the house: an easel's picture, half before, half after.
fn mark() -> Markup {
    html! {
        svg .mark viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
            rect x="2.5" y="3.5" width="19" height="17" rx="2.5" fill="none" stroke="currentColor" stroke-width="1.8" {}
            path d="M12 3.5v17" stroke="currentColor" stroke-width="1.8" {}
            path d="M12 8.2a3.8 3.8 0 0 1 0 7.6z" fill="currentColor" {}
            path d="M12 8.2a3.8 3.8 0 0 0 0 7.6" fill="none" stroke="currentColor" stroke-width="1.4" {}
        }
    }
}
