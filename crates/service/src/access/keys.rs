//! The keys that sign access tokens: made when there is none, renewed every quarter, kept for as long as a token lives.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::{Value, json};
use store::{SigningKey, StoreError, Timestamp};
use tokio::sync::RwLock;

use super::ACCESS_LIFE;
use crate::Service;

/// Age at which a key stops signing.
const ROTATE: Duration = Duration::from_secs(90 * 24 * 3_600);
/// How long the keys are used before they are read again: another process may have made one.
const REREAD: Duration = Duration::from_secs(300);
/// How soon they may be read again for a key nobody knows.
const REREAD_UNKNOWN: Duration = Duration::from_secs(5);

/// The keys as they were read last.
#[derive(Default)]
pub(crate) struct Keyring(RwLock<Option<(Timestamp, Arc<Keys>)>>);

/// Keys, ready to be used.
pub(super) struct Keys {
    /// Name and secret of the key that signs.
    pub(super) signing: (String, EncodingKey),
    /// Keys that verify, by name.
    pub(super) verifying: HashMap<String, DecodingKey>,
    /// What others need to verify (RFC 7517).
    pub(super) published: Value,
}

impl Service {
    /// The public keys of our access tokens, as a JSON Web Key Set.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn published_keys(&self) -> Result<Value, StoreError> {
        Ok(self.keys(REREAD).await?.published.clone())
    }

    pub(super) async fn signing_keys(&self) -> Result<Arc<Keys>, StoreError> {
        self.keys(REREAD).await
    }

    /// The keys, read again when none of this name is among those at hand.
    pub(super) async fn keys_with(&self, name: &str) -> Result<Arc<Keys>, StoreError> {
        let keys = self.keys(REREAD).await?;
        if keys.verifying.contains_key(name) { Ok(keys) } else { self.keys(REREAD_UNKNOWN).await }
    }

    async fn keys(&self, fresh: Duration) -> Result<Arc<Keys>, StoreError> {
        let now = self.now();
        let at_hand = |kept: &Option<(Timestamp, Arc<Keys>)>| match kept {
            Some((read_at, keys)) if now.since(*read_at) < fresh => Some(keys.clone()),
            _ => None,
        };
        if let Some(keys) = at_hand(&*self.keyring().0.read().await) {
            return Ok(keys);
        }
        // Whoever comes second finds what the first has read.
        let mut kept = self.keyring().0.write().await;
        if let Some(keys) = at_hand(&kept) {
            return Ok(keys);
        }
        let keys = Arc::new(self.read_keys(now).await?);
        *kept = Some((now, keys.clone()));
        Ok(keys)
    }

    async fn read_keys(&self, now: Timestamp) -> Result<Keys, StoreError> {
        let store = self.store();
        let mut found = store.signing_keys().await?;
        let usable = |key: &SigningKey| key.retired_at.is_none() && now.since(key.created_at) < ROTATE;
        if !found.iter().any(usable) {
            store.add_signing_key(&new_secret()?, now).await?;
            // A retired key verifies until the last token it signed is over.
            store.drop_signing_keys(now.minus(ACCESS_LIFE * 2)).await?;
            found = store.signing_keys().await?;
        }
        Keys::read(&found)
    }
}

impl Keys {
    fn read(found: &[SigningKey]) -> Result<Self, StoreError> {
        let mut signing = None;
        let mut verifying = HashMap::new();
        let mut published = Vec::new();
        for key in found {
            let der = STANDARD.decode(&key.secret).map_err(corrupt)?;
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).map_err(corrupt)?;
            // An uncompressed point: 4, then two coordinates of 32 bytes.
            let point = pair.public_key().as_ref();
            let [x, y] = [&point[1..33], &point[33..65]].map(|part| URL_SAFE_NO_PAD.encode(part));
            verifying.insert(key.id.to_string(), DecodingKey::from_ec_components(&x, &y).map_err(corrupt)?);
            published.push(json!({
                "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key.id.as_str(), "x": x, "y": y,
            }));
            if signing.is_none() && key.retired_at.is_none() {
                signing = Some((key.id.to_string(), EncodingKey::from_ec_der(&der)));
            }
        }
        let signing = signing.ok_or_else(|| StoreError::Corrupt("no key signs".to_owned()))?;
        Ok(Self { signing, verifying, published: json!({ "keys": published }) })
    }
}

fn new_secret() -> Result<String, StoreError> {
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    Ok(STANDARD.encode(der.map_err(corrupt)?.as_ref()))
}

fn corrupt(error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("a signing key cannot be used: {error}"))
}
