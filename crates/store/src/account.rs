//! Accounts: who signs in, and which organizations they belong to.

use serde::Serialize;

use crate::db::{Conn, execute, row, rows, text_column, value};
use crate::{AccountId, Organization, OrganizationId, Store, StoreError, Timestamp};

/// A person or a program that signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Account {
    /// Its name inside.
    pub id: AccountId,
    /// Lower case; unique.
    pub email: String,
    /// An argon2id hash in PHC form; none for an account that cannot sign in.
    #[serde(skip)]
    pub password_hash: Option<String>,
    /// Signs this account's webhooks.
    #[serde(skip)]
    pub hook_secret: String,
    /// True for those who run the house.
    pub operator: bool,
    /// True when it may do nothing any more.
    pub disabled: bool,
    /// Name given.
    pub given_name: Option<String>,
    /// Name of the family.
    pub family_name: Option<String>,
    /// True while its password is one that somebody else chose.
    pub provisional: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a member may do in an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    Admin,
    /// Uploads, jobs, reading.
    Operator,
}

impl Role {
    /// As it is stored and written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
        }
    }

    /// Reads [`Role::as_str`].
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Admin, Self::Operator].into_iter().find(|role| role.as_str() == text)
    }
}

text_column!(Role);

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Made lower case.
    pub email: String,
    /// An argon2id hash in PHC form.
    pub password_hash: Option<String>,
    /// True for those who run the house.
    pub operator: bool,
    /// Where it belongs.
    pub organization: OrganizationId,
    /// What it may do there.
    pub role: Role,
    /// Signs its webhooks.
    pub hook_secret: String,
}

impl NewAccount {
    /// Writes the account and where it belongs.
    pub(crate) async fn insert(self, conn: &mut Conn<'_>, now: Timestamp) -> Result<Account, StoreError> {
        let account = Account {
            id: AccountId::random(),
            email: self.email.to_lowercase(),
            password_hash: self.password_hash,
            hook_secret: self.hook_secret,
            operator: self.operator,
            disabled: false,
            given_name: None,
            family_name: None,
            provisional: false,
            created_at: now,
        };
        execute!(
            conn,
            "INSERT INTO accounts (id, email, password_hash, hook_secret, operator, disabled, turn, created_at)
             VALUES ($1, $2, $3, $4, $5, FALSE, 0, $6)",
            account.id.as_str(),
            &account.email,
            &account.password_hash,
            &account.hook_secret,
            account.operator,
            now.0
        )
        .map_err(|error| error.named("an account with this address"))?;
        execute!(
            conn,
            "INSERT INTO members (organization_id, account_id, role) VALUES ($1, $2, $3)",
            self.organization.as_str(),
            account.id.as_str(),
            self.role.as_str()
        )
        .map_err(|error| match error {
            StoreError::Missing(_) => StoreError::Missing("organization"),
            error => error,
        })?;
        Ok(account)
    }
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    #[sqlx(flatten)]
    organization: Organization,
    role: Role,
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    #[sqlx(flatten)]
    account: Account,
    role: Role,
}

impl Store {
    /// Makes an account that belongs to an organization.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the address is taken, [`StoreError::Missing`] without the organization.
    pub async fn create_account(&self, new: &NewAccount, now: Timestamp) -> Result<Account, StoreError> {
        let new = new.clone();
        self.db.write(move |mut conn| Box::pin(async move { new.insert(&mut conn, now).await })).await
    }

    /// True when nobody has an account yet.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        let mut conn = self.db.read().await?;
        let accounts = value!(i64, &mut conn.conn(), "SELECT COUNT(*) FROM accounts")?;
        Ok(accounts.unwrap_or(0) == 0)
    }

    /// An account by its address, of any case.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn account_by_email(&self, email: &str) -> Result<Option<Account>, StoreError> {
        let mut conn = self.db.read().await?;
        row!(Account, &mut conn.conn(), "SELECT * FROM accounts WHERE email = $1", email.to_lowercase())
    }

    /// An account.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        let mut conn = self.db.read().await?;
        row!(Account, &mut conn.conn(), "SELECT * FROM accounts WHERE id = $1", id.as_str())
    }

    /// All accounts, by address.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(Account, &mut conn.conn(), "SELECT * FROM accounts ORDER BY email")
    }

    /// Where an account belongs, oldest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn organizations_of(
        &self,
        account: &AccountId,
    ) -> Result<Vec<(Organization, Role)>, StoreError> {
        let mut conn = self.db.read().await?;
        let members = rows!(
            MemberRow,
            &mut conn.conn(),
            "SELECT o.*, m.role FROM members m JOIN organizations o ON o.id = m.organization_id
             WHERE m.account_id = $1 ORDER BY o.created_at, o.id",
            account.as_str()
        )?;
        Ok(members.into_iter().map(|member| (member.organization, member.role)).collect())
    }

    /// Who belongs to an organization, in the order they came.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn members(&self, organization: &OrganizationId) -> Result<Vec<(Account, Role)>, StoreError> {
        let mut conn = self.db.read().await?;
        let found = rows!(
            PersonRow,
            &mut conn.conn(),
            "SELECT a.*, m.role FROM members m JOIN accounts a ON a.id = m.account_id
             WHERE m.organization_id = $1 ORDER BY a.created_at, a.id",
            organization.as_str()
        )?;
        Ok(found.into_iter().map(|person| (person.account, person.role)).collect())
    }

    /// Makes an account belong to a further organization, or gives it another role there.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without the account or the organization.
    pub async fn add_member(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
        role: Role,
    ) -> Result<(), StoreError> {
        let (organization, account) = (organization.clone(), account.clone());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(
                        &mut conn,
                        "INSERT INTO members (organization_id, account_id, role) VALUES ($1, $2, $3)
                         ON CONFLICT (organization_id, account_id) DO UPDATE SET role = excluded.role",
                        organization.as_str(),
                        account.as_str(),
                        role.as_str()
                    )
                    .map(drop)
                })
            })
            .await
    }

    /// Gives an account another secret for its webhooks.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without the account.
    pub async fn set_hook_secret(&self, account: &AccountId, secret: &str) -> Result<(), StoreError> {
        let (account, secret) = (account.clone(), secret.to_owned());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let changed = execute!(
                        &mut conn,
                        "UPDATE accounts SET hook_secret = $2 WHERE id = $1",
                        account.as_str(),
                        &secret
                    )?;
                    if changed == 0 { Err(StoreError::Missing("account")) } else { Ok(()) }
                })
            })
            .await
    }
}
