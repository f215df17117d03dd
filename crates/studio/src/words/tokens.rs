//! Words of the token page.

pub const TITLE: &str = "Retouch tokens";
pub const ABOUT: &str = "A token lets a program retouch in your name through the Retouch4me API. Give each program one of \
    its own, so that you can revoke it alone. Its jobs are paid for by the organization you work in now.";
pub const NAME: &str = "What it is for";
pub const NAME_EXAMPLE: &str = "Lightroom on the studio computer";
pub const UNNAMED: &str = "without a name";
pub const ISSUE: &str = "Issue a token";
pub const TOKEN: &str = "The token";
pub const USE_IT: &str = "Try it in a terminal";
pub const COPY_LINE: &str = "Copy the line";
pub const ENDS_WITH: &str = "Ends with";
pub const NONE: &str = "No tokens yet.";

/// A command that starts a job with a token.
pub fn curl(server: &str, token: &str) -> String {
    format!(
        "curl {server}/api/v1/retoucher/start -F token={token} -F file=@portrait.jpg \\\n  \
         -F 'payload={{\"mode\":\"professional\",\"tasks\":[{{\"Plugin\":\"Heal\",\"Alpha1\":1}}]}}'"
    )
}
