//! Names of things: opaque texts that cannot be mixed up.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, sqlx::Type)]
        #[sqlx(transparent)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A new one, a random UUID.
            pub fn random() -> Self {
                Self(uuid::Uuid::new_v4().to_string())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Any text may be asked for; what names nothing is simply not found.
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// An organization: who pays.
    OrganizationId
);
id!(
    /// An account: a person or a program that signs in.
    AccountId
);
id!(
    /// A retouch token, by its row, never by its secret.
    TokenId
);
id!(
    /// A job, as clients know it.
    JobId
);
id!(
    /// A webhook message; the same for all its tries.
    DeliveryId
);
id!(
    /// A running worker process; new at each start, never used again.
    WorkerId
);
id!(
    /// A device's lasting right, by its row, never by its secret.
    RefreshTokenId
);
id!(
    /// A key that signs access tokens.
    SigningKeyId
);
id!(
    /// A workflow.
    WorkflowId
);
id!(
    /// One saved version of a workflow.
    WorkflowVersionId
);
id!(
    /// One attempt's right to a job: whoever does not hold it changes nothing.
    Lease
);

impl JobId {
    /// A name nobody can guess: 24 characters of `A-Z a-z 0-9 _ -` with more than 128 random bits. Knowing it is the
    /// only guard of a picture where the wire asks for no token. It never begins with a dash, which command lines
    /// would take for a flag.
    pub fn secret() -> Self {
        loop {
            let text = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 18]>());
            if !text.starts_with('-') {
                return Self(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_job_id_is_long_url_safe_and_never_the_same() {
        let ids: std::collections::HashSet<_> = (0..1000).map(|_| JobId::secret()).collect();
        assert_eq!(ids.len(), 1000);
        let safe = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        assert!(ids.iter().all(|id| !id.as_str().starts_with('-')));
        assert!(ids.iter().all(|id| id.as_str().len() == 24 && id.as_str().chars().all(safe)));
    }
}
