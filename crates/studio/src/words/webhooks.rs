//! Words of the webhook pages.

use service::DeliveryState;

pub const TITLE: &str = "Webhooks";
pub const DELIVERIES: &str = "Deliveries";
pub const DELIVERY: &str = "Delivery";
pub const NONE: &str =
    "No deliveries like this. A job that is started with a \"hook\" address brings one when it ends.";
pub const HOST: &str = "Host";
pub const EVENT: &str = "Event";
pub const TRIES: &str = "Tries";
pub const LAST: &str = "Last answer";
pub const TEST: &str = "Send a test";
pub const TEST_TEXT: &str =
    "One signed message that says nothing, to see whether your receiver hears and accepts it.";
pub const TEST_NO_HOSTS: &str = "No host is allowed yet, so nothing can be sent.";
pub const ADDRESS: &str = "Address of your receiver";
pub const SEND: &str = "Send test";
pub const HOSTS: &str = "Allowed hosts";
pub const HOSTS_TEXT: &str = "Webhooks of the Retouch4me API and tests go to these hosts only. *.example.org stands for all \
    hosts below example.org.";
pub const NO_HOSTS: &str = "None yet.";
pub const PRIVATE: &str = "private network";
pub const FORBID: &str = "Remove";
pub const HOST_LABEL: &str = "Host to allow";
pub const PRIVATE_LABEL: &str = "may stand on a private network";
pub const ALLOW: &str = "Allow";
pub const ONLY_OPERATORS: &str = "Whoever runs this server edits the list.";
pub const SIGNATURES: &str = "Check signatures";
pub const SIGNATURES_TEXT: &str = "Each message carries X-Webhook-Signature: sha256= and the hexadecimal HMAC-SHA256 of the \
    timestamp, a full stop and the raw body, made with your webhook secret. Compare it before you trust the body, and \
    refuse timestamps older than some minutes.";
pub const TO_SECRET: &str = "Your secret is on your profile.";
pub const BACK: &str = "All deliveries";
pub const JOB: &str = "Job";
pub const NEXT: &str = "Next try";
pub const NOTE: &str = "Note";
pub const RESEND: &str = "Send again";
pub const LOOK_AGAIN: &str = "Look again";
pub const REQUEST: &str = "Request";
pub const BODY: &str = "Body of the request";
pub const HEADERS_TEXT: &str = "Timestamp and signature as at the last try; they are made anew for each.";
pub const NO_TRIES: &str = "Not tried yet.";
pub const STATUS: &str = "Status";
pub const DURATION: &str = "Took";
pub const ERROR: &str = "Trouble";
pub const ANSWER: &str = "Answer begins";
pub const NO_ANSWER: &str = "no answer";

/// How receivers check a signature, by language.
pub const VERIFY: [(&str, &str); 3] = [
    (
        "Python",
        r#"import hashlib, hmac, time

def is_from_atelier(secret: str, headers, body: bytes) -> bool:
    timestamp = headers["X-Webhook-Timestamp"]
    if abs(time.time() - int(timestamp)) > 300:
        return False
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return hmac.compare_digest("sha256=" + signed.hexdigest(), headers["X-Webhook-Signature"])"#,
    ),
    (
        "Node",
        r#"import { createHmac, timingSafeEqual } from "node:crypto";

export function isFromAtelier(secret, headers, body) {
  const timestamp = headers["x-webhook-timestamp"];
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return false;
  const signed = Buffer.from("sha256=" + createHmac("sha256", secret).update(timestamp + ".").update(body).digest("hex"));
  const given = Buffer.from(headers["x-webhook-signature"] ?? "");
  return given.length === signed.length && timingSafeEqual(given, signed);
}"#,
    ),
    (
        "PHP",
        r#"function is_from_atelier(string $secret, array $headers, string $body): bool {
    $timestamp = $headers['X-Webhook-Timestamp'];
    if (abs(time() - (int) $timestamp) > 300) return false;
    $signed = 'sha256=' . hash_hmac('sha256', $timestamp . '.' . $body, $secret);
    return hash_equals($signed, $headers['X-Webhook-Signature']);
}"#,
    ),
];

/// Where a message stands.
pub fn state(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "on its way",
        DeliveryState::Delivered => "delivered",
        DeliveryState::GivenUp => "given up",
        DeliveryState::Refused => "refused",
    }
}

pub fn forbid_named(host: &str) -> String {
    format!("Remove {host}")
}

pub fn confirm_forbid(host: &str) -> String {
    format!("Remove {host}? Webhooks on their way there are not sent any more.")
}
