//! The first start of an empty house, and its tokens.

use service::{TokenError, issue_token, verify_password};

use crate::setting::{House, quick};

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_house_is_usable_at_once_and_only_once() {
    let house = House::new(quick()).await;
    assert_eq!(house.service.first_start().await.unwrap(), None);
    assert!(house.caller.account.operator && house.balance().await > 0);
    let hash = house.caller.account.password_hash.clone().expect("a password");
    assert!(!verify_password(&hash, "guess").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_known_by_their_hash_until_they_are_revoked() {
    let house = House::new(quick()).await;
    let (service, caller) = (&house.service, &house.caller);
    let now = service.now();
    let issued = issue_token(service.store(), &caller.account.id, &caller.organization.id, "laptop", now)
        .await
        .unwrap();
    assert!(issued.text.starts_with("atelier_") && issued.text.len() > 40);
    let quoted = format!(" \"{}\"\n", issued.text);
    let known = service.retouch_token(&quoted).await.unwrap();
    assert_eq!((known.account.id.clone(), known.token.name.as_str()), (caller.account.id.clone(), "laptop"));
    assert!(issued.text.ends_with(&known.token.hint));

    assert!(matches!(service.retouch_token(" \"\" ").await, Err(TokenError::Missing)));
    assert!(matches!(service.retouch_token("atelier_x").await, Err(TokenError::Unknown)));
    assert!(service.store().revoke_token(&known.token.id, now).await.unwrap());
    assert!(matches!(service.retouch_token(&issued.text).await, Err(TokenError::Unknown)));
}
