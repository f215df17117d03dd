//! `/studio/operator/accounts`: who may sign in, and what to each.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use service::{Account, AccountId, NewPerson, Organization, OrganizationId, Role, StewardError};

use super::{said, show, steward};
use crate::account::{Said, choice, time_or_dash};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{SignedForm, see_other};
use crate::visitor::{Operator, Visitor};
use crate::widget::{badge, form_token, time};
use crate::words::{account, operator as words, profile};

const HOME: &str = "/studio/operator/accounts";

pub fn routes() -> Router<Desk> {
    Router::new()
        .route("/studio/operator/accounts", get(accounts).post(create))
        .route("/studio/operator/accounts/{id}", get(single))
        .route("/studio/operator/accounts/{id}/disabled", post(set_disabled))
        .route("/studio/operator/accounts/{id}/operator", post(set_operator))
        .route("/studio/operator/accounts/{id}/password", post(reset_password))
        .route("/studio/operator/accounts/{id}/member", post(add_member))
        .route("/studio/operator/accounts/{id}/leave", post(remove_member))
}

async fn accounts(State(desk): State<Desk>, Operator(visitor): Operator) -> Result<Response, Failure> {
    show_all(&desk, &visitor, &Said::default()).await
}

async fn create(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let steward = steward(&desk, &form.visitor)?;
    let fields = &form.fields;
    let made = async {
        let (organization, _) = steward.organization(fields.get("organization").unwrap_or_default()).await?;
        let person = NewPerson {
            email: fields.get("email").unwrap_or_default().to_owned(),
            password: None,
            operator: fields.is_set("operator"),
            organization: organization.id.clone(),
            role: role(&form),
        };
        steward.create_account_with_password(person, &organization).await
    };
    match made.await {
        Ok((account, password)) => {
            let secrets = vec![(words::THEIR_EMAIL, account.email), (words::THEIR_PASSWORD, password)];
            show_all(&desk, &form.visitor, &Said { secrets, ..Said::default() }).await
        }
        Err(trouble) => show_all(&desk, &form.visitor, &said(trouble)?).await,
    }
}

fn role(form: &SignedForm) -> Role {
    form.fields.get("role").and_then(Role::from_text).unwrap_or(Role::Operator)
}

async fn show_all(desk: &Desk, visitor: &Visitor, said: &Said) -> Result<Response, Failure> {
    let store = desk.service().store();
    let accounts = store.accounts().await?;
    let organizations = store.organizations().await?;
    let mut rows = Vec::with_capacity(accounts.len());
    for account in accounts {
        let places = desk.service().memberships(&account).await?;
        rows.push((account, places));
    }
    let content = html! {
        section .panel aria-labelledby="create" {
            h2 #create { (words::CREATE) }
            p .soft { (words::CREATE_TEXT) }
            form .row.end method="post" action=(HOME) {
                (form_token(visitor))
                label .grow { (words::EMAIL) input name="email" type="email" required autocomplete="off"; }
                label .grow { (words::ORGANIZATION) input name="organization" list="organizations" required maxlength="100"; }
                datalist #organizations { @for one in &organizations { option value=(one.name) {} } }
                (choice("role", words::ROLE, &[("admin", profile::role(Role::Admin)), ("operator", profile::role(Role::Operator))], None))
                label .check { input type="checkbox" name="operator" value="yes"; " " (words::RUNS_HOUSE) }
                button .main { (words::CREATE_BUTTON) }
            }
        }
        div .scroll tabindex="0" role="group" aria-label=(words::ACCOUNTS) {
            table {
                thead { tr { th { (words::ACCOUNT) } th { (words::ORGANIZATIONS) } th { (account::STATE) } th { (account::CREATED) } } }
                tbody { @for (one, places) in &rows {
                    tr .gone[one.disabled] {
                        td { a href=(format!("{HOME}/{}", one.id)) { (one.email) } }
                        td { (places.iter().map(|(place, role)| format!("{} ({})", place.name, profile::role(*role))).collect::<Vec<_>>().join(", ")) }
                        td { (badges(one)) }
                        td { (time(one.created_at)) }
                    }
                } }
            }
        }
    };
    Ok(show(visitor, words::ACCOUNTS, said, &content))
}

fn badges(one: &Account) -> Markup {
    html! {
        @if one.disabled { (badge("bad", words::DISABLED)) } @else { (badge("good", words::ENABLED)) }
        @if one.operator { " " (badge("busy", words::RUNS_HOUSE_BADGE)) }
        @if one.provisional { " " (badge("warn", words::PROVISIONAL)) }
    }
}

async fn account_of(desk: &Desk, id: String) -> Result<Account, Failure> {
    desk.service().person(&AccountId::from(id)).await?.ok_or_else(Failure::not_found)
}

async fn single(
    State(desk): State<Desk>,
    Operator(visitor): Operator,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let one = account_of(&desk, id).await?;
    show_one(&desk, &visitor, &one, &Said::default()).await
}

async fn show_one(desk: &Desk, visitor: &Visitor, one: &Account, said: &Said) -> Result<Response, Failure> {
    let store = desk.service().store();
    let places = desk.service().memberships(one).await?;
    let tokens = store.tokens(&one.id).await?;
    let live = tokens.iter().filter(|token| token.revoked_at.is_none()).count();
    let used = tokens.iter().filter_map(|token| token.last_used_at).max();
    let sessions = store.sessions_of(&one.id, desk.service().now()).await?.len();
    let organizations = store.organizations().await?;
    let content = html! {
        p { a href=(HOME) { (words::ALL_ACCOUNTS) } }
        section .panel aria-labelledby="account" {
            h2 #account { (badges(one)) }
            dl .facts {
                dt { (account::CREATED) } dd { (time(one.created_at)) }
                dt { (words::TOKENS) } dd { (live) ", " (words::USED_LAST) " " (time_or_dash(used)) }
                dt { (words::SESSIONS) } dd { (sessions) }
            }
            div .row { (switches(visitor, one)) }
        }
        (memberships(visitor, one, &places, &organizations))
    };
    Ok(show(visitor, &one.email, said, &content))
}

fn switches(visitor: &Visitor, one: &Account) -> Markup {
    let path = |deed: &str| format!("{HOME}/{}/{deed}", one.id);
    html! {
        form method="post" action=(path("disabled")) data-confirm=[(!one.disabled).then(|| words::confirm_disable(&one.email))] {
            (form_token(visitor))
            @if !one.disabled { input type="hidden" name="wanted" value="yes"; }
            button .danger[!one.disabled] { (if one.disabled { words::ENABLE } else { words::DISABLE }) }
        }
        form method="post" action=(path("operator")) {
            (form_token(visitor))
            @if !one.operator { input type="hidden" name="wanted" value="yes"; }
            button { (if one.operator { words::NO_OPERATOR } else { words::MAKE_OPERATOR }) }
        }
        form method="post" action=(path("password")) data-confirm=(words::confirm_password(&one.email)) {
            (form_token(visitor))
            button { (words::RESET_PASSWORD) }
        }
    }
}

fn memberships(
    visitor: &Visitor,
    one: &Account,
    places: &[(Organization, Role)],
    organizations: &[Organization],
) -> Markup {
    html! {
        section .panel aria-labelledby="places" {
            h2 #places { (words::ORGANIZATIONS) }
            ul .plain-list { @for (place, role) in places {
                li {
                    span .grow { (place.name) " " span .soft { (profile::role(*role)) } }
                    form method="post" action=(format!("{HOME}/{}/leave", one.id)) {
                        (form_token(visitor))
                        input type="hidden" name="organization" value=(place.id);
                        button .small aria-label=(words::take_out(&one.email, &place.name)) { (words::TAKE_OUT) }
                    }
                }
            } }
            form .row.end method="post" action=(format!("{HOME}/{}/member", one.id)) {
                (form_token(visitor))
                label .grow { (words::ORGANIZATION)
                    select name="organization" { @for place in organizations { option value=(place.id) { (place.name) } } }
                }
                (choice("role", words::ROLE, &[("operator", profile::role(Role::Operator)), ("admin", profile::role(Role::Admin))], None))
                button { (words::SET_MEMBER) }
            }
        }
    }
}

async fn set_disabled(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    form: SignedForm,
) -> Result<Response, Failure> {
    let steward = steward(&desk, &form.visitor)?;
    let one = account_of(&desk, id).await?;
    let wanted = form.fields.is_set("wanted");
    let done = steward.set_disabled(&one, wanted).await;
    settled(&desk, &form, &one, done, if wanted { "account-disabled" } else { "account-enabled" }).await
}

async fn set_operator(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    form: SignedForm,
) -> Result<Response, Failure> {
    let steward = steward(&desk, &form.visitor)?;
    let one = account_of(&desk, id).await?;
    let done = steward.set_operator(&one, form.fields.is_set("wanted")).await;
    settled(&desk, &form, &one, done, "account-operator").await
}

async fn reset_password(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    form: SignedForm,
) -> Result<Response, Failure> {
    let steward = steward(&desk, &form.visitor)?;
    let one = account_of(&desk, id).await?;
    let said = match steward.reset_password(&one).await {
        Ok(password) => Said::secret(words::THEIR_PASSWORD, password),
        Err(trouble) => said(trouble)?,
    };
    let one = account_of(&desk, one.id.to_string()).await?;
    show_one(&desk, &form.visitor, &one, &said).await
}

async fn organization_of(desk: &Desk, form: &SignedForm) -> Result<Organization, Failure> {
    let id = OrganizationId::from(form.fields.get("organization").unwrap_or_default());
    desk.service().store().organization(&id).await?.ok_or_else(Failure::not_found)
}

async fn add_member(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    form: SignedForm,
) -> Result<Response, Failure> {
    let steward = steward(&desk, &form.visitor)?;
    let (one, organization) = (account_of(&desk, id).await?, organization_of(&desk, &form).await?);
    let done = steward.add_member(&one, &organization, role(&form)).await;
    settled(&desk, &form, &one, done, "role").await
}

async fn remove_member(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    form: SignedForm,
) -> Result<Response, Failure> {
    let steward = steward(&desk, &form.visitor)?;
    let (one, organization) = (account_of(&desk, id).await?, organization_of(&desk, &form).await?);
    let done = steward.remove_member(&one, &organization).await;
    settled(&desk, &form, &one, done, "member-removed").await
}

async fn settled(
    desk: &Desk,
    form: &SignedForm,
    one: &Account,
    done: Result<(), StewardError>,
    notice: &str,
) -> Result<Response, Failure> {
    match done {
        Ok(()) => Ok(see_other(&format!("{HOME}/{}?notice={notice}", one.id))),
        Err(trouble) => show_one(desk, &form.visitor, one, &said(trouble)?).await,
    }
}
