//! The fields of a request: a form as the standards say, percent-encoded or not, or JSON as a published client sends it.

use axum::extract::Request;
use serde_json::Value;

use super::errors::Refusal;
use crate::app::Doors;
use crate::body::small;

/// Longest body.
const MAX_BODY: u64 = 64 * 1024;

/// The fields of a body.
#[derive(Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a body. What begins with a brace is JSON, whatever it says it is.
    ///
    /// # Errors
    /// `invalid_request` when it cannot be read.
    pub async fn read(doors: &Doors, request: Request) -> Result<Self, Refusal> {
        let body = small(request.into_body(), doors.settings.uploads, MAX_BODY).await;
        Self::of(&body.map_err(|trouble| Refusal::invalid(trouble.to_string()))?)
    }

    pub(super) fn of(body: &[u8]) -> Result<Self, Refusal> {
        if !body.trim_ascii_start().starts_with(b"{") {
            return Ok(Self(url::form_urlencoded::parse(body.trim_ascii()).into_owned().collect()));
        }
        let value: Value =
            serde_json::from_slice(body).map_err(|_| Refusal::invalid("the body is no JSON object"))?;
        let fields = value.as_object().into_iter().flatten();
        let texts = fields.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        Ok(Self(texts.collect()))
    }

    /// A field that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(given, value)| given == name && !value.trim().is_empty());
        found.map(|(_, value)| value.trim())
    }

    /// A field as it was written, white space and all.
    pub fn exactly(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// `invalid_request` that names it.
    pub fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::invalid(format!("{name} is missing")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_encoded_or_not_and_json_too() {
        for body in [
            "grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=a-b_c~d.e&client_id=x",
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=a-b_c%7Ed.e&&client_id=x&",
            r#" {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "a-b_c~d.e", "client_id": "x", "n": 1}"#,
        ] {
            let Ok(fields) = Fields::of(body.as_bytes()) else { panic!("{body}") };
            assert_eq!(fields.get("grant_type"), Some("urn:ietf:params:oauth:grant-type:device_code"));
            assert_eq!(fields.get("device_code"), Some("a-b_c~d.e"), "{body}");
            assert_eq!(fields.get("client_id"), Some("x"));
        }
        assert!(Fields::of(b"{").is_err());
        assert!(Fields::of(b"").is_ok_and(|fields| fields.need("client_id").is_err()));
    }
}
