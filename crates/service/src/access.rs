//! Who may come in: devices that act for people, their tokens, and people at a browser.
//!
//! The device authorization grant of RFC 8628 with the habits of the published clients (specification section 4): polling
//! is forgiven, refresh tokens are not rotated, an access token dies with the device it belongs to.

mod bearer;
mod device;
mod keys;
mod session;
mod sign_in;
mod throttle;

use std::time::Duration;

use store::StoreError;

pub use bearer::{AccessToken, Member};
pub use device::{DeviceStart, DeviceTokens};
pub use session::OpenSession;
pub use sign_in::{SignIn, SignedIn};

pub(crate) use keys::Keyring;
pub(crate) use throttle::Throttle;

/// The client id that every published client carries.
pub const PUBLISHED_CLIENT: &str = "V8EkfbxtBi93cAySTVWAecEum4d6pt4J";
/// Lifetime of an access token.
pub const ACCESS_LIFE: Duration = Duration::from_secs(24 * 3_600);

/// Why somebody may not come in.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// No program of this name.
    #[error("this client is not known here")]
    UnknownClient,
    /// Nobody has decided on the device yet.
    #[error("the request has not been confirmed yet")]
    Pending,
    /// Asked again too soon.
    #[error("asked too often: wait for the interval")]
    SlowDown,
    /// A person declined.
    #[error("the request was declined")]
    Declined,
    /// The device code is too old.
    #[error("the device code has expired: begin anew")]
    Expired,
    /// Unknown, used or revoked.
    #[error("the code or token is unknown, used or revoked")]
    InvalidGrant,
    /// The access token does not count.
    #[error("the access token is missing, expired, revoked or not ours")]
    BadToken,
    /// Address or password are wrong.
    #[error("address or password are wrong")]
    WrongPassword,
    /// Too many tries.
    #[error("too many tries: wait a few minutes")]
    TooManyTries,
    /// The database, or the keys in it.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}
