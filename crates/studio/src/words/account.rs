//! Words that the pages of a person and of their organization share.

pub const SHOWN_ONCE: &str = "Copy it now: it is shown this once and kept nowhere.";
pub const SHOWN_ONCE_LABEL: &str = "Shown once";
pub const FIRST_STEPS: &str = "First steps";
pub const CHOOSE_BOTH: &str =
    "You use the password and the address this server was started with. Choose your own.";
pub const CHOOSE_PASSWORD: &str = "Your password was chosen by somebody else. Choose your own.";
pub const CHOOSE_EMAIL: &str = "You use the address this server was started with. Set your own.";
pub const TO_PROFILE: &str = "To your profile";
pub const NEVER: &str = "never";
pub const NAME: &str = "Name";
pub const CREATED: &str = "Created";
pub const LAST_USED: &str = "Last used";
pub const STATE: &str = "State";
pub const ACTIONS: &str = "Actions";
pub const REVOKE: &str = "Revoke";
pub const REVOKED: &str = "revoked";
pub const ACTIVE: &str = "active";
pub const ALL: &str = "All";
pub const FROM: &str = "From";
pub const TO: &str = "To";
pub const FILTER: &str = "Filter";
pub const SAVE: &str = "Save";
pub const TIME: &str = "Time";
pub const ONLY_ADMINS: &str = "Only admins of the organization can change this.";

/// What forms of these pages have done.
pub const NOTICES: &[(&str, &str)] = &[
    ("revoked", "Revoked. It opens nothing any more."),
    ("password", "Your password is changed. Other browsers are signed out."),
    ("email", "Your address is changed. Use it the next time you sign in."),
    ("names", "Your name is saved."),
    ("session-ended", "Signed out there."),
    ("turned", "You now work in this organization."),
    ("renamed", "The organization has its new name."),
    ("member-added", "Added to the organization."),
    ("role", "The role is changed."),
    ("member-removed", "Removed. Tokens, devices and sessions in this organization have ended."),
    ("host-allowed", "Webhooks may go there now."),
    ("host-forbidden", "Webhooks may not go there any more."),
    ("test-sent", "The test is on its way. Load the page again to see what came of it."),
    ("resent", "It is on its way again."),
    ("credits", "The credits are booked."),
    ("organization-saved", "The organization is changed."),
    ("organization-made", "The organization is made."),
    ("account-disabled", "The account can do nothing any more."),
    ("account-enabled", "The account can be used again."),
    ("account-operator", "The right to run the server is changed."),
    ("queue-job-cancelled", "The job is called off."),
    ("job-retried", "The job is in the queue again."),
    (
        "job-not-retried",
        "The job stays as it is: its files have gone, it is under way, or credits do not suffice.",
    ),
];

/// Asks before something is revoked.
pub fn confirm_revoke(name: &str) -> String {
    format!("Revoke \"{name}\"? What uses it stops working at once.")
}

/// Names a button's object for those who do not see the row.
pub fn revoke_named(name: &str) -> String {
    format!("Revoke {name}")
}
