//! The balance question: multipart as documented, url-encoded as real clients send it, JSON as the newer pages show it.

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use serde_json::Value;

use super::errors::Refusal;

/// Most modes asked for in one question.
const MAX_MODES: usize = 32;

/// What was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BalanceForm {
    /// The token, if it stood in the body.
    pub token: Option<String>,
    /// The modes, each once, in the order asked; `professional` when none was named.
    pub modes: Vec<String>,
}

impl BalanceForm {
    /// Reads a body of any of the three kinds. Without a usable Content-Type the first byte decides.
    ///
    /// # Errors
    /// 400 when the body is not what it says it is.
    pub async fn read(content_type: Option<&str>, body: &[u8]) -> Result<Self, Refusal> {
        let kind = content_type.unwrap_or_default().to_ascii_lowercase();
        let mut form = Self::default();
        if kind.starts_with("multipart/") {
            form.read_multipart(content_type.unwrap_or_default(), body).await?;
        } else if kind.contains("json") || body.trim_ascii_start().starts_with(b"{") {
            form.read_json(body)?;
        } else {
            for (name, value) in url::form_urlencoded::parse(body) {
                form.take(&name, value.into_owned());
            }
        }
        if form.modes.is_empty() {
            form.modes.push("professional".to_owned());
        }
        Ok(form)
    }

    async fn read_multipart(&mut self, content_type: &str, body: &[u8]) -> Result<(), Refusal> {
        let unreadable = || Refusal::bad("the form cannot be read: send retouchtoken and modes[]");
        let request = Request::post("/").header(CONTENT_TYPE, content_type);
        let request = request.body(Body::from(body.to_vec())).map_err(|_| unreadable())?;
        let mut form = Multipart::from_request(request, &()).await.map_err(|_| unreadable())?;
        while let Some(field) = form.next_field().await.map_err(|_| unreadable())? {
            let name = field.name().unwrap_or_default().to_owned();
            let value = field.bytes().await.map_err(|_| unreadable())?;
            self.take(&name, String::from_utf8_lossy(&value).into_owned());
        }
        Ok(())
    }

    fn read_json(&mut self, body: &[u8]) -> Result<(), Refusal> {
        if body.trim_ascii().is_empty() {
            return Ok(());
        }
        let value: Value = serde_json::from_slice(body)
            .map_err(|_| Refusal::bad("the body is not JSON: send {\"modes\": [\"professional\"]}"))?;
        let fields =
            value.as_object().ok_or_else(|| Refusal::bad("the body must be a JSON object with modes"))?;
        for (name, value) in fields {
            let values = match value {
                Value::Array(values) => values.as_slice(),
                single => std::slice::from_ref(single),
            };
            for text in values.iter().filter_map(Value::as_str) {
                self.take(name, text.to_owned());
            }
        }
        Ok(())
    }

    fn take(&mut self, name: &str, value: String) {
        match name {
            "retouchtoken" | "token" if self.token.is_none() => self.token = Some(value),
            name if name == "modes" || name.starts_with("modes[") => {
                let value = value.trim();
                let is_new = !self.modes.iter().any(|mode| mode == value);
                if is_new && !value.is_empty() && value.len() <= 64 && self.modes.len() < MAX_MODES {
                    self.modes.push(value.to_owned());
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(content_type: Option<&str>, body: &[u8]) -> Result<BalanceForm, Refusal> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(BalanceForm::read(content_type, body))
    }

    fn form(token: Option<&str>, modes: &[&str]) -> BalanceForm {
        let modes = modes.iter().map(|&mode| mode.to_owned()).collect();
        BalanceForm { token: token.map(str::to_owned), modes }
    }

    #[test]
    fn the_three_kinds_say_the_same() {
        let wanted = form(Some("t k"), &["professional", "retouch4fun"]);
        let encoded = b"retouchtoken=t+k&modes%5B%5D=professional&modes[]=retouch4fun";
        assert_eq!(read(Some("application/x-www-form-urlencoded"), encoded), Ok(wanted.clone()));
        assert_eq!(read(None, encoded), Ok(wanted.clone()));
        let json = br#"{"retouchtoken": "t k", "modes": ["professional", "retouch4fun"]}"#;
        assert_eq!(read(Some("application/json; charset=utf-8"), json), Ok(wanted.clone()));
        assert_eq!(read(None, json), Ok(wanted.clone()));
        let parts = [("retouchtoken", "t k"), ("modes[]", "professional"), ("modes[]", "retouch4fun")];
        let parts = parts.map(|(name, value)| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        });
        let multipart = parts.concat() + "--b--\r\n";
        assert_eq!(read(Some("multipart/form-data; boundary=b"), multipart.as_bytes()), Ok(wanted));
    }

    #[test]
    fn without_modes_professional_is_meant_and_each_counts_once() {
        assert_eq!(read(None, b""), Ok(form(None, &["professional"])));
        assert_eq!(read(Some("application/json"), b" "), Ok(form(None, &["professional"])));
        assert_eq!(read(None, b"modes=a&modes=a&modes[3]=b"), Ok(form(None, &["a", "b"])));
        assert_eq!(read(None, br#"{"modes":"x"}"#), Ok(form(None, &["x"])));
    }

    #[test]
    fn broken_bodies_are_refused() {
        for (kind, body) in [
            ("application/json", "{"),
            ("application/json", "[]"),
            ("multipart/form-data", "x"),
            ("multipart/form-data; boundary=b", "x"),
        ] {
            assert_eq!(
                read(Some(kind), body.as_bytes()).expect_err("refused").status(),
                400,
                "{kind} {body}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_body_is_a_question_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(form) = read(None, &body) {
                prop_assert!(!form.modes.is_empty() && form.modes.len() <= MAX_MODES);
            }
        }
    }
}
