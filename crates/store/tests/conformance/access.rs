//! Grants, devices, keys, sessions.

use store::{
    AccountId, GrantState, NewDeviceGrant, NewRefreshToken, OrganizationId, Session, Store, StoreError,
};

use crate::setting::{NOON, after, someone};

fn grant(device: u8, user_code: &str) -> NewDeviceGrant {
    NewDeviceGrant {
        device_hash: [device; 32],
        user_code: user_code.into(),
        client_id: "program".into(),
        scope: "offline_access".into(),
        expires_at: after(900),
    }
}

pub async fn a_grant_gives_tokens_once(store: Store) {
    let ada = someone(&store, "ada", 0).await;
    store.create_grant(&grant(1, "AAAA-BBBB"), NOON).await.expect("a grant");
    let taken = store.create_grant(&grant(2, "AAAA-BBBB"), NOON).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    let first = store.poll_grant(&[1; 32], after(5)).await.expect("an answer").expect("the grant");
    let second = store.poll_grant(&[1; 32], after(10)).await.expect("an answer").expect("the grant");
    assert_eq!((first.state, first.polled_at.0, second.polled_at), (GrantState::Pending, 0, after(5)));
    assert_eq!(store.exchange_grant(&[1; 32], [9; 32], after(6)).await.expect("an answer"), None);
    let who = Some((&ada.account.id, &ada.organization.id));
    assert!(store.decide_grant("AAAA-BBBB", who, after(7)).await.expect("an answer"));
    assert!(!store.decide_grant("AAAA-BBBB", None, after(8)).await.expect("an answer"), "decided is decided");
    let device =
        store.exchange_grant(&[1; 32], [9; 32], after(9)).await.expect("an answer").expect("a device");
    assert_eq!((&device.account_id, &device.organization_id), (&ada.account.id, &ada.organization.id));
    assert_eq!(store.exchange_grant(&[1; 32], [8; 32], after(9)).await.expect("an answer"), None);
    assert_eq!(
        store.use_refresh_token(&[9; 32], after(9)).await.expect("an answer").map(|it| it.id),
        Some(device.id)
    );
}

pub async fn a_declined_or_late_grant_gives_nothing(store: Store) {
    let ada = someone(&store, "ada", 0).await;
    let who: Option<(&AccountId, &OrganizationId)> = Some((&ada.account.id, &ada.organization.id));
    store.create_grant(&grant(1, "AAAA-BBBB"), NOON).await.expect("a grant");
    store.create_grant(&grant(2, "CCCC-DDDD"), NOON).await.expect("a grant");
    assert!(store.decide_grant("AAAA-BBBB", None, NOON).await.expect("an answer"));
    assert_eq!(store.exchange_grant(&[1; 32], [9; 32], NOON).await.expect("an answer"), None);
    let declined = store.grant_by_user_code("AAAA-BBBB").await.expect("an answer").expect("the grant");
    assert_eq!(declined.state, GrantState::Declined);
    assert!(!store.decide_grant("CCCC-DDDD", who, after(900)).await.expect("an answer"), "too late");
    assert!(store.decide_grant("CCCC-DDDD", who, after(899)).await.expect("an answer"));
    assert_eq!(store.exchange_grant(&[2; 32], [9; 32], after(900)).await.expect("an answer"), None);
    assert_eq!(store.grant_by_user_code("EEEE-FFFF").await.expect("an answer"), None);
}

pub async fn a_device_is_in_until_it_is_revoked(store: Store) {
    let (ada, eve) = (someone(&store, "ada", 0).await, someone(&store, "eve", 0).await);
    let new = |hash: u8| NewRefreshToken {
        hash: [hash; 32],
        account_id: ada.account.id.clone(),
        organization_id: ada.organization.id.clone(),
        client_id: "program".into(),
        scope: "offline_access".into(),
        name: "the shop's computer".into(),
    };
    let first = store.create_refresh_token(&new(1), NOON).await.expect("a device");
    let second = store.create_refresh_token(&new(2), after(1)).await.expect("a device");
    let used = store.use_refresh_token(&[1; 32], after(5)).await.expect("an answer").expect("the device");
    assert_eq!((used.last_used_at, &used.id), (Some(after(5)), &first.id));
    let ids: Vec<_> =
        store.refresh_tokens(&ada.account.id).await.expect("devices").into_iter().map(|it| it.id).collect();
    assert_eq!(ids, [second.id.clone(), first.id.clone()]);
    assert!(!store.revoke_device(&eve.account.id, &first.id, after(6)).await.expect("an answer"));
    assert!(store.revoke_device(&ada.account.id, &first.id, after(6)).await.expect("an answer"));
    assert!(store.revoke_refresh_token(&[2; 32], after(6)).await.expect("an answer"));
    assert!(!store.revoke_refresh_token(&[2; 32], after(6)).await.expect("an answer"));
    for (hash, id) in [(1, &first.id), (2, &second.id)] {
        assert_eq!(store.use_refresh_token(&[hash; 32], after(7)).await.expect("an answer"), None);
        assert_eq!(store.live_refresh_token(id).await.expect("an answer"), None);
    }
}

pub async fn the_youngest_key_signs_and_old_ones_verify(store: Store) {
    let old = store.add_signing_key("old", NOON).await.expect("a key");
    let young = store.add_signing_key("young", after(100)).await.expect("a key");
    let keys = store.signing_keys().await.expect("keys");
    let told: Vec<_> = keys.iter().map(|key| (key.id.clone(), key.retired_at)).collect();
    assert_eq!(told, [(young.clone(), None), (old, Some(after(100)))]);
    store.drop_signing_keys(after(100)).await.expect("dropped");
    assert_eq!(store.signing_keys().await.expect("keys").len(), 2);
    store.drop_signing_keys(after(101)).await.expect("dropped");
    let left: Vec<_> = store.signing_keys().await.expect("keys").into_iter().map(|key| key.id).collect();
    assert_eq!(left, [young]);
}

pub async fn a_session_ends(store: Store) {
    let ada = someone(&store, "ada", 0).await;
    let session = Session {
        account_id: ada.account.id.clone(),
        organization_id: ada.organization.id.clone(),
        agent: "a browser".into(),
        address: "127.0.0.1".into(),
        created_at: NOON,
        expires_at: after(60),
    };
    store.create_session(&[1; 32], &session).await.expect("a session");
    store.create_session(&[2; 32], &session).await.expect("a session");
    assert_eq!(store.session(&[1; 32], after(59)).await.expect("an answer"), Some(session));
    assert_eq!(store.session(&[1; 32], after(60)).await.expect("an answer"), None);
    assert_eq!(store.session(&[3; 32], NOON).await.expect("an answer"), None);
    store.end_session(&[2; 32]).await.expect("ended");
    assert_eq!(store.session(&[2; 32], NOON).await.expect("an answer"), None);
}
