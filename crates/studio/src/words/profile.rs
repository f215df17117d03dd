//! Words of the profile.

use service::Role;

pub const TITLE: &str = "Profile";
pub const NAMES: &str = "Name";
pub const GIVEN: &str = "Given name";
pub const FAMILY: &str = "Family name";
pub const PASSWORD: &str = "Password";
pub const PASSWORD_TEXT: &str =
    "Eight characters or more. Other browsers are signed out; tokens and devices stay.";
pub const OLD: &str = "Password you use now";
pub const NEW: &str = "New password";
pub const AGAIN: &str = "New password again";
pub const NOT_AGAIN: &str = "The two new passwords differ: type the same twice.";
pub const CHANGE_PASSWORD: &str = "Change password";
pub const EMAIL: &str = "E-mail address";
pub const EMAIL_TEXT: &str = "You sign in with it. Nothing is sent to it.";
pub const NEW_EMAIL: &str = "Your address";
pub const EMAIL_PROOF: &str = "Your password, to be sure";
pub const CHANGE_EMAIL: &str = "Change address";
pub const ORGANIZATIONS: &str = "Organizations";
pub const HERE: &str = "you work here";
pub const TURN: &str = "Work here";
pub const SESSIONS: &str = "Signed in now";
pub const SINCE: &str = "since";
pub const THIS_ONE: &str = "this browser";
pub const END: &str = "Sign out";
pub const END_OTHERS: &str = "Sign out everywhere else";
pub const HOOK_SECRET: &str = "Webhook secret";
pub const HOOK_SECRET_TEXT: &str =
    "Signs the webhooks of your jobs, so that receivers know they come from here.";
pub const SHOW_SECRET: &str = "Show it";
pub const RENEW_SECRET: &str = "Make a new one";
pub const RENEW_CONFIRM: &str =
    "Make a new secret? Receivers that know the old one refuse your webhooks until they learn the new one.";

/// A role for people.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Operator => "operator",
    }
}

/// A button for those who do not see the row.
pub fn turn_to(name: &str) -> String {
    format!("Work here: {name}")
}

/// A button for those who do not see the row.
pub fn end_named(browser: &str) -> String {
    format!("Sign out of {browser}")
}

/// An error's text as a sentence.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// A browser's own words, shortened to what people recognise.
pub fn browser(agent: &str) -> String {
    let named = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |list: &[(&str, &'static str)]| {
        list.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&named), find(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ if agent.is_empty() => "A browser".to_owned(),
        _ => agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_by_what_people_call_them() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome on Linux");
        assert_eq!(browser("curl/8.5"), "curl/8.5");
        assert_eq!(browser(""), "A browser");
        assert_eq!(sentence("the name is taken"), "The name is taken.");
    }
}
