//! `/studio/operator/storage`: what lies in the store, and when it goes.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use maud::html;

use super::show;
use crate::account::Said;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::visitor::Operator;
use crate::widget::{bytes, time};
use crate::words::operator as words;

const HOUR: Duration = Duration::from_secs(3_600);
/// How far ahead expiries are counted.
const AHEAD: [(Duration, &str); 4] = [
    (Duration::ZERO, words::DUE),
    (HOUR, words::IN_AN_HOUR),
    (Duration::from_secs(6 * 3_600), words::IN_SIX_HOURS),
    (Duration::from_secs(24 * 3_600), words::IN_A_DAY),
];
/// Organizations in the list of the largest.
const SHARES: i64 = 20;

pub fn routes() -> Router<Desk> {
    Router::new().route("/studio/operator/storage", get(storage))
}

async fn storage(State(desk): State<Desk>, Operator(visitor): Operator) -> Result<Response, Failure> {
    let (store, settings, now) = (desk.service().store(), desk.service().settings(), desk.service().now());
    let figures = store.storage().await?;
    let counts = store.expiring_before(&AHEAD.map(|(span, _)| now.plus(span))).await?;
    let shares = store.storage_by_organization(SHARES).await?;
    let content = html! {
        dl .figures {
            div { dt { (words::FILES) } dd { (figures.blobs) } }
            div { dt { (words::BYTES) } dd { (bytes(figures.bytes)) } }
            div { dt { (words::KEPT_JOBS) } dd { (figures.jobs) } }
        }
        div .pair {
            section .panel aria-labelledby="retention" {
                h2 #retention { (words::RETENTION) }
                dl .facts {
                    dt { (words::KEEP) } dd { (words::span(settings.keep)) }
                    dt { (words::KEEP_UPLOADS) } dd { (words::span(settings.keep_uploads)) }
                    dt { (words::SWEEP) } dd { (words::span(settings.sweep_every)) }
                }
                p .soft { (words::RETENTION_TEXT) }
            }
            section .panel aria-labelledby="expiries" {
                h2 #expiries { (words::EXPIRIES) }
                dl .facts {
                    dt { (words::NEXT) } dd { @if let Some(at) = figures.next_expiry_at { (time(at)) } @else { "–" } }
                    @for ((_, word), count) in AHEAD.iter().zip(&counts) { dt { (word) } dd { (words::jobs(*count)) } }
                }
            }
        }
        section .panel aria-labelledby="shares" {
            h2 #shares { (words::SHARES) }
            @if shares.is_empty() { p .soft { (words::NO_FILES) } } @else {
                table {
                    thead { tr { th { (words::ORGANIZATION) } th .number { (words::FILES) } th .number { (words::BYTES) } } }
                    tbody { @for (name, files, size) in &shares {
                        tr { td { (name) } td .number { (files) } td .number { (bytes(*size)) } }
                    } }
                }
            }
        }
    };
    Ok(show(&visitor, words::STORAGE, &Said::default(), &content))
}
