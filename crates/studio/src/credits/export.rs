//! The ledger as CSV, read from the store piece by piece: years of it fit through any memory.

use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::Response;
use futures_util::stream::try_unfold;
use service::{LedgerEntry, LedgerFilter, StoreError};

use super::{actor, filter, names};
use crate::account::Asked;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::visitor::Visitor;

/// Movements read at a time.
const PIECE: i64 = 1_000;
const HEAD: &str = "number,time,kind,amount,balance,job,note,who\r\n";

pub async fn csv(
    State(desk): State<Desk>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let people = names(&desk, &visitor).await?;
    let (service, organization) = (desk.service().clone(), visitor.member.organization.clone());
    let first = LedgerFilter { limit: PIECE, ..filter(&asked) };
    let pieces = try_unfold(Some((first, HEAD.to_owned())), move |state| {
        let (service, organization, people) = (service.clone(), organization.clone(), people.clone());
        async move {
            let Some((filter, head)) = state else { return Ok::<_, StoreError>(None) };
            let (entries, _) = service.ledger(&organization, filter).await?;
            let mut text = head;
            for entry in &entries {
                line(&mut text, entry, actor(&people, entry));
            }
            let next = entries
                .last()
                .filter(|_| entries.len() as i64 == PIECE)
                .map(|last| (LedgerFilter { below: Some(last.seq), ..filter }, String::new()));
            Ok(Some((text, next)))
        }
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"credits.csv\""));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn line(text: &mut String, entry: &LedgerEntry, who: &str) {
    let job = entry.job_id.as_ref().map_or("", |job| job.as_str());
    let _ = write!(
        text,
        "{},{},{},{},{},{},{},{}\r\n",
        entry.seq,
        entry.at,
        entry.kind.as_str(),
        entry.amount,
        entry.balance,
        field(job),
        field(&entry.note),
        field(who)
    );
}

/// A text as a field. What spreadsheets would take for a formula begins with an apostrophe.
fn field(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_hold_whatever_people_write() {
        assert_eq!(field("plain"), "plain");
        assert_eq!(field("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(field("=HYPERLINK(1)"), "'=HYPERLINK(1)");
    }
}
