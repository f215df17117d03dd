//! Retouch tokens: long random texts of which only the hash is kept.

use std::time::Duration;

use store::{
    Account, AccountId, NewToken, Organization, OrganizationId, Store, StoreError, Timestamp, Token,
};

use crate::secret::{hash, random_text};
use crate::{Member, Service};

/// How a token begins, so that people and secret scanners recognise it.
const PREFIX: &str = "atelier_";
/// Characters of a token that are kept to tell tokens apart.
const HINT: usize = 4;
/// Longest name of a token in characters.
const LONGEST_NAME: usize = 100;
/// No real token is longer; longer texts are not even hashed.
const LONGEST: usize = 512;
/// How exactly the last use of a token is noted: a write for each request would be a waste.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// Whoever shows a valid token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose token it is.
    pub account: Account,
    /// Who pays.
    pub organization: Organization,
    /// The token.
    pub token: Token,
}

/// Why a token opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// None was given.
    #[error("there is no token: send one")]
    Missing,
    /// It is unknown, revoked, or its account is disabled.
    #[error("the token is unknown or revoked: get a new one")]
    Unknown,
    /// The database is away.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

/// A token that was just made.
#[derive(Clone)]
pub struct IssuedToken {
    /// What is kept.
    pub token: Token,
    /// What its holder shows. Told once, kept nowhere.
    pub text: String,
}

/// Makes a token for an account.
///
/// # Errors
/// When account or organization are missing or the database is away.
pub async fn issue_token(
    store: &Store,
    account: &AccountId,
    organization: &OrganizationId,
    name: &str,
    now: Timestamp,
) -> Result<IssuedToken, StoreError> {
    let text = format!("{PREFIX}{}", random_text());
    let new = NewToken {
        account_id: account.clone(),
        organization_id: organization.clone(),
        name: name.to_owned(),
        hash: hash(&text),
        hint: text[text.len() - HINT..].to_owned(),
    };
    Ok(IssuedToken { token: store.create_token(&new, now).await?, text })
}

impl Service {
    /// Who shows this token. White space and double quotes around it do not count.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn retouch_token(&self, text: &str) -> Result<Caller, TokenError> {
        let text = bare(text);
        if text.is_empty() {
            return Err(TokenError::Missing);
        }
        if text.len() > LONGEST {
            return Err(TokenError::Unknown);
        }
        let holder = self.store().token_holder(&hash(text)).await?.ok_or(TokenError::Unknown)?;
        self.touch(&holder.token);
        Ok(Caller { account: holder.account, organization: holder.organization, token: holder.token })
    }

    /// A person's tokens for the organization they look at, newest first, those that have ended too.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn tokens(&self, member: &Member) -> Result<Vec<Token>, StoreError> {
        let all = self.store().tokens(&member.account.id).await?;
        Ok(all.into_iter().filter(|token| token.organization_id == member.organization.id).collect())
    }

    /// Makes a token for a person, paid for by the organization they look at.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn give_token(&self, member: &Member, name: &str) -> Result<IssuedToken, StoreError> {
        let name: String = name.trim().chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
        let (account, organization) = (&member.account, &member.organization);
        let issued = issue_token(self.store(), &account.id, &organization.id, &name, self.now()).await?;
        self.store()
            .audit(&account.email, "token.create", issued.token.id.as_str(), &name, self.now())
            .await?;
        Ok(issued)
    }

    /// Ends one of a person's tokens; false when it is none of theirs, or has ended before.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn take_token(&self, member: &Member, id: &str) -> Result<bool, StoreError> {
        let Some(token) = self.tokens(member).await?.into_iter().find(|token| token.id.as_str() == id) else {
            return Ok(false);
        };
        let ended = self.store().revoke_token(&token.id, self.now()).await?;
        self.store().audit(&member.account.email, "token.revoke", id, &token.name, self.now()).await?;
        Ok(ended)
    }

    /// Notes the use of a token; nobody waits for it.
    fn touch(&self, token: &Token) {
        let now = self.now();
        if token.last_used_at.is_some_and(|last| now.since(last) < TOUCH_EVERY) {
            return;
        }
        let (store, id) = (self.store().clone(), token.id.clone());
        tokio::spawn(async move {
            if let Err(error) = store.touch_token(&id, now).await {
                tracing::debug!(%error, "the use of a token could not be noted");
            }
        });
    }
}

fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_white_space_around_a_token_do_not_count() {
        assert_eq!(bare(" \"abc\"\r\n"), "abc");
        assert_eq!(bare("\" \""), "");
        assert_eq!(bare("a\"b"), "a\"b");
    }
}
