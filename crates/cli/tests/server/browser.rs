//! A person at a browser: signs in on `/activate` and confirms a device, by forms as a browser without scripts sends
//! them.

use reqwest::header::{CONTENT_TYPE, COOKIE, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};

/// A browser with its cookies.
pub struct Browser {
    http: Client,
    base: String,
    cookies: Vec<(String, String)>,
}

impl Browser {
    /// A new one at a server's door.
    pub fn new(base: &str) -> Self {
        let http = Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { http, base: base.to_owned(), cookies: Vec::new() }
    }

    /// Opens the address that a device shows, signs in, and decides; gives the last page.
    pub async fn decide(&mut self, address: &str, email: &str, password: &str, action: &str) -> String {
        let code = address.rsplit_once("user_code=").expect("a code in the address").1;
        let (status, page) = self.send(self.http.get(address)).await;
        assert_eq!(status, 200, "{page}");
        let token = hidden(&page, "form_token");
        let fields = [
            ("action", "sign_in"),
            ("form_token", &token),
            ("user_code", code),
            ("email", email),
            ("password", password),
        ];
        let (status, page) = self.post(&fields).await;
        assert_eq!(status, 303, "{page}");
        let (_, page) = self.send(self.http.get(address)).await;
        assert!(page.contains(code), "the code is shown: {page}");
        let token = hidden(&page, "form_token");
        let (status, page) =
            self.post(&[("action", action), ("form_token", &token), ("user_code", code)]).await;
        assert_eq!(status, 200, "{page}");
        page
    }

    async fn post(&mut self, fields: &[(&str, &str)]) -> (u16, String) {
        let form = self.http.post(format!("{}/activate", self.base)).header(ORIGIN, &self.base);
        self.send(with_form(form, fields)).await
    }

    async fn send(&mut self, request: RequestBuilder) -> (u16, String) {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header(COOKIE, cookies.join("; ")).send().await.expect("an answer");
        for header in answer.headers().get_all(SET_COOKIE) {
            let (name, rest) = header.to_str().expect("text").split_once('=').expect("a pair");
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), rest.split(';').next().unwrap_or_default().to_owned()));
        }
        (answer.status().as_u16(), answer.text().await.expect("a page"))
    }
}

/// A request with the fields of a form.
pub fn with_form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let encoded = Url::parse_with_params("http://form/", fields).expect("an address");
    let body = encoded.query().unwrap_or_default().to_owned();
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1);
    after.and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("no {name} in {page}")).to_owned()
}
