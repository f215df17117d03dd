//! Words and example programs of the API page.

pub const TITLE: &str = "API";
pub const ABOUT: &str = "Programs speak to this server in two ways: the Retouch4me API (a token, one picture, one answer) and \
    the AutoRetouch API (devices, workflows, batches).";
pub const REFERENCE: &str = "Every route and field";
pub const OPENAPI: &str = "OpenAPI description";
pub const TOKEN: &str = "Token";
pub const TOKEN_NAME: &str = "try here";
pub const TOKEN_TEXT: &str = "The examples need a token. Make one here and all of them work as they stand; revoke it on the \
    token page when you are done.";
pub const MAKE_TOKEN: &str = "Make a token for this page";
pub const PLACEHOLDER: &str = "YOUR_TOKEN";
pub const EXAMPLES: &str = "Retouch a picture";
pub const COPY: &str = "Copy";
pub const RUN: &str = "Run it here";
pub const RUN_TEXT: &str =
    "Real calls with the token, from this page. Starting a picture costs what it always costs.";
pub const RUN_LIMITS: &str = "Limits";
pub const RUN_BALANCE: &str = "Balance";
pub const PICTURE: &str = "Picture";
pub const RUN_START: &str = "Start";
pub const JOB: &str = "Job";
pub const RUN_STATUS: &str = "Status";
pub const RUN_FILE: &str = "Open the result";
pub const AUTORETOUCH: &str = "AutoRetouch API";
pub const AUTORETOUCH_TEXT: &str = "Its programs are let in as devices: they show a code that you approve, or take a refresh \
    token that you paste.";
pub const TO_DEVICES: &str = "To the devices";

/// A program that retouches one picture.
pub struct Example {
    pub language: &'static str,
    pub code: String,
}

/// Programs with this server's address and a token in them.
pub fn examples(server: &str, token: &str) -> Vec<Example> {
    let fill = |code: &str| code.replace("{SERVER}", server).replace("{TOKEN}", token);
    let all = [("curl", CURL), ("Python", PYTHON), ("Node", NODE), ("PHP", PHP)];
    all.into_iter().map(|(language, code)| Example { language, code: fill(code) }).collect()
}

const CURL: &str = r#"SERVER={SERVER} TOKEN={TOKEN}
ID=$(curl -s $SERVER/api/v1/retoucher/start -F token=$TOKEN -F file=@portrait.jpg \
  -F 'payload={"mode":"professional","tasks":[{"Plugin":"Heal","Alpha1":1},{"Plugin":"Dodge Burn","Scale":2,"Alpha1":1}]}' \
  | sed 's/.*"id": *"\([^"]*\)".*/\1/')
until curl -s $SERVER/api/v1/retoucher/status/$ID | grep -E '"(completed|failed)"'; do sleep 1; done
curl -s $SERVER/api/v1/retoucher/getFile/$ID -o retouched.jpg"#;

const PYTHON: &str = r#"import json, time
import requests

SERVER, TOKEN = "{SERVER}", "{TOKEN}"
payload = {"mode": "professional", "tasks": [{"Plugin": "Heal", "Alpha1": 1}]}
with open("portrait.jpg", "rb") as picture:
    started = requests.post(f"{SERVER}/api/v1/retoucher/start", files={"file": picture},
                            data={"token": TOKEN, "payload": json.dumps(payload)}).json()
while True:
    status = requests.get(f"{SERVER}/api/v1/retoucher/status/{started['id']}").json()
    if status["state"] in ("completed", "failed"):
        break
    time.sleep(1)
with open("retouched.jpg", "wb") as result:
    result.write(requests.get(f"{SERVER}/api/v1/retoucher/getFile/{started['id']}").content)"#;

const NODE: &str = r#"import { openAsBlob } from "node:fs";
import { writeFile } from "node:fs/promises";

const SERVER = "{SERVER}", TOKEN = "{TOKEN}";
const form = new FormData();
form.set("token", TOKEN);
form.set("payload", JSON.stringify({ mode: "professional", tasks: [{ Plugin: "Heal", Alpha1: 1 }] }));
form.set("file", await openAsBlob("portrait.jpg"), "portrait.jpg");
const { id } = await (await fetch(`${SERVER}/api/v1/retoucher/start`, { method: "POST", body: form })).json();
let state = "";
while (!["completed", "failed"].includes(state)) {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  ({ state } = await (await fetch(`${SERVER}/api/v1/retoucher/status/${id}`)).json());
}
const file = await fetch(`${SERVER}/api/v1/retoucher/getFile/${id}`);
await writeFile("retouched.jpg", Buffer.from(await file.arrayBuffer()));"#;

const PHP: &str = r#"<?php
const SERVER = '{SERVER}', TOKEN = '{TOKEN}';

function ask(string $path, ?array $form = null): string {
    $handle = curl_init(SERVER . $path);
    curl_setopt($handle, CURLOPT_RETURNTRANSFER, true);
    if ($form) curl_setopt($handle, CURLOPT_POSTFIELDS, $form);
    return curl_exec($handle);
}

$payload = ['mode' => 'professional', 'tasks' => [['Plugin' => 'Heal', 'Alpha1' => 1]]];
$started = json_decode(ask('/api/v1/retoucher/start', [
    'token' => TOKEN, 'payload' => json_encode($payload), 'file' => new CURLFile('portrait.jpg'),
]));
do {
    sleep(1);
    $state = json_decode(ask("/api/v1/retoucher/status/{$started->id}"))->state;
} while (!in_array($state, ['completed', 'failed']));
file_put_contents('retouched.jpg', ask("/api/v1/retoucher/getFile/{$started->id}"));"#;
