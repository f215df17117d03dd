//! The page, made from the description alone.

use serde_json::{Map, Value};

use super::text::{escaped, line, paragraphs};

const STYLE: &str = include_str!("style.css");
const METHODS: [&str; 5] = ["get", "head", "post", "put", "delete"];

/// How a job goes from the first line to the last, by hand.
const BEGINNING: &str = "export TOKEN=your-token\n\
ID=$(curl -s {server}/api/v1/retoucher/start -F token=$TOKEN -F file=@portrait.jpg \\\n  \
-F 'payload={\"mode\":\"professional\",\"tasks\":[{\"Plugin\":\"Heal\"},{\"Plugin\":\"Dodge Burn\"}]}' \\\n  \
| sed 's/.*\"id\":\"\\([^\"]*\\)\".*/\\1/')\n\
curl {server}/api/v1/retoucher/status/$ID     # until the state is completed\n\
curl -OJ {server}/api/v1/retoucher/getFile/$ID";

/// What a receiver of webhooks must know.
const HOOKS: &str = "Give an http or https address in the form field `hook`, and it is called once when the task \
is `completed` or `failed`. Its host must be on the operator's list, otherwise the task runs and nothing is sent.\n\n\
The call is a POST with a JSON body: the status with the task's `id` in front. Any 2xx within 10 seconds is success; \
otherwise it is tried again after 5 s, 30 s, 2 min, 10 min and 1 h, with the same body. Redirects are not followed.\n\n\
`X-Webhook-Id` is the same for all tries of one event, `X-Webhook-Timestamp` holds the Unix seconds of the try, and \
`X-Webhook-Signature` is `sha256=` and the hexadecimal HMAC-SHA256 of timestamp, a full stop and the raw body, made \
with your account's secret. Compare it before you trust the body, and refuse old timestamps.";

/// The page at `/docs/api`.
pub(super) fn page(api: &Value) -> String {
    let info = &api["info"];
    let mut content = format!(
        "<header><h1>{} API</h1><p class=\"note\">Version {}. <a href=\"/docs/openapi.json\">OpenAPI description</a>\
         </p>{}</header><main>",
        escaped(text(&info["title"])),
        escaped(text(&info["version"])),
        paragraphs(text(&info["description"])),
    );
    content.push_str(&contents(api));
    content.push_str(&format!("<h2 id=\"beginning\">From picture to picture</h2>{}", code(BEGINNING)));
    for tag in list(&api["tags"]) {
        content.push_str(&group(api, tag));
        if text(&tag["name"]) == "Retouching" {
            content.push_str(&payload(api));
            content.push_str(&hooks(api));
        }
    }
    content.push_str("</main>");
    document("Atelier API", &content)
}

fn document(title: &str, content: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>{STYLE}</style></head>\
         <body>{content}</body></html>"
    )
}

fn contents(api: &Value) -> String {
    let mut items = vec![("beginning".to_owned(), "From picture to picture".to_owned())];
    for (method, path, operation) in operations(api) {
        if method != "head" {
            let name = format!("<span class=\"method\">{method}</span>{}", escaped(path));
            items.push((text(&operation["operationId"]).to_owned(), name));
        }
    }
    items.push(("payload".to_owned(), "The payload and its plugins".to_owned()));
    items.push(("webhooks".to_owned(), "Webhooks".to_owned()));
    let items = items.into_iter().map(|(id, name)| format!("<li><a href=\"#{id}\">{name}</a></li>"));
    format!("<nav aria-label=\"Contents\"><ul>{}</ul></nav>", items.collect::<String>())
}

/// The operations of one tag.
fn group(api: &Value, tag: &Value) -> String {
    let name = text(&tag["name"]);
    let mut html = format!("<h2>{}</h2>{}", escaped(name), paragraphs(text(&tag["description"])));
    for (method, path, operation) in operations(api) {
        let is_ours = list(&operation["tags"]).iter().any(|tag| text(tag) == name);
        if is_ours && method != "head" {
            let also_head = api["paths"][path].get("head").is_some();
            html.push_str(&section(api, method, path, operation, also_head));
        }
    }
    html
}

fn section(api: &Value, method: &str, path: &str, operation: &Value, also_head: bool) -> String {
    let methods = if also_head { format!("{method}, head") } else { method.to_owned() };
    let mut html = format!(
        "<section id=\"{}\"><h3><code><span class=\"method\">{methods}</span>{}</code></h3><p>{}</p>{}",
        escaped(text(&operation["operationId"])),
        escaped(path),
        sentence(text(&operation["summary"])),
        paragraphs(text(&operation["description"])),
    );
    for sample in list(&operation["x-codeSamples"]) {
        html.push_str(&code(text(&sample["source"])));
    }
    let parameters: Vec<[String; 4]> = list(&operation["parameters"])
        .iter()
        .map(|parameter| {
            [
                named(text(&parameter["name"]), parameter["required"] == true),
                escaped(text(&parameter["in"])),
                String::new(),
                line(text(&parameter["description"])),
            ]
        })
        .collect();
    html.push_str(&table("Parameters", ["name", "where", "", "meaning"], &parameters));
    if let Some(content) = operation["requestBody"]["content"].as_object() {
        for (kind, body) in content {
            let schema = resolved(api, &body["schema"]);
            html.push_str(&fields(api, &format!("Body, {kind}"), schema));
            if let Some(example) = schema.get("example") {
                html.push_str(&pretty(example));
            }
        }
    }
    html.push_str(&responses(api, operation));
    html.push_str("</section>");
    html
}

fn responses(api: &Value, operation: &Value) -> String {
    let empty = Map::new();
    let responses = operation["responses"].as_object().unwrap_or(&empty);
    let rows: Vec<[String; 4]> = responses
        .iter()
        .map(|(status, response)| {
            [
                format!("<code>{}</code>", escaped(status)),
                String::new(),
                String::new(),
                line(text(&response["description"])),
            ]
        })
        .collect();
    let mut html = table("Answers", ["status", "", "", "meaning"], &rows);
    let success =
        responses.iter().find(|(status, _)| status.starts_with('2')).or_else(|| responses.iter().next());
    if let Some((status, response)) = success {
        let schema = resolved(api, &response["content"]["application/json"]["schema"]);
        html.push_str(&fields(api, &format!("Body of {status}"), schema));
        if let Some(example) = schema.get("example") {
            html.push_str(&pretty(example));
        }
    }
    html
}

/// The payload with every plugin's knobs.
fn payload(api: &Value) -> String {
    let schema = &api["components"]["schemas"]["Payload"];
    let mut html = format!(
        "<h2 id=\"payload\">The payload and its plugins</h2>{}{}{}",
        paragraphs(text(&schema["description"])),
        fields(api, "Fields", schema),
        pretty(&schema["example"]),
    );
    for task in list(&schema["properties"]["tasks"]["items"]["oneOf"]) {
        let task = resolved(api, task);
        let title = text(&task["title"]);
        html.push_str(&format!("<h3>{}</h3>{}", escaped(title), paragraphs(text(&task["description"]))));
        html.push_str(&fields(api, "", task));
    }
    html
}

fn hooks(api: &Value) -> String {
    let example = &api["components"]["schemas"]["HookBody"]["example"];
    format!("<h2 id=\"webhooks\">Webhooks</h2>{}{}", paragraphs(HOOKS), pretty(example))
}

/// A table of an object's fields; nothing for what has none.
fn fields(api: &Value, title: &str, schema: &Value) -> String {
    let required = list(&schema["required"]);
    let empty = Map::new();
    let rows: Vec<[String; 4]> = schema["properties"]
        .as_object()
        .unwrap_or(&empty)
        .iter()
        .map(|(name, field)| {
            let is_required = required.iter().any(|one| text(one) == name);
            let description = line(text(&field["description"]));
            [named(name, is_required), kind(resolved(api, field)), range(field), description]
        })
        .collect();
    table(title, ["field", "type", "range", "meaning"], &rows)
}

fn table(title: &str, head: [&str; 4], rows: &[[String; 4]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let used: Vec<usize> = (0..4).filter(|&column| rows.iter().any(|row| !row[column].is_empty())).collect();
    let head: String =
        used.iter().map(|&column| format!("<th scope=\"col\">{}</th>", head[column])).collect();
    let rows: String = rows
        .iter()
        .map(|row| {
            let cells: String = used.iter().map(|&column| format!("<td>{}</td>", row[column])).collect();
            format!("<tr>{cells}</tr>")
        })
        .collect();
    let title = if title.is_empty() { String::new() } else { format!("<h4>{}</h4>", escaped(title)) };
    format!(
        "{title}<div class=\"wide\"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

/// A summary with the full stop it may lack.
fn sentence(text: &str) -> String {
    let stop = if text.ends_with(['.', '?', '!', ')']) { "" } else { "." };
    format!("{}{stop}", line(text))
}

fn named(name: &str, is_required: bool) -> String {
    let note = if is_required { " <span class=\"note\">required</span>" } else { "" };
    format!("<code>{}</code>{note}", escaped(name))
}

/// The type of a field in words.
fn kind(field: &Value) -> String {
    if let Some(only) = field.get("const") {
        return format!("<code>{}</code>", escaped(&only.to_string()));
    }
    if let Some(choices) = field["enum"].as_array() {
        let choices: Vec<_> =
            choices.iter().map(|one| format!("<code>{}</code>", escaped(text(one)))).collect();
        return choices.join(", ");
    }
    let names: Vec<&str> = match &field["type"] {
        Value::Array(several) => several.iter().map(text).filter(|name| *name != "null").collect(),
        single => vec![text(single)],
    };
    escaped(&names.join(" or "))
}

fn range(field: &Value) -> String {
    let ends = match (field.get("minimum"), field.get("maximum")) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) if least.as_f64() != Some(0.0) => format!("from {least}"),
        (None, Some(most)) => format!("to {most}"),
        _ => String::new(),
    };
    let default = field.get("default").map(|default| format!("default {default}"));
    let both: Vec<String> =
        [Some(ends).filter(|ends| !ends.is_empty()), default].into_iter().flatten().collect();
    escaped(&both.join(", "))
}

fn operations(api: &Value) -> Vec<(&str, &str, &Value)> {
    let Some(paths) = api["paths"].as_object() else { return Vec::new() };
    let mut found = Vec::new();
    for (path, item) in paths {
        let methods = METHODS.iter().filter_map(|method| Some((*method, item.get(*method)?)));
        found.extend(methods.map(|(method, operation)| (method, path.as_str(), operation)));
    }
    found
}

fn resolved<'a>(api: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str);
    target.and_then(|target| api.pointer(target.trim_start_matches('#'))).unwrap_or(schema)
}

fn pretty(example: &Value) -> String {
    serde_json::to_string_pretty(example).map(|text| code(&text)).unwrap_or_default()
}

fn code(text: &str) -> String {
    format!("<pre><code>{}</code></pre>", escaped(text))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
