//! The page where people confirm programs: by hand, as a browser without scripts sends it.

use reqwest::{Method, RequestBuilder};
use service::PUBLISHED_CLIENT;
use store::{NewOrganization, Role};

use crate::desk::{Answer, Desk};
use crate::shop::{PASSWORD, Shop};

/// A browser: one cookie jar, its own origin.
struct Browser<'a> {
    desk: &'a Desk,
    cookies: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    fn new(desk: &'a Desk) -> Self {
        Self { desk, cookies: Vec::new() }
    }

    fn dressed(&self, request: RequestBuilder) -> RequestBuilder {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.header("cookie", cookies.join("; "))
    }

    async fn send(&mut self, request: RequestBuilder) -> Answer {
        let answer = self.desk.send(self.dressed(request)).await;
        for header in answer.headers.get_all("set-cookie") {
            let text = header.to_str().expect("text");
            assert!(text.contains("; HttpOnly; SameSite=Strict"), "{text}");
            let (name, rest) = text.split_once('=').expect("a pair");
            let value = rest.split(';').next().expect("a value");
            self.cookies.retain(|(known, _)| known != name);
            if !text.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    async fn open(&mut self, path: &str) -> Answer {
        self.send(self.desk.request(Method::GET, path)).await
    }

    async fn post(&mut self, fields: &[(&str, &str)]) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        fields.iter().for_each(|(name, value)| {
            body.append_pair(name, value);
        });
        let request = self.desk.post("/activate").header("origin", &self.desk.url);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body.finish());
        self.send(request).await
    }

    async fn sign_in(&mut self, shop: &Shop, code: &str) {
        let page = self.open(&format!("/activate?user_code={code}")).await.text();
        let token = field(&page, "form_token");
        let fields = [
            ("action", "sign_in"),
            ("form_token", token.as_str()),
            ("user_code", code),
            ("email", shop.account.email.as_str()),
            ("password", PASSWORD),
        ];
        let answer = self.post(&fields).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, format!("/activate?user_code={code}").as_str())
        );
    }
}

/// The value of a hidden field.
fn field(page: &str, name: &str) -> String {
    let after =
        page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("{name}: {page}"));
    after.split('"').next().expect("a value").to_owned()
}

async fn asked(desk: &Desk) -> (String, String) {
    let start = desk.service.begin_device(PUBLISHED_CLIENT, "offline_access").await.expect("codes");
    (start.user_code, start.device_code)
}

#[tokio::test]
async fn a_person_signs_in_sees_the_code_and_approves() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let (code, device) = asked(&desk).await;
    let mut browser = Browser::new(&desk);
    let first = browser.open(&format!("/activate?user_code={code}")).await;
    assert_eq!((first.status, first.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = first.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"));
    assert_eq!((first.header("x-frame-options"), first.header("cache-control")), ("DENY", "no-store"));
    assert!(!first.text().contains("<script"));
    assert!(!first.text().contains(PUBLISHED_CLIENT), "nothing is told to strangers");

    browser.sign_in(&shop, &code).await;
    let page = browser.open(&format!("/activate?user_code={}", code.to_lowercase())).await.text();
    assert!(page.contains(&code) && page.contains("AutoRetouch") && page.contains("north"), "{page}");
    let token = field(&page, "form_token");
    let approve = [("action", "approve"), ("form_token", token.as_str()), ("user_code", code.as_str())];
    let answer = browser.post(&approve).await;
    assert!(answer.status == 200 && answer.text().contains("Approved"), "{}", answer.text());
    assert!(desk.service.poll_device(PUBLISHED_CLIENT, &device).await.is_ok());
    assert_eq!(browser.post(&approve).await.status, 404, "decided once");

    let (code, device) = asked(&desk).await;
    let page = browser.open(&format!("/activate?user_code={code}")).await.text();
    let token = field(&page, "form_token");
    let decline = [("action", "decline"), ("form_token", token.as_str()), ("user_code", code.as_str())];
    assert!(browser.post(&decline).await.text().contains("Declined"));
    assert!(matches!(
        desk.service.poll_device(PUBLISHED_CLIENT, &device).await,
        Err(service::AccessError::Declined)
    ));

    let out = browser.post(&[("action", "sign_out"), ("form_token", token.as_str())]).await;
    assert_eq!(out.status, 303);
    assert!(browser.open("/activate").await.text().contains("type=\"password\""), "signed out");
}

#[tokio::test]
async fn the_organization_is_chosen_when_there_are_several() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let other = desk.shop("foreign", 0).await;
    let new =
        NewOrganization { name: "South <2>".into(), unmetered: false, daily_allowance: None, priority: 0 };
    let south = desk.store.create_organization(&new, desk.now()).await.expect("an organization");
    desk.store.add_member(&south.id, &shop.account.id, Role::Operator).await.expect("a member");
    let (code, device) = asked(&desk).await;
    let mut browser = Browser::new(&desk);
    browser.sign_in(&shop, &code).await;
    let page = browser.open(&format!("/activate?user_code={code}")).await.text();
    assert!(page.contains("South &lt;2&gt;") && page.contains("<select"), "{page}");
    assert!(!page.contains("foreign"));
    let token = field(&page, "form_token");
    let mut fields =
        vec![("action", "approve"), ("form_token", token.as_str()), ("user_code", code.as_str())];
    fields.push(("organization", other.organization.id.as_str()));
    assert_eq!(browser.post(&fields).await.status, 403, "not one of theirs");
    fields[3].1 = south.id.as_str();
    assert_eq!(browser.post(&fields).await.status, 200);
    let tokens = desk.service.poll_device(PUBLISHED_CLIENT, &device).await.expect("tokens");
    let member = desk.service.member(&tokens.access.text).await.expect("a member");
    assert_eq!((member.organization.id, member.role), (south.id, Role::Operator));
}

#[tokio::test]
async fn forms_that_others_send_do_nothing() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let (code, device) = asked(&desk).await;
    let mut browser = Browser::new(&desk);
    browser.sign_in(&shop, &code).await;
    let page = browser.open(&format!("/activate?user_code={code}")).await.text();
    let body = format!("action=approve&form_token={}&user_code={code}", field(&page, "form_token"));
    let posts: [(&str, &str, &str); 5] = [
        ("origin", "https://evil.example", &body),
        ("origin", "null", &body),
        ("sec-fetch-site", "cross-site", &body),
        ("x-nothing", "said", &body),
        ("origin", &desk.url, &format!("action=approve&user_code={code}&form_token=guess")),
    ];
    for (name, value, body) in posts {
        let request = desk.post("/activate").header(name, value).body(body.to_owned());
        assert_eq!(browser.send(request).await.status, 403, "{name}: {value}");
    }
    // The token of another browser's sign-in form signs nobody in.
    let stranger = Browser::new(&desk).open("/activate").await.text();
    let mut victim = Browser::new(&desk);
    victim.open("/activate").await;
    let token = field(&stranger, "form_token");
    let fields = [
        ("action", "sign_in"),
        ("form_token", &token),
        ("email", &shop.account.email),
        ("password", PASSWORD),
    ];
    assert_eq!(victim.post(&fields).await.status, 403);
    assert!(matches!(
        desk.service.poll_device(PUBLISHED_CLIENT, &device).await,
        Err(service::AccessError::Pending)
    ));
}

#[tokio::test]
async fn wrong_passwords_and_wrong_codes_are_counted() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let mut browser = Browser::new(&desk);
    browser.sign_in(&shop, "BCDF-GHJK").await;
    let mut statuses = Vec::new();
    for _ in 0..25 {
        statuses.push(browser.open("/activate?user_code=BCDF-GHJK").await.status);
    }
    assert_eq!((statuses[0], statuses[24]), (404, 429));
    let mut thief = Browser::new(&desk);
    let mut page = thief.open("/activate").await.text();
    let mut last = 0;
    for _ in 0..12 {
        let token = field(&page, "form_token");
        let fields = [
            ("action", "sign_in"),
            ("form_token", &token),
            ("email", &shop.account.email),
            ("password", "guess"),
        ];
        let answer = thief.post(&fields).await;
        assert!(answer.status == 401 || answer.status == 429, "{}", answer.status);
        (last, page) = (answer.status, answer.text());
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn the_page_looks_as_its_reader_chose_and_windows_do_not_get_into_each_others_way() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let mut browser = Browser::new(&desk);
    let first = browser.open("/activate").await.text();
    assert!(first.contains("data-theme=\"system\""), "{first}");
    browser.cookies.push(("atelier_theme".to_owned(), "dark".to_owned()));
    let second = browser.open("/activate").await.text();
    assert!(second.contains("data-theme=\"dark\""), "{second}");
    // The form of the window that was opened first still counts.
    let fields = [
        ("action", "sign_in"),
        ("form_token", &field(&first, "form_token")),
        ("email", &shop.account.email),
        ("password", "wrong"),
    ];
    let answer = browser.post(&fields).await;
    assert!(answer.status == 401 && answer.text().contains("data-theme=\"dark\""), "{}", answer.status);
    let right = fields.map(|(name, value)| (name, if name == "password" { PASSWORD } else { value }));
    assert_eq!(browser.post(&right).await.status, 303);
    assert!(browser.open("/activate").await.text().contains("data-theme=\"dark\""));
}
