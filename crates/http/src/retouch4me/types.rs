//! The dialect's answers, field by field in the documented order.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// An error.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": 460, "message": "Token issue"}))]
pub struct ErrorBody {
    /// The HTTP status once more.
    pub status: u16,
    /// What went wrong and what to do, for people; never empty.
    pub message: String,
}

/// The form of start.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a form for the description; the parts are read one by one")]
pub struct StartFields {
    /// One picture, JPEG or PNG. Its first bytes decide; the part's own Content-Type does not matter.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
    /// Your retouch token, unless it stands in the header `X-Retouch-Token`.
    token: Option<String>,
    /// The task list as JSON text: see the schema `Payload`.
    #[schema(
        content_media_type = "application/json",
        example = "{\"mode\":\"professional\",\"tasks\":[{\"Plugin\":\"Heal\"}]}"
    )]
    payload: String,
    /// An http or https address to be called when the task ends; its host must be on the operator's list.
    hook: Option<String>,
}

/// The balance question as a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a form for the description; any of three kinds is read")]
pub struct BalanceFields {
    /// Your retouch token, unless it stands in the header `X-Retouch-Token`.
    retouchtoken: Option<String>,
    /// One or more modes: `professional`, `facefeatures`, `retouch4fun`.
    #[schema(rename = "modes[]")]
    modes: Option<Vec<String>>,
}

/// The balance question as JSON.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a form for the description; any of three kinds is read")]
#[schema(example = json!({"modes": ["professional"]}))]
pub struct BalanceQuestion {
    /// One or more modes: `professional`, `facefeatures`, `retouch4fun`.
    modes: Option<Vec<String>>,
}

/// An accepted start.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": 200, "id": "Zb3k9qTt5mVwL0sYx1AaPg", "retouchQuota": 999}))]
pub struct StartBody {
    /// 200.
    pub status: u16,
    /// The task's id: keep it, it is the key to status and file.
    pub id: String,
    /// Retouches left for the current day (UTC) after this one; 999 for an unmetered account.
    #[serde(rename = "retouchQuota")]
    pub retouch_quota: i64,
}

/// How a task is doing. All fields are always there and never null.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "status": 200, "state": "active", "progress": 5, "reason": "", "attempt": 1, "currentStep": "downloading",
    "maxAttempts": 3, "pluginName": "", "expireDate": "2026-03-18T21:58:47.836Z"
}))]
pub struct StatusBody {
    /// 200.
    pub status: u16,
    /// Where the task is; poll until `completed` or `failed`.
    pub state: StateName,
    /// 0 to 100, never going back within an attempt; 100 only together with `completed`.
    #[schema(minimum = 0, maximum = 100)]
    pub progress: i64,
    /// Why it failed; empty otherwise.
    pub reason: String,
    /// The current attempt, 0 while waiting for the first.
    pub attempt: i64,
    /// `downloading`, `processing` or `uploading`; empty before the first, and the last one stays.
    #[serde(rename = "currentStep")]
    pub current_step: &'static str,
    /// How often the task is tried at most.
    #[serde(rename = "maxAttempts")]
    pub max_attempts: i64,
    /// The plugin now running, empty otherwise.
    #[serde(rename = "pluginName")]
    pub plugin_name: String,
    /// When task and files are deleted: ISO 8601, UTC, milliseconds.
    #[serde(rename = "expireDate")]
    #[schema(format = DateTime)]
    pub expire_date: String,
}

/// Where a task can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StateName {
    /// Queued.
    Waiting,
    /// Being worked on.
    Active,
    /// An attempt failed, the next one comes in seconds.
    Delayed,
    /// The file can be fetched.
    Completed,
    /// Nothing more will come; the credit was given back.
    Failed,
}

/// The status of a task that is not there, or no longer.
///
/// It carries `state` because two of the published clients read nothing else and would ask for ever.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "status": 404, "message": "Task not found", "state": "failed", "reason": "Task not found"
}))]
pub struct LostBody {
    /// 404.
    pub status: u16,
    /// What went wrong.
    pub message: &'static str,
    /// Always `failed`.
    pub state: StateName,
    /// The message once more.
    pub reason: &'static str,
}

impl LostBody {
    /// The one there is.
    pub const TASK_NOT_FOUND: Self =
        Self { status: 404, message: "Task not found", state: StateName::Failed, reason: "Task not found" };
}

/// A status with the task's id in front: what a webhook receives.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "Zb3k9qTt5mVwL0sYx1AaPg", "status": 200, "state": "completed", "progress": 100, "reason": "", "attempt": 1,
    "currentStep": "uploading", "maxAttempts": 3, "pluginName": "", "expireDate": "2026-03-18T21:29:16.144Z"
}))]
pub struct HookBody {
    /// The task's id.
    pub id: String,
    /// The status as the status route would tell it.
    #[serde(flatten)]
    pub body: StatusBody,
}

/// Credits left.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": 200, "remaining": {"professional": 5}}))]
pub struct BalanceBody {
    /// 200.
    pub status: u16,
    /// Each mode asked for, with the credits it can use; 999 for an unmetered account.
    #[schema(value_type = std::collections::BTreeMap<String, i64>)]
    pub remaining: Map<String, Value>,
}

/// What uploads may be.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "image": {"formats": ["png", "jpg", "jpeg"], "maxFileSizeInMB": 100, "maxMegapixels": 250},
    "archive": {"formats": ["zip"]}
}))]
pub struct LimitsBody {
    /// Of pictures.
    pub image: ImageLimits,
    /// Of archives. Listed as in the original; `start` takes pictures only.
    pub archive: ArchiveLimits,
}

/// What a picture may be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ImageLimits {
    /// Usual endings of the formats taken; the bytes decide, not the name.
    pub formats: Vec<&'static str>,
    /// Largest file, 1 MB being 1 048 576 bytes.
    #[serde(rename = "maxFileSizeInMB")]
    #[schema(value_type = f64)]
    pub max_file_size_in_mb: Value,
    /// Largest picture, in millions of pixels.
    #[serde(rename = "maxMegapixels")]
    #[schema(value_type = f64)]
    pub max_megapixels: Value,
}

/// What an archive may be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ArchiveLimits {
    /// Usual endings.
    pub formats: Vec<&'static str>,
}

/// A number without decimals where it has none, as the documented answer shows them.
pub fn plain_number(number: f64) -> Value {
    let hundredths = (number * 100.0).round() / 100.0;
    if hundredths.fract() == 0.0 { Value::from(hundredths as i64) } else { Value::from(hundredths) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn active() -> StatusBody {
        StatusBody {
            status: 200,
            state: StateName::Active,
            progress: 5,
            reason: String::new(),
            attempt: 1,
            current_step: "downloading",
            max_attempts: 3,
            plugin_name: String::new(),
            expire_date: "2026-03-18T21:58:47.836Z".into(),
        }
    }

    fn text(body: &impl Serialize) -> String {
        serde_json::to_string_pretty(body).expect("JSON")
    }

    #[test]
    fn documented_bodies_are_kept_to_the_letter() {
        insta::assert_snapshot!("status", text(&active()));
        insta::assert_snapshot!("status_lost", text(&LostBody::TASK_NOT_FOUND));
        insta::assert_snapshot!("hook", text(&HookBody { id: "job".into(), body: active() }));
        let start = StartBody { status: 200, id: "jpeg-example-job-id".into(), retouch_quota: 999 };
        insta::assert_snapshot!("start", text(&start));
        let error = ErrorBody { status: 460, message: "Token issue".into() };
        insta::assert_snapshot!("error", text(&error));
        let remaining = Map::from_iter([("professional".to_owned(), Value::from(5))]);
        insta::assert_snapshot!("balance", text(&BalanceBody { status: 200, remaining }));
        let limits = LimitsBody {
            image: ImageLimits {
                formats: vec!["png", "jpg", "jpeg"],
                max_file_size_in_mb: plain_number(100.0),
                max_megapixels: plain_number(250.0),
            },
            archive: ArchiveLimits { formats: vec!["zip"] },
        };
        insta::assert_snapshot!("limits", text(&limits));
    }

    #[test]
    fn limits_show_decimals_only_where_there_are_some() {
        assert_eq!(plain_number(100.0).to_string(), "100");
        assert_eq!(plain_number(0.5).to_string(), "0.5");
    }
}
