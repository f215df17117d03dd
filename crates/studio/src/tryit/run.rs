//! Running the settings at full size: a job like any other.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use bytes::Bytes;
use retouch::{OutputChoice, Recipe};
use serde::Deserialize;
use serde_json::{Value, json};
use service::{MemberOrder, SubmitError};

use super::draw::recipe;
use super::find;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::SignedJson;
use crate::words::tryit as words;

/// What a page wants run.
#[derive(Deserialize)]
pub struct Wish {
    /// The Retouch4me payload.
    payload: Value,
    /// What the result is to be.
    form: Form,
}

/// A form of result.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// A picture in the upload's format.
    Flat,
    /// A ZIP of layers.
    Layers,
    /// A layered Photoshop document.
    Psd,
}

impl Form {
    /// The recipe whose result has this form.
    pub fn of(self, mut recipe: Recipe) -> Recipe {
        recipe.tasks.iter_mut().for_each(|task| task.as_layer = false);
        match self {
            Self::Flat => Recipe { output: OutputChoice::AsUploaded, ..recipe },
            Self::Layers => Recipe { output: OutputChoice::Zip, ..recipe.layered() },
            Self::Psd => Recipe { output: OutputChoice::Psd, ..recipe },
        }
    }
}

pub async fn run(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    signed: SignedJson<Wish>,
) -> Result<Json<Value>, Failure> {
    let SignedJson { visitor, value: Wish { payload, form } } = signed;
    let proof = find(&desk, &visitor, &id)?;
    let recipe = form.of(recipe(&payload)?);
    let picture = proof.picture();
    let order = MemberOrder {
        member: visitor.member.clone(),
        recipe,
        picture: Bytes::from_owner(picture.original.file().clone()),
        hash: picture.hash,
        facts: picture.facts,
        name: picture.name.clone(),
    };
    let receipt = desk.service().submit_for_member(order).await?;
    Ok(Json(json!({ "job": receipt.job.as_str(), "left": receipt.quota })))
}

impl From<SubmitError> for Failure {
    fn from(refused: SubmitError) -> Self {
        match refused {
            SubmitError::Unavailable(trouble) => trouble.into(),
            refused => Self::new(StatusCode::PAYMENT_REQUIRED, words::NOT_RUN, refused.to_string()),
        }
    }
}
