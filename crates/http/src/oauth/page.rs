//! The pages of `/activate`: plain HTML that works without scripts, in the light and in the dark, on a phone.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use service::{ContentHash, Member, Organization, PUBLISHED_CLIENT};

use crate::api_page::text::escaped;
use crate::browser::theme::Theme;

const STYLE: &str = include_str!("page.css");
/// The colours of the dark, laid over those of the light.
const DARK: &str = include_str!("dark.css");
/// The sign of the house, as on the pages of the studio.
const BRAND: &str = "<p class=\"brand\"><svg class=\"mark\" viewBox=\"0 0 24 24\" aria-hidden=\"true\" focusable=\"false\">\
    <rect x=\"2.5\" y=\"3.5\" width=\"19\" height=\"17\" rx=\"2.5\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.8\"/>\
    <path d=\"M12 3.5v17\" stroke=\"currentColor\" stroke-width=\"1.8\"/>\
    <path d=\"M12 8.2a3.8 3.8 0 0 1 0 7.6z\" fill=\"currentColor\"/>\
    <path d=\"M12 8.2a3.8 3.8 0 0 0 0 7.6\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.4\"/></svg>\
    <span>Atelier</span></p>";

/// Nothing but these styles, and forms to this server alone.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}' 'sha256-{}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        digest(STYLE),
        digest(DARK)
    );
    HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
});

/// The SHA-256 of a style as a policy names it.
fn digest(style: &str) -> String {
    let hex = ContentHash::of(style.as_bytes()).hex();
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).filter_map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect();
    STANDARD.encode(bytes)
}

/// What stands in every form.
#[derive(Clone, Copy)]
pub struct Form<'a> {
    /// Proves that the form is ours.
    pub token: &'a str,
    /// The code that was typed or came with the address; may be empty.
    pub code: &'a str,
    /// What went wrong before; may be empty.
    pub trouble: &'a str,
}

/// Asks for address and password.
pub fn sign_in(status: StatusCode, form: Form<'_>, email: &str) -> Response {
    let content = format!(
        "<h1>Sign in</h1><p class=\"soft\">A program asks to work with your pictures. Sign in to see which.</p>{}\
         <form method=\"post\" action=\"/activate\">{}<input type=\"hidden\" name=\"action\" value=\"sign_in\">\
         <label for=\"email\">E-mail address</label>\
         <input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" required value=\"{}\">\
         <label for=\"password\">Password</label>\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required>\
         <button class=\"main\">Sign in</button></form>",
        trouble(form.trouble),
        hidden(form),
        escaped(email),
    );
    answer(status, "Sign in", &content, "")
}

/// Asks for the code that a program shows.
pub fn enter_code(status: StatusCode, form: Form<'_>, member: &Member) -> Response {
    let content = format!(
        "<h1>Let a program in</h1>{}<form method=\"get\" action=\"/activate\">\
         <label for=\"code\">The code that the program shows</label>\
         <input id=\"code\" name=\"user_code\" class=\"code\" autocomplete=\"off\" autocapitalize=\"characters\" \
         spellcheck=\"false\" required maxlength=\"20\" placeholder=\"XXXX-XXXX\" value=\"{}\">\
         <button class=\"main\">Continue</button></form>",
        trouble(form.trouble),
        escaped(form.code),
    );
    answer(status, "Let a program in", &content, &who(form, member))
}

/// Shows what is asked for, and lets the person decide.
pub fn confirm(
    form: Form<'_>,
    client: &str,
    asked_at: &str,
    organizations: &[Organization],
    member: &Member,
) -> Response {
    let content = format!(
        "<h1>Let this program in?</h1><p class=\"code\">{}</p>\
         <p>{} asked at {} to upload pictures, run workflows and fetch results in your name, until you sign it \
         out.</p><p><strong>Approve only if you started it yourself and it shows this very code.</strong></p>\
         <form method=\"post\" action=\"/activate\">{}{}\
         <button class=\"main\" name=\"action\" value=\"approve\">Approve</button>\
         <button name=\"action\" value=\"decline\">Decline</button></form>",
        escaped(form.code),
        program(client),
        escaped(asked_at),
        hidden(form),
        choice(organizations, member),
    );
    answer(StatusCode::OK, "Let this program in?", &content, &who(form, member))
}

/// Tells how it ended.
pub fn outcome(status: StatusCode, title: &str, text: &str) -> Response {
    let content = format!("<h1>{}</h1><p role=\"status\">{}</p>", escaped(title), escaped(text));
    answer(status, title, &content, "")
}

fn choice(organizations: &[Organization], member: &Member) -> String {
    let [_, _, ..] = organizations else {
        return format!("<p>For <strong>{}</strong></p>", escaped(&member.organization.name));
    };
    let options: String = organizations
        .iter()
        .map(|one| {
            let selected = if one.id == member.organization.id { " selected" } else { "" };
            format!(
                "<option value=\"{}\"{selected}>{}</option>",
                escaped(one.id.as_str()),
                escaped(&one.name)
            )
        })
        .collect();
    format!(
        "<label for=\"organization\">For which organization</label>\
         <select id=\"organization\" name=\"organization\">{options}</select>"
    )
}

fn program(client: &str) -> String {
    if client == PUBLISHED_CLIENT {
        "A program of the AutoRetouch family".to_owned()
    } else {
        format!("The program <code>{}</code>", escaped(client))
    }
}

fn who(form: Form<'_>, member: &Member) -> String {
    format!(
        "<footer><span>Signed in as {} · <a href=\"/studio/devices\">Your devices</a></span><form method=\"post\" action=\"/activate\">{}\
         <button name=\"action\" value=\"sign_out\">Sign out</button></form></footer>",
        escaped(&member.account.email),
        hidden(form),
    )
}

fn hidden(form: Form<'_>) -> String {
    let field = |name: &str, value: &str| {
        format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value))
    };
    field("form_token", form.token) + &field("user_code", form.code)
}

fn trouble(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("<p class=\"bad\" role=\"alert\">{}</p>", escaped(text))
    }
}

/// What a page says, kept beside its response until it is known how it shall look.
#[derive(Clone)]
struct Page {
    title: String,
    content: String,
    foot: String,
}

impl Page {
    fn html(&self, theme: Theme) -> String {
        let Self { title, content, foot } = self;
        let dark = match theme {
            Theme::System => format!("<style media=\"(prefers-color-scheme: dark)\">{DARK}</style>"),
            Theme::Light => String::new(),
            Theme::Dark => format!("<style>{DARK}</style>"),
        };
        format!(
            "<!doctype html><html lang=\"en\" data-theme=\"{}\"><head><meta charset=\"utf-8\"><title>{} · Atelier</title>\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>{STYLE}</style>{dark}</head>\
             <body><main>{BRAND}<section>{content}</section>{foot}</main></body></html>",
            theme.name(),
            escaped(title)
        )
    }
}

/// Gives a page of this module the looks that its reader chose.
pub fn in_theme(mut response: Response, theme: Theme) -> Response {
    if let Some(page) = response.extensions_mut().remove::<Page>() {
        *response.body_mut() = Body::from(page.html(theme));
    }
    response
}

fn answer(status: StatusCode, title: &str, content: &str, foot: &str) -> Response {
    let page = Page { title: title.to_owned(), content: content.to_owned(), foot: foot.to_owned() };
    let mut response = Response::new(Body::from(page.html(Theme::System)));
    response.extensions_mut().insert(page);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    // Without any referrer, browsers would not say where a form comes from.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
