//! What those do who run the house, at the command line or at the studio's pages. Everything done is in the audit log.

use std::time::Duration;

use store::{
    Account, AccountChange, Delivery, Job, MemberChange, NewOrganization, Organization, OrganizationChange,
    Restart, Restarted, Role, Store, StoreError, Timestamp,
};

use crate::people::{make_with_password, organization_name};
use crate::secret::random_password;
use crate::{
    AccountError, DraftError, Member, NewPerson, PeopleError, Service, Settings, Voices, add_credits,
    cancel_job, create_account, hash_password, new_hook_secret, seed_workflows,
};

/// Somebody who runs the house, at work.
#[derive(Clone, Copy)]
pub struct Steward<'a> {
    store: &'a Store,
    actor: &'a str,
    now: Timestamp,
}

/// Why a steward's deed is not done.
#[derive(Debug, thiserror::Error)]
pub enum StewardError {
    /// Not a host.
    #[error("{0:?} is no host; write the name alone, like hooks.example.org or *.example.org")]
    NoHost(String),
    /// The house must keep somebody who runs it.
    #[error("this is the last account that runs the house: give another one the right first")]
    LastOperator,
    /// The name of an organization cannot be used, or its last admin would go.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The account cannot be made or changed.
    #[error(transparent)]
    Account(AccountError),
    /// The database is away, or what is meant is not there.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AccountError> for StewardError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Store(error) => Self::Store(error),
            error => Self::Account(error),
        }
    }
}

impl From<DraftError> for StewardError {
    fn from(error: DraftError) -> Self {
        match error {
            DraftError::Store(error) => Self::Store(error),
            error => Self::Store(StoreError::Corrupt(error.to_string())),
        }
    }
}

impl Service {
    /// What a person may do who runs the house; nothing for everybody else.
    pub fn steward<'a>(&'a self, member: &'a Member) -> Option<Steward<'a>> {
        let account = &member.account;
        account.operator.then(|| Steward::new(self.store(), &account.email, self.now()))
    }
}

impl<'a> Steward<'a> {
    /// Whoever has the house's database in hand. `actor` is how the audit log calls them.
    pub fn new(store: &'a Store, actor: &'a str, now: Timestamp) -> Self {
        Self { store, actor, now }
    }

    /// Allows a host, or changes what it is allowed; gives it as it is kept.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn allow_host(&self, host: &str, private: bool) -> Result<String, StewardError> {
        let host = pattern(host)?;
        self.store.allow_host(&host, private, self.actor, self.now).await?;
        self.note("hook-host.allow", &host, if private { "private" } else { "" }).await?;
        Ok(host)
    }

    /// Takes a host off the list; false when it was not on it.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn forbid_host(&self, host: &str) -> Result<bool, StewardError> {
        let host = pattern(host)?;
        let was_there = self.store.forbid_host(&host).await?;
        if was_there {
            self.note("hook-host.forbid", &host, "").await?;
        }
        Ok(was_there)
    }

    /// Makes an organization.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn create_organization(&self, new: &NewOrganization) -> Result<Organization, StewardError> {
        let name = organization_name(&new.name)?;
        let made = self.store.create_organization(&NewOrganization { name, ..new.clone() }, self.now).await;
        let made = made.map_err(PeopleError::from)?;
        let means = OrganizationChange {
            unmetered: Some(made.unmetered).filter(|unmetered| *unmetered),
            daily_allowance: made.daily_allowance.map(Some),
            priority: Some(made.priority).filter(|priority| *priority != 0),
        };
        self.note("organization.create", &made.name, &described(&means)).await?;
        Ok(made)
    }

    /// The organization of this name, made when it is missing; true when it was.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn organization(&self, name: &str) -> Result<(Organization, bool), StewardError> {
        if let Some(found) = self.store.organization_named(name.trim()).await? {
            return Ok((found, false));
        }
        let new =
            NewOrganization { name: name.to_owned(), unmetered: false, daily_allowance: None, priority: 0 };
        Ok((self.create_organization(&new).await?, true))
    }

    /// Changes what an organization may have.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn set_organization(
        &self,
        organization: &Organization,
        change: &OrganizationChange,
    ) -> Result<(), StewardError> {
        self.store.set_organization(&organization.id, change).await?;
        self.note("organization.set", &organization.name, &described(change)).await
    }

    /// Gives credits, or takes them when `amount` is below zero; gives the balance.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn add_credits(
        &self,
        organization: &Organization,
        amount: i64,
        note: &str,
    ) -> Result<i64, StewardError> {
        Ok(add_credits(self.store, &organization.id, amount, note, self.actor, self.now).await?)
    }

    /// Makes an account, with the workflows everybody begins with for its organization.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn create_account(
        &self,
        person: NewPerson,
        organization: &Organization,
    ) -> Result<Account, StewardError> {
        let role = person.role;
        let account = create_account(self.store, person, self.now).await?;
        self.welcome(&account, role, organization).await?;
        Ok(account)
    }

    /// As [`Steward::create_account`], with a password to hand over, which is given too.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn create_account_with_password(
        &self,
        person: NewPerson,
        organization: &Organization,
    ) -> Result<(Account, String), StewardError> {
        let role = person.role;
        let (account, password) = make_with_password(self.store, person, self.now).await?;
        self.welcome(&account, role, organization).await?;
        Ok((account, password))
    }

    async fn welcome(
        &self,
        account: &Account,
        role: Role,
        organization: &Organization,
    ) -> Result<(), StewardError> {
        seed_workflows(self.store, &organization.id, account, self.now).await?;
        let detail = format!("{} in {}", role.as_str(), organization.name);
        self.note("account.create", &account.email, &detail).await
    }

    /// Lets an account do nothing any more, or everything again. Its sessions end; its tokens and devices sleep.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn set_disabled(&self, account: &Account, disabled: bool) -> Result<(), StewardError> {
        if disabled && !account.disabled && account.operator && self.store.count_operators().await? < 2 {
            return Err(StewardError::LastOperator);
        }
        let change = AccountChange { disabled: Some(disabled), ..AccountChange::default() };
        self.store.change_account(&account.id, &change).await?;
        if disabled {
            self.store.end_other_sessions(&account.id, None).await?;
        }
        let action = if disabled { "account.disable" } else { "account.enable" };
        self.note(action, &account.email, "").await
    }

    /// Lets an account run the house, or not any more.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn set_operator(&self, account: &Account, operator: bool) -> Result<(), StewardError> {
        if !operator && account.operator && !account.disabled && self.store.count_operators().await? < 2 {
            return Err(StewardError::LastOperator);
        }
        let change = AccountChange { operator: Some(operator), ..AccountChange::default() };
        self.store.change_account(&account.id, &change).await?;
        let detail = if operator { "runs the house" } else { "does not run the house" };
        self.note("account.operator", &account.email, detail).await
    }

    /// Gives an account a password to hand over, and ends its sessions.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn reset_password(&self, account: &Account) -> Result<String, StewardError> {
        let password = random_password();
        let hash = hash_password(&password).await?;
        let change = AccountChange { password: Some((hash, true)), ..AccountChange::default() };
        self.store.change_account(&account.id, &change).await?;
        self.store.end_other_sessions(&account.id, None).await?;
        self.note("account.password", &account.email, "reset").await?;
        Ok(password)
    }

    /// Makes an account a member of an organization, or gives it another role there.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn add_member(
        &self,
        account: &Account,
        organization: &Organization,
        role: Role,
    ) -> Result<(), StewardError> {
        match self.store.role_in(&organization.id, &account.id).await? {
            None => self.store.add_member(&organization.id, &account.id, role).await?,
            Some(_) => settled(self.store.set_role(&organization.id, &account.id, role).await?)?,
        }
        self.note("member.add", &account.email, &format!("{} in {}", role.as_str(), organization.name)).await
    }

    /// Takes an account out of an organization; its tokens, devices and sessions there end.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn remove_member(
        &self,
        account: &Account,
        organization: &Organization,
    ) -> Result<(), StewardError> {
        settled(self.store.remove_member(&organization.id, &account.id, self.now).await?)?;
        self.note("member.remove", &account.email, &organization.name).await
    }

    /// Gives an account another secret for its webhooks.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn renew_hook_secret(&self, account: &Account) -> Result<String, StewardError> {
        let secret = new_hook_secret();
        self.store.set_hook_secret(&account.id, &secret).await?;
        self.note("hook-secret.renew", &account.email, "").await?;
        Ok(secret)
    }

    /// Begins a failed or cancelled job anew, charged again, its files kept for `keep` at least; false when it cannot
    /// be.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn retry(&self, job: &Job, keep: Duration) -> Result<bool, StewardError> {
        let restart = Restart {
            expires_at: self.now.plus(keep),
            // Whoever runs the house sets the allowance, and may grant one job more.
            heeds_allowance: false,
            when_unpaid: Vec::new(),
        };
        let again = self.store.retry(&job.id, restart, self.now).await? == Restarted::Again;
        if again {
            self.note("job.retry", job.id.as_str(), "").await?;
        }
        Ok(again)
    }

    /// Calls a job off, and tells whoever wanted to be told; false when it has ended already.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn cancel(
        &self,
        job: &Job,
        settings: &Settings,
        voices: &Voices,
    ) -> Result<bool, StewardError> {
        if job.state.is_final() {
            return Ok(false);
        }
        cancel_job(self.store, settings, voices, &job.id, self.now).await?;
        self.note("job.cancel", job.id.as_str(), "").await?;
        Ok(true)
    }

    /// Sends a message once more.
    ///
    /// # Errors
    /// See [`StewardError`].
    pub async fn resend(&self, delivery: &Delivery) -> Result<bool, StewardError> {
        let sent = self.store.resend(&delivery.id, self.now).await?;
        self.note("delivery.resend", delivery.id.as_str(), "").await?;
        Ok(sent)
    }

    async fn note(&self, action: &str, target: &str, detail: &str) -> Result<(), StewardError> {
        Ok(self.store.audit(self.actor, action, target, detail, self.now).await?)
    }
}

fn settled(change: MemberChange) -> Result<(), StewardError> {
    match change {
        MemberChange::Done => Ok(()),
        MemberChange::NoMember => Err(PeopleError::NoMember.into()),
        MemberChange::LastAdmin => Err(PeopleError::LastAdmin.into()),
    }
}

/// A change in words, for the audit log.
fn described(change: &OrganizationChange) -> String {
    let parts = [
        change.daily_allowance.map(|daily| {
            daily.map_or("daily allowance none".to_owned(), |count| format!("daily allowance {count}"))
        }),
        change.unmetered.map(|unmetered| format!("unmetered {unmetered}")),
        change.priority.map(|priority| format!("priority {priority}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A host name or `*.` and a domain, in lower case. An address is a host too.
fn pattern(text: &str) -> Result<String, StewardError> {
    let text = text.trim().trim_end_matches('.').to_lowercase();
    let name = text.strip_prefix("*.").unwrap_or(&text);
    let fits = |letter: char| letter.is_alphanumeric() || "-._:[]".contains(letter);
    // A port is no part of a host: an entry with one would fit no address.
    let is_v6 = name.trim_matches(['[', ']']).parse::<std::net::Ipv6Addr>().is_ok();
    let has_port = !is_v6 && name.contains([':', '[', ']']);
    if name.is_empty() || name.contains("..") || has_port || !name.chars().all(fits) {
        return Err(StewardError::NoHost(text));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_alone() {
        for (text, host) in [
            ("Hooks.Example.org", "hooks.example.org"),
            ("*.example.org", "*.example.org"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
            ("[fd00::7]", "[fd00::7]"),
        ] {
            assert_eq!(pattern(text).ok().as_deref(), Some(host));
        }
        for text in [
            "",
            "*.",
            "https://example.org",
            "example.org/path",
            "a b",
            "a*b",
            "*",
            "127.0.0.1:80",
            "[::1]:80",
        ] {
            assert!(pattern(text).is_err(), "{text}");
        }
    }

    #[test]
    fn changes_are_told_in_words() {
        let change =
            OrganizationChange { unmetered: Some(true), daily_allowance: Some(None), priority: None };
        assert_eq!(described(&change), "daily allowance none, unmetered true");
        assert_eq!(described(&OrganizationChange::default()), "");
    }
}
