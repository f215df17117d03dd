//! `/studio/credits`: what is left, where it went, what was done with it.

mod chart;
mod export;

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};
use service::{AccountId, LedgerEntry, LedgerFilter, LedgerKind, Usage, WorkLine};

use crate::account::{Asked, Said, choice, day, day_after, offset, path_with, show as page, text};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::visitor::Visitor;
use crate::widget::{pager, time};
use crate::words::{account, credits as words};

/// Movements on one page.
const PAGE: i64 = 50;
/// Periods that can be chosen, in days.
const PERIODS: [(&str, &str); 4] =
    [("30", words::MONTH), ("7", words::WEEK), ("90", words::QUARTER), ("365", words::YEAR)];
/// What keeps its value when the list is turned or exported.
const FILTERS: [&str; 4] = ["kind", "from", "to", "days"];

pub fn routes() -> Router<Desk> {
    Router::new().route("/studio/credits", get(credits)).route("/studio/credits.csv", get(export::csv))
}

async fn credits(
    State(desk): State<Desk>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let (service, organization) = (desk.service(), &visitor.member.organization);
    let standing = service.standing_of(organization).await?;
    let days = text(&asked, "days").and_then(|days| days.parse().ok()).unwrap_or(30);
    let usage = service.usage(organization, days).await?;
    let filter = LedgerFilter { limit: PAGE, offset: offset(&asked), ..filter(&asked) };
    let (entries, total) = service.ledger(organization, filter).await?;
    let people = names(&desk, &visitor).await?;
    let per_picture =
        usage.credits_a_picture().map_or(words::NOTHING.to_owned(), |cost| format!("{cost:.2}"));
    let content = html! {
        dl .figures {
            div { dt { (words::BALANCE) } dd { @if standing.unmetered { (words::UNMETERED) } @else { (standing.balance) } } }
            @if let Some(daily) = standing.daily_allowance {
                div { dt { (words::TODAY) } dd { (standing.used_today) " / " (daily) } }
            }
            div { dt { (words::PICTURES) } dd { (usage.pictures) } }
            div { dt { (words::SPENT) } dd { (usage.credits) } }
            div { dt { (words::PER_PICTURE) } dd { (per_picture) } }
        }
        (usage_section(&asked, &usage))
        (ledger_section(&asked, &entries, total, filter.offset, &people))
    };
    Ok(page(&visitor, words::TITLE, &[], &Said::default(), &content))
}

fn filter(asked: &Asked) -> LedgerFilter {
    LedgerFilter {
        kind: text(asked, "kind").and_then(LedgerKind::from_text),
        from: day(asked, "from"),
        until: day_after(asked, "to"),
        ..LedgerFilter::default()
    }
}

/// Addresses by account, for those who moved credits.
async fn names(desk: &Desk, visitor: &Visitor) -> Result<HashMap<AccountId, String>, Failure> {
    let people = desk.service().people(&visitor.member.organization).await?;
    Ok(people.into_iter().map(|(account, _)| (account.id, account.email)).collect())
}

/// Who moved credits, by address where it is known.
fn actor<'a>(people: &'a HashMap<AccountId, String>, entry: &'a LedgerEntry) -> &'a str {
    people.get(&AccountId::from(entry.actor.as_str())).map_or(entry.actor.as_str(), String::as_str)
}

fn usage_section(asked: &Asked, usage: &Usage) -> Markup {
    html! {
        section #usage .panel aria-labelledby="usage-title" {
            div .row.end {
                h2 .grow #usage-title { (words::USAGE) }
                form .row.end method="get" action="/studio/credits" {
                    @for name in ["kind", "from", "to"] {
                        @if let Some(value) = text(asked, name) { input type="hidden" name=(name) value=(value); }
                    }
                    (choice("days", words::PERIOD, &PERIODS, text(asked, "days")))
                    button { (words::SHOW) }
                }
            }
            (chart::chart(&usage.days))
            div .pair {
                (work_table(words::BY_STEP, words::STEP, &usage.steps))
                (work_table(words::BY_WORKFLOW, words::WORKFLOW, &usage.workflows))
            }
            div .pair {
                (work_table(words::BY_DIALECT, words::DIALECT, &usage.dialects))
                (work_table(words::BY_RESULT, words::RESULT, &usage.results))
            }
        }
    }
}

fn work_table(title: &str, heading: &str, lines: &[WorkLine]) -> Markup {
    html! {
        div {
            h3 { (title) }
            @if lines.is_empty() { p .soft { (words::NO_WORK) } } @else {
                table {
                    thead { tr { th { (heading) } th .number { (words::PICTURES) } th .number { (words::SECONDS) } } }
                    tbody { @for line in lines {
                        tr {
                            td { (words::named(&line.name)) }
                            td .number { (line.pictures) }
                            td .number { (words::mean_seconds(line.millis, line.pictures)) }
                        }
                    } }
                }
            }
        }
    }
}

fn ledger_section(
    asked: &Asked,
    entries: &[LedgerEntry],
    total: i64,
    offset: i64,
    people: &HashMap<AccountId, String>,
) -> Markup {
    let kinds = [
        ("", account::ALL),
        ("grant", words::kind(LedgerKind::Grant)),
        ("charge", words::kind(LedgerKind::Charge)),
        ("refund", words::kind(LedgerKind::Refund)),
    ];
    html! {
        section #ledger .panel aria-labelledby="ledger-title" {
            h2 #ledger-title { (words::LEDGER) }
            form .row.end.filters method="get" action="/studio/credits" {
                @if let Some(days) = text(asked, "days") { input type="hidden" name="days" value=(days); }
                (choice("kind", words::KIND, &kinds, text(asked, "kind")))
                label { (account::FROM) input type="date" name="from" value=(text(asked, "from").unwrap_or_default()); }
                label { (account::TO) input type="date" name="to" value=(text(asked, "to").unwrap_or_default()); }
                button { (account::FILTER) }
                a .button href=(path_with("/studio/credits.csv", asked, &FILTERS)) download { (words::EXPORT) }
            }
            @if entries.is_empty() { div .empty { p { (words::NO_ENTRIES) } } } @else {
                div .scroll tabindex="0" role="group" aria-label=(words::LEDGER) {
                    table {
                        thead { tr {
                            th { (account::TIME) } th { (words::KIND) } th .number { (words::AMOUNT) } th .number { (words::AFTER) }
                            th { (words::JOB) } th { (words::NOTE) }
                        } }
                        tbody { @for entry in entries {
                            tr {
                                td { (time(entry.at)) }
                                td { (words::kind(entry.kind)) }
                                td .number { (format!("{:+}", entry.amount)) }
                                td .number { (entry.balance) }
                                td { @if let Some(job) = &entry.job_id { code .id { (job) } } }
                                td { (entry.note) @if !entry.note.is_empty() { br; } span .soft { (actor(people, entry)) } }
                            }
                        } }
                    }
                }
                (pager(&path_with("/studio/credits", asked, &FILTERS), offset, PAGE, total))
            }
        }
    }
}
