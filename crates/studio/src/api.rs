//! `/studio/api`: how programs use the server, with lines that work as they stand.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};

use crate::account::{Said, show as page};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::SignedForm;
use crate::visitor::Visitor;
use crate::widget::form_token;
use crate::words::api as words;

pub fn routes() -> Router<Desk> {
    Router::new().route("/studio/api", get(api).post(with_token))
}

async fn api(visitor: Visitor) -> Response {
    show(&visitor, None)
}

/// The page with a token in all its examples, made for this.
async fn with_token(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let issued = desk.service().give_token(&form.visitor.member, words::TOKEN_NAME).await?;
    Ok(show(&form.visitor, Some(&issued.text)))
}

fn show(visitor: &Visitor, token: Option<&str>) -> Response {
    let server = &visitor.server;
    let said = token.map_or_else(Said::default, |token| Said::secret(words::TOKEN, token));
    let content = html! {
        p { (words::ABOUT) " " a href="/docs/api" { (words::REFERENCE) } " · " a href="/docs/openapi.json" { (words::OPENAPI) } }
        @if token.is_none() {
            form .panel.row method="post" action="/studio/api" {
                (form_token(visitor))
                p .grow { (words::TOKEN_TEXT) }
                button .main { (words::MAKE_TOKEN) }
            }
        }
        (run_section(token))
        section aria-labelledby="examples" {
            h2 #examples { (words::EXAMPLES) }
            @for (number, example) in words::examples(server, token.unwrap_or(words::PLACEHOLDER)).into_iter().enumerate() {
                details .panel open[number == 0] {
                    summary { (example.language) }
                    pre tabindex="0" { code id=(format!("example-{number}")) { (example.code) } }
                    button type="button" .small data-copy data-copy-from=(format!("#example-{number}")) { (words::COPY) }
                }
            }
        }
        section .panel aria-labelledby="autoretouch" {
            h2 #autoretouch { (words::AUTORETOUCH) }
            p { (words::AUTORETOUCH_TEXT) " " a href="/studio/devices" { (words::TO_DEVICES) } }
        }
    };
    page(visitor, words::TITLE, &["people/run-api.js"], &said, &content)
}

/// Calls that the page itself makes with the token; without scripts it is not shown.
fn run_section(token: Option<&str>) -> Markup {
    html! {
        section #run .panel aria-labelledby="run-title" hidden {
            h2 #run-title { (words::RUN) }
            p .soft { (words::RUN_TEXT) }
            div .stack {
                label { (words::TOKEN) input #run-token autocomplete="off" spellcheck="false" value=(token.unwrap_or_default()); }
                div .row {
                    button type="button" data-call="limits" { (words::RUN_LIMITS) }
                    button type="button" data-call="balance" { (words::RUN_BALANCE) }
                }
                div .row.end {
                    label .grow { (words::PICTURE) input #run-picture type="file" accept="image/jpeg,image/png"; }
                    button type="button" data-call="start" { (words::RUN_START) }
                }
                div .row.end {
                    label .grow { (words::JOB) input #run-job autocomplete="off" spellcheck="false"; }
                    button type="button" data-call="status" { (words::RUN_STATUS) }
                    a #run-file .button hidden { (words::RUN_FILE) }
                }
            }
            div #run-answer role="status" aria-live="polite" {}
        }
    }
}
