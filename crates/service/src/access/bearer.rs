//! Access tokens: signed, short-lived, and only as good as the device behind them.

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use store::{Account, Organization, OrganizationId, RefreshToken, RefreshTokenId, Role, StoreError};

use super::{ACCESS_LIFE, AccessError};
use crate::Service;

/// What a client shows with each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// A JSON Web Token, signed with ES256.
    pub text: String,
    /// What it is good for.
    pub scope: String,
    /// Seconds it lives.
    pub expires_in: u64,
}

/// Somebody who acts in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub account: Account,
    /// Where, unless the request names another of theirs.
    pub organization: Organization,
    /// What they may do there.
    pub role: Role,
}

/// What stands in an access token (specification section 4.6).
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    iat: u64,
    exp: u64,
    scope: String,
    /// The device it belongs to.
    sid: String,
    #[serde(rename = "https://autoretouch.com/selectedOrganization")]
    organization: String,
}

impl Service {
    /// An access token for a device.
    ///
    /// # Errors
    /// When the database is away.
    pub(super) async fn issue_access(&self, device: &RefreshToken) -> Result<AccessToken, StoreError> {
        let keys = self.signing_keys().await?;
        let (name, secret) = &keys.signing;
        let now = u64::try_from(self.now().0 / 1_000).unwrap_or(0);
        let issuer = self.settings().public_url.trim_end_matches('/').to_owned();
        let claims = Claims {
            aud: issuer.clone(),
            iss: issuer,
            sub: device.account_id.to_string(),
            iat: now,
            exp: now + ACCESS_LIFE.as_secs(),
            scope: device.scope.clone(),
            sid: device.id.to_string(),
            organization: device.organization_id.to_string(),
        };
        let header = Header { kid: Some(name.clone()), ..Header::new(Algorithm::ES256) };
        let text = jsonwebtoken::encode(&header, &claims, secret)
            .map_err(|error| StoreError::Corrupt(format!("a token could not be signed: {error}")))?;
        Ok(AccessToken { text, scope: device.scope.clone(), expires_in: ACCESS_LIFE.as_secs() })
    }

    /// Who shows an access token. The audience is not looked at: clients send that of the cloud they came from.
    ///
    /// # Errors
    /// [`AccessError::BadToken`] for everything but a live token of ours; [`AccessError::Unavailable`].
    pub async fn member(&self, token: &str) -> Result<Member, AccessError> {
        let bad = |_| AccessError::BadToken;
        // Only our one algorithm counts, whatever the header says; "none" is no algorithm.
        let header = jsonwebtoken::decode_header(token).map_err(bad)?;
        let name = header.kid.ok_or(AccessError::BadToken)?;
        if header.alg != Algorithm::ES256 {
            return Err(AccessError::BadToken);
        }
        let keys = self.keys_with(&name).await?;
        let key = keys.verifying.get(&name).ok_or(AccessError::BadToken)?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_aud = false;
        // The house has its own clock.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation).map_err(bad)?.claims;
        if u64::try_from(self.now().0 / 1_000).unwrap_or(u64::MAX) >= claims.exp {
            return Err(AccessError::BadToken);
        }
        let device = self.store().live_refresh_token(&RefreshTokenId::from(claims.sid)).await?;
        let device = device.ok_or(AccessError::BadToken)?;
        let account = self.store().account(&device.account_id).await?.ok_or(AccessError::BadToken)?;
        let (organization, role) =
            self.membership(&account, &device.organization_id).await?.ok_or(AccessError::BadToken)?;
        Ok(Member { account, organization, role })
    }

    /// The same person in another of their organizations; nothing when they are no member of it.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn member_of(
        &self,
        member: &Member,
        id: &OrganizationId,
    ) -> Result<Option<Member>, StoreError> {
        let found = self.membership(&member.account, id).await?;
        Ok(found.map(|(organization, role)| Member { account: member.account.clone(), organization, role }))
    }

    pub(super) async fn membership(
        &self,
        account: &Account,
        id: &OrganizationId,
    ) -> Result<Option<(Organization, Role)>, StoreError> {
        let memberships = self.store().organizations_of(&account.id).await?;
        Ok(memberships.into_iter().find(|(organization, _)| organization.id == *id))
    }
}
