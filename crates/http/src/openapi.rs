//! The API's description (OpenAPI 3.1), generated from the handlers, their types and the plugins' declarations.

mod payload;
mod samples;

use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::autoretouch::{
    batch, create, execution, follow, image, organization, review, types as auto, upload, workflow,
};
use crate::oauth::{activate, device, metadata, token};
use crate::retouch4me::{account, fetch, start, types};
use crate::{api_page, app, health, metrics};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Atelier",
        description = "Photo retouching over HTTP, on your own server. Send a portrait and a list of tasks, poll until it is done, fetch the retouched picture or its layers.\n\nThe routes, fields and status numbers are those of the Retouch4me cloud retouching API: programs written for it work with only the base URL changed. HTTP status and JSON `status` are always equal.",
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "Retouching", description = "Start a task, ask how it is doing, fetch its result."),
        (name = "Account", description = "Limits and credits."),
        (name = "AutoRetouch", description = "The same craft as workflows, for programs written for the AutoRetouch cloud: they work with only the addresses changed. Every path answers with and without `/v1` in front, and needs an access token as `Authorization: Bearer`."),
        (name = "Sign-in of programs", description = "The authorization server for the AutoRetouch paths: a program shows a code, a person confirms it at `/activate`."),
        (name = "Operation", description = "For those who run the server."),
        (name = "Documentation", description = "This description."),
    ),
    paths(
        start::start,
        fetch::status,
        fetch::status_of_nothing,
        fetch::get_file,
        fetch::file_of_nothing,
        account::limits,
        account::balance,
        account::balance_by_form,
        organization::list,
        organization::balance,
        organization::company_balance,
        organization::single,
        workflow::list,
        workflow::single,
        upload::is_there,
        upload::upload,
        create::create,
        execution::list,
        execution::single,
        follow::status,
        follow::result,
        execution::retry,
        execution::retry_by_query,
        execution::feedback,
        review::picture,
        review::execution,
        image::image,
        batch::list,
        review::batch,
        device::code,
        token::token,
        token::revoke,
        activate::show,
        activate::act,
        metadata::authorization_server,
        metadata::openid_configuration,
        metadata::keys,
        health::health,
        health::health_v1,
        health::live,
        health::ready,
        metrics::scrape,
        api_page::page,
        api_page::description,
    ),
    components(schemas(types::HookBody, auto::HookBody)),
)]
struct Description;

/// The description as JSON.
pub(crate) fn description() -> Value {
    let mut api = Description::openapi();
    api.info.version = env!("CARGO_PKG_VERSION").to_owned();
    api.info.license = None;
    let mut api = serde_json::to_value(api).unwrap_or_else(|error| {
        tracing::error!(%error, "the description could not be written as JSON");
        json!({})
    });
    if let Some(schemas) = api.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.extend(payload::schemas());
    }
    let field = "/components/schemas/StartFields/properties/payload";
    if let Some(field) = api.pointer_mut(field).and_then(Value::as_object_mut) {
        field.insert("contentSchema".to_owned(), json!({"$ref": "#/components/schemas/Payload"}));
    }
    in_order_of_routes(&mut api);
    api["webhooks"] = webhooks();
    for (method, path, curl) in samples::SAMPLES {
        let pointer = format!("/paths/{}/{method}", path.replace('~', "~0").replace('/', "~1"));
        if let Some(operation) = api.pointer_mut(&pointer).and_then(Value::as_object_mut) {
            let sample = json!([{"lang": "curl", "label": "curl", "source": curl}]);
            operation.insert("x-codeSamples".to_owned(), sample);
        }
    }
    api
}

/// Paths as the routes are listed, start before status before file; the library sorts them by their letters.
fn in_order_of_routes(api: &mut Value) {
    let Some(paths) = api["paths"].as_object_mut() else { return };
    for (_, path) in app::routes().listed {
        if let Some(item) = paths.shift_remove(&path) {
            paths.insert(path, item);
        }
    }
}

/// What a receiver of webhooks gets.
fn webhooks() -> Value {
    let header = |name: &str, description: &str| json!({"name": name, "in": "header", "required": true, "description": description, "schema": {"type": "string"}});
    json!({"workflowExecutionEnded": {"post": {
        "summary": "An execution has ended",
        "description": "Sent to each of the `webhooks` of an execution that is `COMPLETED`, `FAILED`, `IN_QA` or `PAYMENT_REQUIRED`; tried again after 5 s, 30 s, 2 min, 10 min, 1 h and 6 h. A result can be fetched before the call is made.",
        "parameters": [
            header("X-Webhook-Id", "The same for all tries of one event."),
            header("X-Webhook-Timestamp", "Unix seconds of this try."),
            header("X-Webhook-Signature", "`sha256=` and the hexadecimal HMAC-SHA256 of timestamp, full stop and raw body, made with the account's secret."),
        ],
        "requestBody": {"required": true, "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/ApiHook"}},
        }},
        "responses": {"2XX": {"description": "Taken. Anything else, or no answer within 10 seconds, is tried again."}},
    }}, "taskEnded": {"post": {
        "summary": "A task has ended",
        "description": "Sent once to the `hook` of a task that is completed or failed, if its host is on the operator's list; tried again after 5 s, 30 s, 2 min, 10 min and 1 h.",
        "parameters": [
            header("X-Webhook-Id", "The same for all tries of one event."),
            header("X-Webhook-Timestamp", "Unix seconds of this try."),
            header("X-Webhook-Signature", "`sha256=` and the hexadecimal HMAC-SHA256 of timestamp, full stop and raw body, made with the account's secret."),
        ],
        "requestBody": {"required": true, "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/HookBody"}},
        }},
        "responses": {"2XX": {"description": "Taken. Anything else, or no answer within 10 seconds, is tried again."}},
    }}})
}

#[cfg(test)]
mod tests;
