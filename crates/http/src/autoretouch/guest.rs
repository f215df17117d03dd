//! Who asks, and in which organization.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use service::{Member, Organization, OrganizationId, Role};

use super::errors::Refusal;
use super::query::Query;
use crate::app::Doors;

/// Somebody with a good token.
pub(crate) struct Guest {
    /// Who, in the organization that the request names, or else the one their token was made for.
    pub member: Member,
    /// What the request says beside its path.
    pub query: Query,
}

impl Guest {
    /// Where they act.
    pub fn organization(&self) -> &Organization {
        &self.member.organization
    }

    /// Refuses those who may not decide for the organization.
    ///
    /// # Errors
    /// 403.
    pub fn decides(&self) -> Result<(), Refusal> {
        match self.member.role {
            Role::Admin => Ok(()),
            Role::Operator => Err(Refusal::forbidden("Only an admin of the organization may do this")),
        }
    }
}

impl FromRequestParts<Doors> for Guest {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, doors: &Doors) -> Result<Self, Refusal> {
        let query = Query::read(parts.uri.query());
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(bearer).ok_or_else(|| {
            Refusal::token("There is no access token: send it as Authorization: Bearer").closing()
        })?;
        let member = doors.service.member(token).await.map_err(|error| Refusal::from(error).closing())?;
        let member = match query.get("organization") {
            Some(id) if id != member.organization.id.as_str() => {
                let found = doors.service.member_of(&member, &OrganizationId::from(id)).await?;
                // The same answer whether it exists or not.
                found.ok_or_else(|| Refusal::forbidden("You are no member of this organization").closing())?
            }
            _ => member,
        };
        Ok(Self { member, query })
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_of_any_case_and_the_token_is_trimmed() {
        assert_eq!(bearer("Bearer a.b.c"), Some("a.b.c"));
        assert_eq!(bearer(" bearer  a.b.c "), Some("a.b.c"));
        for wrong in ["", "Bearer", "Bearer ", "Basic abc", "a.b.c"] {
            assert_eq!(bearer(wrong), None, "{wrong}");
        }
    }
}
