//! Words of the frame and of many pages.

use crate::theme::Theme;

pub const NAVIGATION: &str = "Main";
pub const SKIP: &str = "Skip to the content";
pub const TRY: &str = "Try it";
pub const WORKFLOWS: &str = "Workflows";
pub const ORDERS: &str = "Orders";
pub const REVIEW: &str = "Review";
pub const ACCOUNT: &str = "Account";
pub const PROFILE: &str = "Profile";
pub const TOKENS: &str = "Retouch tokens";
pub const DEVICES: &str = "Devices";
pub const ORGANIZATION: &str = "Organization";
pub const ORGANIZATIONS: &str = "Your organizations";
pub const CREDITS: &str = "Credits and usage";
pub const WEBHOOKS: &str = "Webhooks";
pub const API: &str = "API";
pub const OPERATOR: &str = "Operator";
pub const SIGN_OUT: &str = "Sign out";
pub const TO_START: &str = "To the start page";
pub const THEME: &str = "Surroundings";
pub const PAGES: &str = "Pages of the list";
pub const NEWER: &str = "Newer";
pub const OLDER: &str = "Older";
pub const COPY: &str = "Copy";

/// What forms of these pages have done.
pub const NOTICES: &[(&str, &str)] = &[("saved", "Saved.")];

/// A theme's name.
pub fn theme(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "System",
        Theme::Light => "Light",
        Theme::Dark => "Dark",
    }
}
