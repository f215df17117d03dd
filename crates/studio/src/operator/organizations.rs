//! `/studio/operator/organizations`: who pays, and how much of the machine each may have.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use service::{NewOrganization, Organization, OrganizationChange, OrganizationId, Standing};

use super::{said, show, steward};
use crate::account::Said;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{Fields, SignedForm, see_other};
use crate::visitor::{Operator, Visitor};
use crate::widget::form_token;
use crate::words::{account, operator as words};

const HOME: &str = "/studio/operator/organizations";

pub fn routes() -> Router<Desk> {
    Router::new()
        .route("/studio/operator/organizations", get(organizations).post(create))
        .route("/studio/operator/organizations/{id}", post(change))
        .route("/studio/operator/organizations/{id}/credits", post(credits))
}

async fn organizations(State(desk): State<Desk>, Operator(visitor): Operator) -> Result<Response, Failure> {
    show_all(&desk, &visitor, &Said::default()).await
}

async fn show_all(desk: &Desk, visitor: &Visitor, said: &Said) -> Result<Response, Failure> {
    let all = desk.service().store().organizations().await?;
    let mut rows = Vec::with_capacity(all.len());
    for one in all {
        let standing = desk.service().standing_of(&one).await?;
        rows.push((one, standing));
    }
    let content = html! {
        form .panel.row.end method="post" action=(HOME) {
            (form_token(visitor))
            label .grow { (words::NEW_ORGANIZATION) input name="name" required maxlength="100"; }
            button .main { (words::CREATE_ORGANIZATION) }
        }
        @for (one, standing) in &rows { (organization(visitor, one, standing)) }
    };
    Ok(show(visitor, words::ORGANIZATIONS, said, &content))
}

fn organization(visitor: &Visitor, one: &Organization, standing: &Standing) -> Markup {
    let id = format!("organization-{}", one.id);
    html! {
        section .panel aria-labelledby=(id) {
            h2 id=(id) { (one.name) }
            p .soft { (words::standing(standing)) }
            div .pair {
                form .stack method="post" action=(format!("{HOME}/{}", one.id)) {
                    (form_token(visitor))
                    label { (words::DAILY) input name="daily_allowance" type="number" min="0" value=[one.daily_allowance] placeholder=(words::NO_LIMIT); }
                    label { (words::PRIORITY) input name="priority" type="number" required value=(one.priority); }
                    label .check { input type="checkbox" name="unmetered" value="yes" checked[one.unmetered]; " " (words::UNMETERED) }
                    div { button aria-label=(words::save_named(&one.name)) { (account::SAVE) } }
                }
                form .stack method="post" action=(format!("{HOME}/{}/credits", one.id)) {
                    (form_token(visitor))
                    label { (words::AMOUNT) input name="amount" type="number" required; span .hint { (words::AMOUNT_HINT) } }
                    label { (words::NOTE) input name="note" maxlength="200"; }
                    div { button aria-label=(words::add_credits_to(&one.name)) { (words::ADD_CREDITS) } }
                }
            }
        }
    }
}

async fn create(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let steward = steward(&desk, &form.visitor)?;
    let name = form.fields.get("name").unwrap_or_default().to_owned();
    let new = NewOrganization { name, unmetered: false, daily_allowance: None, priority: 0 };
    match steward.create_organization(&new).await {
        Ok(_) => Ok(see_other(&format!("{HOME}?notice=organization-made"))),
        Err(trouble) => show_all(&desk, &form.visitor, &said(trouble)?).await,
    }
}

async fn organization_of(desk: &Desk, id: String) -> Result<Organization, Failure> {
    desk.service().store().organization(&OrganizationId::from(id)).await?.ok_or_else(Failure::not_found)
}

async fn change(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    form: SignedForm,
) -> Result<Response, Failure> {
    let steward = steward(&desk, &form.visitor)?;
    let one = organization_of(&desk, id).await?;
    let change = OrganizationChange {
        unmetered: Some(form.fields.is_set("unmetered")),
        daily_allowance: Some(optional(&form.fields, "daily_allowance")?),
        priority: Some(optional(&form.fields, "priority")?.unwrap_or(0)),
    };
    match steward.set_organization(&one, &change).await {
        Ok(()) => Ok(see_other(&format!("{HOME}?notice=organization-saved"))),
        Err(trouble) => show_all(&desk, &form.visitor, &said(trouble)?).await,
    }
}

/// A whole number, or nothing for an empty field.
fn optional(fields: &Fields, name: &str) -> Result<Option<i64>, Failure> {
    let number = fields.get(name).map(str::parse::<i64>).transpose();
    number.map_err(|_| Failure::bad_request(words::NOT_A_NUMBER))
}

async fn credits(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    form: SignedForm,
) -> Result<Response, Failure> {
    let steward = steward(&desk, &form.visitor)?;
    let one = organization_of(&desk, id).await?;
    let amount = optional(&form.fields, "amount")?.unwrap_or(0);
    if amount == 0 || amount.unsigned_abs() > MOST_CREDITS {
        return Err(Failure::bad_request(words::NOT_A_NUMBER));
    }
    match steward.add_credits(&one, amount, form.fields.get("note").unwrap_or_default()).await {
        Ok(_) => Ok(see_other(&format!("{HOME}?notice=credits"))),
        Err(trouble) => show_all(&desk, &form.visitor, &said(trouble)?).await,
    }
}

/// More at once is a slip of the finger.
const MOST_CREDITS: u64 = 1_000_000_000;
