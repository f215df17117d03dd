//! Signing in by the device flow: this program shows a code, a person confirms it in a browser.

use std::time::{Duration, Instant};

use crate::wire::{DeviceCode, Tokens};
use crate::{ClientError, Profile, Server};

/// A sign-in that waits for a person.
pub struct SignIn {
    server: Server,
    code: DeviceCode,
}

/// What the person has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// Open this.
    pub address: String,
    /// And see or type this there.
    pub code: String,
}

impl SignIn {
    /// Asks the server for a code.
    ///
    /// # Errors
    /// When the server cannot be reached or does not know this program.
    pub async fn begin(server: Server) -> Result<Self, ClientError> {
        let form =
            [("client_id", server.client_id()), ("scope", "offline_access"), ("audience", server.address())];
        let code = server.form("oauth/device/code", &form).await?;
        Ok(Self { server, code })
    }

    /// What the person has to do.
    pub fn confirmation(&self) -> Confirmation {
        let complete = self.code.verification_uri_complete.clone();
        Confirmation {
            address: complete.unwrap_or_else(|| self.code.verification_uri.clone()),
            code: self.code.user_code.clone(),
        }
    }

    /// Waits until the person has decided.
    ///
    /// # Errors
    /// [`ClientError::NotConfirmed`] when the request was declined or nobody decided in time.
    pub async fn wait(self) -> Result<Profile, ClientError> {
        let deadline = Instant::now() + Duration::from_secs(self.code.expires_in);
        let mut interval = Duration::from_secs(self.code.interval.max(1));
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", self.code.device_code.as_str()),
            ("client_id", self.server.client_id()),
        ];
        while Instant::now() < deadline {
            tokio::time::sleep(interval).await;
            match self.server.form::<Tokens>("oauth/token", &form).await {
                Ok(Tokens { refresh_token: Some(refresh_token), .. }) => {
                    return Ok(Profile { refresh_token, organization: None });
                }
                Ok(_) => return Err(ClientError::Garbled("there is no refresh token in it".into())),
                Err(ClientError::Refused { message, .. }) if message.starts_with("authorization_pending") => {
                }
                Err(ClientError::Refused { message, .. }) if message.starts_with("slow_down") => {
                    interval += Duration::from_secs(5);
                }
                Err(ClientError::Refused { message, .. }) if message.starts_with("access_denied") => {
                    return Err(ClientError::NotConfirmed("declined"));
                }
                Err(ClientError::Refused { message, .. }) if message.starts_with("expired_token") => break,
                Err(error) if error.passes() => {}
                Err(error) => return Err(error),
            }
        }
        Err(ClientError::NotConfirmed("not confirmed in time"))
    }
}
