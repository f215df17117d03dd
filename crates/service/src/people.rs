//! Who belongs where, and what admins change about it.

use store::{
    Account, AccountChange, AccountId, MemberChange, Organization, Role, Store, StoreError, Timestamp,
};

use crate::secret::random_password;
use crate::{AccountError, Member, NewPerson, Service, create_account};

/// Longest name of an organization in characters.
const LONGEST_NAME: usize = 100;

/// Why an organization or its members stay as they were.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// Only admins may.
    #[error("only an admin of the organization may do this")]
    NotAdmin,
    /// They are no member.
    #[error("this person is no member of the organization any more")]
    NoMember,
    /// Somebody must stay who may.
    #[error("this is the last admin: make somebody else an admin first")]
    LastAdmin,
    /// They are in already.
    #[error("this person is a member already")]
    IsMember,
    /// No name, or a very long one.
    #[error("an organization needs a name of at most {LONGEST_NAME} characters")]
    BadName,
    /// Another organization has the name.
    #[error("another organization has this name: choose another")]
    NameTaken,
    /// The account cannot be made.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database is away.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for PeopleError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(_) => Self::NameTaken,
            error => Self::Store(error),
        }
    }
}

/// Somebody who was let into an organization.
#[derive(Clone)]
pub struct Admitted {
    /// Who.
    pub account: Account,
    /// The password to hand over, when the account was made for this. Told once, kept nowhere.
    pub password: Option<String>,
}

/// A name as organizations have it.
pub(crate) fn organization_name(text: &str) -> Result<String, PeopleError> {
    let name: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(PeopleError::BadName);
    }
    Ok(name)
}

/// Makes an account with a password that its owner is to change; gives both.
///
/// # Errors
/// See [`AccountError`].
pub(crate) async fn make_with_password(
    store: &Store,
    person: NewPerson,
    now: Timestamp,
) -> Result<(Account, String), AccountError> {
    let password = random_password();
    let account =
        create_account(store, NewPerson { password: Some(password.clone()), ..person }, now).await?;
    let hash = account.password_hash.clone().unwrap_or_default();
    let change = AccountChange { password: Some((hash, true)), ..AccountChange::default() };
    Ok((store.change_account(&account.id, &change).await?, password))
}

impl Service {
    /// The organizations of an account and its roles there, oldest first.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn memberships(&self, account: &Account) -> Result<Vec<(Organization, Role)>, StoreError> {
        self.store().organizations_of(&account.id).await
    }

    /// The people of an organization and their roles in it.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn people(&self, organization: &Organization) -> Result<Vec<(Account, Role)>, StoreError> {
        self.store().members(&organization.id).await
    }

    /// Who has this account.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn person(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        self.store().account(id).await
    }

    /// An admin gives the organization another name.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn rename_organization(&self, admin: &Member, name: &str) -> Result<(), PeopleError> {
        must_be_admin(admin)?;
        let name = organization_name(name)?;
        self.store().rename_organization(&admin.organization.id, &name).await?;
        self.note_people(admin, "organization.rename", &admin.organization.name, &name).await
    }

    /// An admin lets somebody in: whoever has this address, or a new account with a password to hand over.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn admit(&self, admin: &Member, email: &str, role: Role) -> Result<Admitted, PeopleError> {
        must_be_admin(admin)?;
        let organization = &admin.organization;
        if let Some(account) = self.store().account_by_email(email.trim()).await? {
            if self.store().role_in(&organization.id, &account.id).await?.is_some() {
                return Err(PeopleError::IsMember);
            }
            self.store().add_member(&organization.id, &account.id, role).await?;
            self.note_people(admin, "member.add", &account.email, role.as_str()).await?;
            return Ok(Admitted { account, password: None });
        }
        let person = NewPerson {
            email: email.to_owned(),
            password: None,
            operator: false,
            organization: organization.id.clone(),
            role,
        };
        let (account, password) = make_with_password(self.store(), person, self.now()).await?;
        self.note_people(admin, "account.create", &account.email, role.as_str()).await?;
        Ok(Admitted { account, password: Some(password) })
    }

    /// An admin gives a member another role.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn give_role(&self, admin: &Member, id: &AccountId, role: Role) -> Result<(), PeopleError> {
        must_be_admin(admin)?;
        settled(self.store().set_role(&admin.organization.id, id, role).await?)?;
        self.note_people(admin, "member.role", id.as_str(), role.as_str()).await
    }

    /// An admin takes somebody out of the organization; their tokens, devices and sessions there end. Who is no admin
    /// may leave by themselves.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn dismiss(&self, member: &Member, id: &AccountId) -> Result<(), PeopleError> {
        if member.account.id != *id {
            must_be_admin(member)?;
        }
        settled(self.store().remove_member(&member.organization.id, id, self.now()).await?)?;
        self.note_people(member, "member.remove", id.as_str(), "").await
    }

    async fn note_people(
        &self,
        member: &Member,
        action: &str,
        target: &str,
        detail: &str,
    ) -> Result<(), PeopleError> {
        let detail = format!("{}: {detail}", member.organization.name);
        Ok(self.store().audit(&member.account.email, action, target, &detail, self.now()).await?)
    }
}

fn must_be_admin(member: &Member) -> Result<(), PeopleError> {
    if member.role == Role::Admin { Ok(()) } else { Err(PeopleError::NotAdmin) }
}

fn settled(change: MemberChange) -> Result<(), PeopleError> {
    match change {
        MemberChange::Done => Ok(()),
        MemberChange::NoMember => Err(PeopleError::NoMember),
        MemberChange::LastAdmin => Err(PeopleError::LastAdmin),
    }
}
