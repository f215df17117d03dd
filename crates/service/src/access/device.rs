//! The device authorization grant (RFC 8628): a program shows a code, a person confirms it elsewhere.

use std::time::Duration;

use store::{
    Account, DeviceGrant, GrantState, NewDeviceGrant, NewRefreshToken, OrganizationId, RefreshToken,
    StoreError,
};

use super::{AccessError, AccessToken, Member};
use crate::Service;
use crate::secret::{hash, random_text};

/// How long a code may be confirmed.
const CODE_LIFE: Duration = Duration::from_secs(900);
/// How often a program should ask.
const INTERVAL: Duration = Duration::from_secs(5);
/// Asking so much too soon is forgiven: clocks and networks are not exact.
const JITTER: Duration = Duration::from_secs(1);
/// Letters of user codes: none that look or sound alike, no vowels that make words.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters in each half of a user code; 20^8 codes.
const HALF: usize = 4;

/// What a program is told when it asks to be let in.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceStart {
    /// The program's secret.
    pub device_code: String,
    /// What the person sees.
    pub user_code: String,
    /// Seconds until both are void.
    pub expires_in: u64,
    /// Seconds between questions.
    pub interval: u64,
}

/// What a program gets when it has been confirmed.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceTokens {
    /// For the next day.
    pub access: AccessToken,
    /// For getting more of them, until it is revoked.
    pub refresh: String,
}

impl Service {
    /// A program asks to be let in.
    ///
    /// # Errors
    /// [`AccessError::UnknownClient`], [`AccessError::Unavailable`].
    pub async fn begin_device(&self, client: &str, scope: &str) -> Result<DeviceStart, AccessError> {
        self.check_client(client)?;
        let now = self.now();
        loop {
            let start = DeviceStart {
                device_code: random_text(),
                user_code: random_user_code(),
                expires_in: CODE_LIFE.as_secs(),
                interval: INTERVAL.as_secs(),
            };
            let grant = NewDeviceGrant {
                device_hash: hash(&start.device_code),
                user_code: start.user_code.clone(),
                client_id: client.to_owned(),
                scope: scope.to_owned(),
                expires_at: now.plus(CODE_LIFE),
            };
            match self.store().create_grant(&grant, now).await {
                // Somebody has this code just now.
                Err(StoreError::Conflict(_)) => {}
                other => return other.map(|()| start).map_err(AccessError::from),
            }
        }
    }

    /// A program asks whether it has been confirmed; if so it gets its tokens, once.
    ///
    /// # Errors
    /// See [`AccessError`]. Asking too soon is an error only while nobody has decided, and never lengthens the interval.
    pub async fn poll_device(&self, client: &str, device_code: &str) -> Result<DeviceTokens, AccessError> {
        self.check_client(client)?;
        let (now, device_hash) = (self.now(), hash(device_code));
        let grant = self.store().poll_grant(&device_hash, now).await?.ok_or(AccessError::InvalidGrant)?;
        if grant.client_id != client {
            return Err(AccessError::InvalidGrant);
        }
        match grant.state {
            GrantState::Exchanged => return Err(AccessError::InvalidGrant),
            _ if now >= grant.expires_at => return Err(AccessError::Expired),
            GrantState::Declined => return Err(AccessError::Declined),
            GrantState::Pending if now.since(grant.polled_at) < INTERVAL.saturating_sub(JITTER) => {
                return Err(AccessError::SlowDown);
            }
            GrantState::Pending => return Err(AccessError::Pending),
            GrantState::Approved => {}
        }
        let refresh = random_text();
        let device = self.store().exchange_grant(&device_hash, hash(&refresh), now).await?;
        let device = device.ok_or(AccessError::InvalidGrant)?;
        self.note_device(&device.account_id, "device.let_in", &device.client_id).await;
        Ok(DeviceTokens { access: self.issue_access(&device).await?, refresh })
    }

    /// Another access token for a device. The refresh token stays as it is: a published client breaks on a new one.
    ///
    /// # Errors
    /// [`AccessError::InvalidGrant`] when the token is unknown or revoked.
    pub async fn refresh(&self, client: &str, refresh: &str) -> Result<AccessToken, AccessError> {
        self.check_client(client)?;
        let device = self.store().use_refresh_token(&hash(refresh), self.now()).await?;
        match device {
            Some(device) if device.client_id == client => Ok(self.issue_access(&device).await?),
            _ => Err(AccessError::InvalidGrant),
        }
    }

    /// Puts a device out, its access tokens too. Fine when it is out already.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn revoke(&self, refresh: &str) -> Result<(), StoreError> {
        self.store().revoke_refresh_token(&hash(refresh), self.now()).await.map(drop)
    }

    /// Makes a named device without a device flow; gives its refresh token, told once.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn add_device(
        &self,
        account: &Account,
        organization: &OrganizationId,
        client: &str,
        name: &str,
    ) -> Result<String, StoreError> {
        let refresh = random_text();
        let new = NewRefreshToken {
            hash: hash(&refresh),
            account_id: account.id.clone(),
            organization_id: organization.clone(),
            client_id: client.to_owned(),
            scope: "offline_access".to_owned(),
            name: name.to_owned(),
        };
        self.store().create_refresh_token(&new, self.now()).await?;
        self.note_device(&account.id, "device.add", name).await;
        Ok(refresh)
    }

    /// A person's devices for the organization they look at, newest first, those that are out too.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn devices(&self, member: &Member) -> Result<Vec<RefreshToken>, StoreError> {
        let all = self.store().refresh_tokens(&member.account.id).await?;
        Ok(all.into_iter().filter(|device| device.organization_id == member.organization.id).collect())
    }

    /// Puts one of a person's devices out; false when it is none of theirs, or is out already.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn put_out(&self, member: &Member, id: &str) -> Result<bool, StoreError> {
        let Some(device) = self.devices(member).await?.into_iter().find(|device| device.id.as_str() == id)
        else {
            return Ok(false);
        };
        let is_out = self.store().revoke_device(&member.account.id, &device.id, self.now()).await?;
        self.note_device(&member.account.id, "device.revoke", &device.name).await;
        Ok(is_out)
    }

    /// The request behind what a person typed, if it can still be decided. `who` is counted for wrong codes.
    ///
    /// # Errors
    /// [`AccessError::TooManyTries`] after many wrong codes.
    pub async fn device_request(&self, typed: &str, who: &str) -> Result<Option<DeviceGrant>, AccessError> {
        let now = self.now();
        if self.code_throttle().is_shut(who, now) {
            return Err(AccessError::TooManyTries);
        }
        let found = match user_code(typed) {
            Some(code) => self.store().grant_by_user_code(&code).await?,
            None => None,
        };
        let open = found.filter(|grant| grant.state == GrantState::Pending && now < grant.expires_at);
        match &open {
            Some(_) => self.code_throttle().succeeded(who),
            None => self.code_throttle().failed(who, now),
        }
        Ok(open)
    }

    /// A person confirms a request for one of their organizations, or declines it; false when it is too late.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn decide_device(
        &self,
        grant: &DeviceGrant,
        account: &Account,
        approve_for: Option<&OrganizationId>,
    ) -> Result<bool, StoreError> {
        let who = approve_for.map(|organization| (&account.id, organization));
        let decided = self.store().decide_grant(&grant.user_code, who, self.now()).await?;
        if decided {
            let action = if approve_for.is_some() { "device.approve" } else { "device.decline" };
            self.note_device(&account.id, action, &grant.client_id).await;
        }
        Ok(decided)
    }

    fn check_client(&self, client: &str) -> Result<(), AccessError> {
        let known = self.settings().clients.iter().any(|known| known == client);
        if known { Ok(()) } else { Err(AccessError::UnknownClient) }
    }

    /// The audit log is not worth failing for.
    async fn note_device(&self, account: &store::AccountId, action: &str, client: &str) {
        if let Err(error) = self.store().audit(account.as_str(), action, client, "", self.now()).await {
            tracing::warn!(%error, action, "could not be noted in the audit log");
        }
    }
}

fn random_user_code() -> String {
    let draw = || {
        // 20 divides 240: drawing again above keeps every letter equally likely.
        loop {
            let byte: u8 = rand::random();
            if byte < 240 {
                return char::from(LETTERS[usize::from(byte % 20)]);
            }
        }
    };
    let half = || (0..HALF).map(|_| draw()).collect::<String>();
    format!("{}-{}", half(), half())
}

/// What a person typed, as a user code: case, spaces and dashes do not count.
fn user_code(typed: &str) -> Option<String> {
    let letters: String =
        typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    let ours = letters.len() == 2 * HALF && letters.bytes().all(|byte| LETTERS.contains(&byte));
    ours.then(|| format!("{}-{}", &letters[..HALF], &letters[HALF..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_codes_are_read_as_people_type_them() {
        let code = random_user_code();
        assert_eq!(code.len(), 9);
        assert_eq!(user_code(&code), Some(code.clone()));
        assert_eq!(user_code(&format!(" {} ", code.to_lowercase().replace('-', " "))), Some(code));
        for wrong in ["", "BCDF", "BCDF-GHJA", "BCDF-GHJKL", "ÄÖÜß-BCDF"] {
            assert_eq!(user_code(wrong), None, "{wrong}");
        }
    }
}
