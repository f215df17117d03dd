//! Words of the sign-in page.

pub const TITLE: &str = "Sign in";
pub const EMAIL: &str = "E-mail address";
pub const PASSWORD: &str = "Password";
pub const BUTTON: &str = "Sign in";
pub const FIRST: &str = "New here? Address and password of the administrator were printed in the terminal, when the \
    server was started the first time.";
pub const WRONG: &str = "Address or password are wrong";
pub const TOO_MANY: &str = "There were too many tries: wait a quarter of an hour";
pub const OUT_OF_DATE: &str =
    "This form is out of date: fill it in again. Cookies must be allowed for this page.";
