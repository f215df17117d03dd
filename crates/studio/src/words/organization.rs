//! Words of the organization page.

pub const TITLE: &str = "Organization";
pub const NAME: &str = "Name";
pub const NAME_LABEL: &str = "Name of the organization";
pub const RENAME: &str = "Rename";
pub const MEMBERS: &str = "Members";
pub const ROLES: &str =
    "Operators upload, run, review and read. Admins may also change workflows, members and this page.";
pub const PERSON: &str = "Person";
pub const ROLE: &str = "Role";
pub const YOU: &str = "you";
pub const DISABLED: &str = "disabled";
pub const CHANGE: &str = "Change";
pub const REMOVE: &str = "Remove";
pub const LEAVE: &str = "Leave";
pub const ADMIT: &str = "Add a member";
pub const ADMIT_TEXT: &str = "Whoever has an account here is added to the organization. For a new address an account is made; \
    you get a password to hand over, which its owner changes.";
pub const EMAIL: &str = "Their e-mail address";
pub const ADD: &str = "Add member";
pub const THEIR_EMAIL: &str = "They sign in with";
pub const THEIR_PASSWORD: &str = "Their first password";

pub fn role_of(email: &str) -> String {
    format!("Role of {email}")
}

pub fn change_role_of(email: &str) -> String {
    format!("Change the role of {email}")
}

pub fn remove_named(email: &str) -> String {
    format!("Remove {email}")
}

pub fn leave_named(organization: &str) -> String {
    format!("Leave {organization}")
}

pub fn confirm_remove(email: &str) -> String {
    format!("Take {email} out of the organization? Their tokens, devices and sessions here end at once.")
}
