//! Organizations and their balance.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use service::{ContentHash, Organization};

use super::errors::Refusal;
use super::guest::Guest;
use super::types::{ErrorBody, MemberBody, OrganizationBody, Page};
use crate::app::Doors;
use crate::reply;

/// The organizations you belong to.
#[utoipa::path(
    get, path = "/v1/organization", tag = "AutoRetouch", operation_id = "organizations",
    summary = "List your organizations",
    params(
        ("limit" = Option<i64>, Query, description = "Entries at most; 50 unless given, never more than 500."),
        ("offset" = Option<i64>, Query, description = "Entries to leave out."),
    ),
    responses(
        (status = 200, description = "A page of organizations.", body = Page<OrganizationBody>),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
    )
)]
pub(crate) async fn list(State(doors): State<Doors>, guest: Guest) -> Result<Response, Refusal> {
    let (limit, offset) = guest.query.page()?;
    let all = doors.service.memberships(&guest.member.account).await?;
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let wanted = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let mut entries = Vec::new();
    for (organization, _) in all.iter().skip(wanted(offset)).take(wanted(limit)) {
        entries.push(body(&doors, organization).await?);
    }
    Ok(reply::json(200, &Page { entries, total }))
}

/// One of your organizations.
#[utoipa::path(
    get, path = "/v1/organization/{id}", tag = "AutoRetouch", operation_id = "organization",
    summary = "Look at an organization",
    params(("id" = String, Path, description = "The organization's id.")),
    responses(
        (status = 200, description = "The organization.", body = OrganizationBody),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 404, description = "There is none, or you are no member of it.", body = ErrorBody),
    )
)]
pub(crate) async fn single(
    State(doors): State<Doors>,
    id: Result<Path<String>, PathRejection>,
    guest: Guest,
) -> Result<Response, Refusal> {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let all = doors.service.memberships(&guest.member.account).await?;
    let found = all.iter().find(|(organization, _)| organization.id.as_str() == id);
    let (organization, _) = found.ok_or_else(|| Refusal::not_found("Organization not found"))?;
    Ok(reply::json(200, &body(&doors, organization).await?))
}

/// The credits left: a bare integer.
#[utoipa::path(
    get, path = "/v1/organization/balance", tag = "AutoRetouch", operation_id = "organizationBalance",
    summary = "Ask for the credits left",
    params(("organization" = Option<String>, Query, description = "Another of your organizations than the token's.")),
    responses(
        (status = 200, description = "The credits, as a bare integer.", body = i64),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 403, description = "You are no member of the organization.", body = ErrorBody),
    )
)]
pub(crate) async fn balance(State(doors): State<Doors>, guest: Guest) -> Result<Response, Refusal> {
    let standing = doors.service.standing_of(guest.organization()).await?;
    Ok(reply::json(200, &standing.balance))
}

/// The same under its old name.
#[utoipa::path(
    get, path = "/v1/company/balance", tag = "AutoRetouch", operation_id = "companyBalance",
    summary = "Ask for the credits left, by the old name",
    params(("organization" = Option<String>, Query, description = "Another of your organizations than the token's.")),
    responses(
        (status = 200, description = "The credits, as a bare integer.", body = i64),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 403, description = "You are no member of the organization.", body = ErrorBody),
    )
)]
pub(crate) async fn company_balance(State(doors): State<Doors>, guest: Guest) -> Result<Response, Refusal> {
    balance(State(doors), guest).await
}

async fn body(doors: &Doors, organization: &Organization) -> Result<OrganizationBody, Refusal> {
    let members = doors.service.people(organization).await?.into_iter().map(|(account, role)| MemberBody {
        id: account.id.to_string(),
        given_name: account.given_name,
        family_name: account.family_name,
        email: Some(account.email),
        picture: None,
        roles: vec![role.as_str()],
    });
    let members: Vec<MemberBody> = members.collect();
    Ok(OrganizationBody {
        id: organization.id.to_string(),
        version: version(organization, &members),
        name: organization.name.clone(),
        members,
    })
}

/// A UUID of version 8 made from what may change.
fn version(organization: &Organization, members: &[MemberBody]) -> String {
    let mut facts = vec![organization.id.as_str(), &organization.name];
    for member in members {
        facts.extend([member.id.as_str(), member.email.as_deref().unwrap_or_default(), member.roles[0]]);
        facts.extend([&member.given_name, &member.family_name].into_iter().flatten().map(String::as_str));
    }
    let hash = ContentHash::of(facts.join("\0").as_bytes()).hex();
    format!("{}-{}-8{}-8{}-{}", &hash[..8], &hash[8..12], &hash[13..16], &hash[17..20], &hash[20..32])
}
