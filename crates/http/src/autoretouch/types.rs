//! The dialect's objects, key by key (specification section 6): every key is there in every state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// An error.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiError, example = json!({
    "timestamp": "2025-11-03T08:21:07.512+00:00", "status": 404, "error": "Not Found",
    "message": "Workflow execution not found",
    "path": "/v1/workflow/execution/0b6c1f52-7f0e-4c0b-9a51-1d2f8f6f2b11"
}))]
pub struct ErrorBody {
    /// When.
    pub timestamp: String,
    /// The HTTP status once more.
    pub status: u16,
    /// Its standard phrase.
    pub error: &'static str,
    /// What went wrong and what to do, for people.
    pub message: String,
    /// The path as it was asked for.
    pub path: String,
}

/// A page: exactly these two keys, for a published client breaks on a third.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// What is on this page.
    pub entries: Vec<T>,
    /// How many there are before paging.
    pub total: i64,
}

/// An organization.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiOrganization)]
pub struct OrganizationBody {
    /// Its id, a UUID.
    pub id: String,
    /// A UUID that changes when name or members do.
    pub version: String,
    /// Its name.
    pub name: String,
    /// Who belongs to it.
    pub members: Vec<MemberBody>,
}

/// Somebody who belongs to an organization.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiMember)]
#[serde(rename_all = "camelCase")]
pub struct MemberBody {
    /// The user's id.
    pub id: String,
    /// Not kept here: null.
    pub given_name: Option<String>,
    /// Not kept here: null.
    pub family_name: Option<String>,
    /// The address.
    pub email: Option<String>,
    /// Not kept here: null.
    pub picture: Option<String>,
    /// `admin` or `operator`.
    pub roles: Vec<&'static str>,
}

/// A workflow in one version.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiWorkflow)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowBody {
    /// Its id, a UUID.
    pub id: String,
    /// The version's id, a UUID; every saved edit has its own.
    pub version: String,
    /// Its name.
    pub name: String,
    /// When this version was saved.
    pub date: String,
    /// Who saved it.
    pub author: AuthorBody,
    /// The steps: `type`, `label` and `settings` each.
    #[schema(value_type = Vec<Object>)]
    pub workflow_components: Value,
    /// Credits a picture.
    pub execution_price: i64,
}

/// Who saved a workflow.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiAuthor)]
#[serde(rename_all = "camelCase")]
pub struct AuthorBody {
    /// The user's id.
    pub id: String,
    /// Not kept here: null.
    pub first_name: Option<String>,
    /// Not kept here: null.
    pub last_name: Option<String>,
    /// The address.
    pub email: Option<String>,
}

/// An execution: one picture on its way through a workflow.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiExecution)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionBody {
    /// Its id, a UUID.
    pub id: String,
    /// The workflow.
    pub workflow: String,
    /// In which version.
    pub workflow_version: String,
    /// The workflow's name when the execution was created.
    pub workflow_name: String,
    /// Whose it is.
    pub organization_id: String,
    /// The same under its old name.
    pub company_id: String,
    /// `CREATED`, `ACTIVE`, `COMPLETED`, `IN_QA`, `PAYMENT_REQUIRED` or `FAILED`.
    pub status: &'static str,
    /// Who created it.
    pub user_id: String,
    /// When it was created.
    pub created_at: String,
    /// When work began.
    pub started_at: Option<String>,
    /// When it ended.
    pub finished_at: Option<String>,
    /// The picture's name, exactly as given.
    pub input_file_name: String,
    /// SHA-256 of the picture, lowercase hexadecimal.
    pub input_content_hash: String,
    /// SHA-256 of the result; null until `COMPLETED`, like the other result fields.
    pub result_content_hash: Option<String>,
    /// Its media type.
    pub result_content_type: Option<String>,
    /// Its name: that of the picture with the extension of the result's format.
    pub result_file_name: Option<String>,
    /// Where to fetch it, with or without `/v1` in front; of characters that need no escaping.
    pub result_path: Option<String>,
    /// The client's own labels.
    pub labels: BTreeMap<String, String>,
    /// Credits taken for it and not given back.
    pub charged_credits: i64,
    /// Why it has `FAILED`, for people; null in every other state. An extension of this server.
    pub failure_reason: Option<String>,
}

/// Executions that share the label `autoretouch_batch_id`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiBatch)]
#[serde(rename_all = "camelCase")]
pub struct BatchBody {
    /// The label's value.
    pub id: String,
    /// The first execution's label `autoretouch_batch_name`, else the id.
    pub name: String,
    /// Who created its first execution.
    pub author: String,
    /// The first execution's label `autoretouch_batch_createdAt`, else when it was created.
    pub created_at: String,
    /// How many executions it has.
    pub executions: i64,
    /// Credits charged for all of them.
    pub price: i64,
    /// The workflow of its first execution.
    pub workflow_id: String,
    /// Its name then.
    pub workflow_name: String,
}

/// A webhook's body.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiHook)]
pub struct HookBody {
    /// `WORKFLOW_EXECUTION_` and the state: `COMPLETED`, `FAILED`, `IN_QA` or `PAYMENT_REQUIRED`.
    pub event: String,
    /// The execution.
    pub content: ExecutionBody,
}

/// An execution of a picture that was uploaded before.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = ApiExecutionOrder)]
#[serde(expecting = "an object with `image`")]
pub struct ExecutionOrder {
    /// The picture.
    pub image: ImageReference,
    /// Labels; they win over those of the query.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, Option<Value>>>,
    /// Settings of this execution alone, by the label of their component.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub settings: Option<Map<String, Value>>,
    /// Addresses that are told of the end.
    #[serde(default)]
    pub webhooks: Option<Vec<String>>,
}

/// A picture that was uploaded before.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = ApiImageReference)]
#[serde(rename_all = "camelCase")]
#[serde(expecting = "an object with `name` and `contentHash`")]
pub struct ImageReference {
    /// Its file name.
    pub name: String,
    /// What the upload was answered with, as hexadecimal or Base64.
    pub content_hash: String,
    /// Ignored: the bytes decide.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[expect(dead_code, reason = "clients send it; the bytes decide")]
    pub content_type: Option<Value>,
}

/// Pictures by address, or their hashes, by file name.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ApiUrls, example = json!({"urls": {"front.jpg": "https://shop.example/img/front.jpg"}}))]
#[serde(expecting = "an object with `urls`")]
pub struct Urls {
    /// File name and address; in the answer, file name and hash.
    #[schema(value_type = Object)]
    pub urls: Map<String, Value>,
}

/// A picture as a form.
#[derive(ToSchema)]
#[schema(as = ApiPictureForm)]
#[expect(dead_code, reason = "a form for the description; the parts are read one by one")]
pub struct PictureFields {
    /// The picture, with its file name. Its bytes tell the format: JPEG, PNG, TIFF or WebP.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
    /// Its size in bytes; ignored.
    filesize: Option<String>,
}

/// What a client thinks of a result.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ApiFeedback)]
#[serde(rename_all = "camelCase")]
#[serde(expecting = "an object with `thumbsUp`")]
pub struct Feedback {
    /// True when it is liked.
    pub thumbs_up: bool,
    /// Hashes of uploads that show what was expected.
    #[serde(default)]
    pub expected_images: Option<Vec<String>>,
}

/// A reviewer's verdict.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = ApiVerdict, example = json!({"approved": false, "reason": "a strand of hair is missing"}))]
#[serde(expecting = "an object with `approved`")]
pub struct Verdict {
    /// True when the result counts; otherwise the execution fails and its credits come back.
    pub approved: bool,
    /// Why not.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What became of a batch's review.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiReviewed)]
pub struct Reviewed {
    /// How many executions the verdict ended.
    pub reviewed: i64,
}
