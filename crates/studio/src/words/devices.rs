//! Words of the device page.

pub const TITLE: &str = "Devices";
pub const ABOUT: &str =
    "A device is a program that acts in your name through the AutoRetouch API until you revoke it.";
pub const APPROVE: &str = "A program shows a code";
pub const APPROVE_TEXT: &str = "Type the code to see what asks, then approve or decline.";
pub const CODE: &str = "The code";
pub const CONTINUE: &str = "Continue";
pub const ADD: &str = "A program asks for a refresh token";
pub const ADD_TEXT: &str = "Some connectors have a field to paste one into.";
pub const NAME: &str = "Name of the device";
pub const NAME_EXAMPLE: &str = "Shop connector";
pub const UNNAMED: &str = "without a name";
pub const ADD_BUTTON: &str = "Add device";
pub const REFRESH_TOKEN: &str = "The refresh token";
pub const USE_IT: &str = "How to use it";
pub const STEPS: [&str; 3] = [
    "Open the settings of the program or connector.",
    "Set this server's address as the address of the API and of the sign-in.",
    "Paste the refresh token. The program gets access tokens with it until you revoke the device.",
];
pub const SERVER: &str = "Server";
pub const CLIENT_ID: &str = "Client id";
pub const EXCHANGE: &str = "By hand, an access token for a day is got like this:";
pub const LIST: &str = "Devices let in";
pub const CLIENT: &str = "Program";
pub const PUBLISHED: &str = "AutoRetouch family";
pub const BY_CODE: &str = "let in by code";
pub const NONE: &str = "No devices yet.";

/// A command that gets an access token.
pub fn exchange(server: &str, client: &str) -> String {
    format!(
        "curl {server}/oauth/token -d grant_type=refresh_token \\\n  -d client_id={client} -d refresh_token=REFRESH_TOKEN"
    )
}
