//! Accounts, tokens, credits, the list of hosts, the book of deeds.

use store::{Founding, NewToken, OrganizationChange, Role, Store, StoreError};

use crate::setting::{NOON, after, someone};

pub async fn names_are_unique_and_found_in_any_case(store: Store) {
    assert!(store.is_empty().await.expect("an answer"));
    let ada = someone(&store, "Ada", 0).await;
    assert!(!store.is_empty().await.expect("an answer"));
    let found = store.account_by_email("ADA@EXAMPLE.org").await.expect("an answer");
    assert_eq!(found.as_ref(), Some(&ada.account));
    assert_eq!(
        store.organizations_of(&ada.account.id).await.expect("an answer"),
        [(ada.organization.clone(), Role::Admin)]
    );
    let again =
        store::NewOrganization { name: "Ada".into(), unmetered: false, daily_allowance: None, priority: 0 };
    let refused = store.create_organization(&again, NOON).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let change = OrganizationChange { unmetered: Some(true), daily_allowance: Some(Some(7)), priority: None };
    store.set_organization(&ada.organization.id, &change).await.expect("a change");
    let changed = store.organization_named("Ada").await.expect("an answer").expect("Ada");
    assert!(changed.unmetered && changed.daily_allowance == Some(7) && changed.priority == 0);
}

pub async fn a_token_counts_until_it_is_revoked(store: Store) {
    let ada = someone(&store, "ada", 0).await;
    let new = NewToken {
        account_id: ada.account.id.clone(),
        organization_id: ada.organization.id.clone(),
        name: "shop".into(),
        hash: [7; 32],
        hint: "wxyz".into(),
    };
    let token = store.create_token(&new, NOON).await.expect("a token");
    let holder = store.token_holder(&[7; 32]).await.expect("an answer").expect("a holder");
    assert_eq!(
        (&holder.token, &holder.account, &holder.organization),
        (&token, &ada.account, &ada.organization)
    );
    assert!(store.token_holder(&[8; 32]).await.expect("an answer").is_none());
    store.touch_token(&token.id, after(5)).await.expect("a note");
    assert_eq!(store.tokens(&ada.account.id).await.expect("tokens")[0].last_used_at, Some(after(5)));
    assert!(store.revoke_token(&token.id, after(9)).await.expect("an answer"));
    assert!(!store.revoke_token(&token.id, after(9)).await.expect("an answer"));
    assert!(store.token_holder(&[7; 32]).await.expect("an answer").is_none());
}

pub async fn credits_add_up(store: Store) {
    let ada = someone(&store, "ada", 10).await;
    let id = &ada.organization.id;
    assert_eq!(store.add_credits(id, 5, "gift", "operator", NOON).await.expect("a balance"), 15);
    assert_eq!(store.add_credits(id, -3, "mistake", "operator", NOON).await.expect("a balance"), 12);
    let ledger = store.ledger(id, 10).await.expect("a ledger");
    assert_eq!(ledger.iter().map(|entry| entry.amount).sum::<i64>(), ledger[0].balance);
    assert_eq!(ledger.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(ada.balance(&store).await, 12);
}

pub async fn hosts_and_deeds_are_kept(store: Store) {
    store.allow_host("*.Example.org", false, "operator", NOON).await.expect("a host");
    store.allow_host("*.example.org", true, "operator", NOON).await.expect("a host");
    let hosts = store.allowed_hosts().await.expect("hosts");
    assert_eq!(
        hosts.iter().map(|host| (host.pattern.as_str(), host.private)).collect::<Vec<_>>(),
        [("*.example.org", true)]
    );
    assert!(store.forbid_host("*.EXAMPLE.org").await.expect("an answer"));
    assert!(!store.forbid_host("*.example.org").await.expect("an answer"));
    store.audit("operator", "host.forbid", "*.example.org", "", NOON).await.expect("a note");
    assert_eq!(store.audit_log(5).await.expect("deeds")[0].action, "host.forbid");
}

pub async fn a_zero_byte_names_nothing_and_is_kept_as_another_character(store: Store) {
    assert_eq!(store.job(&"a\0b".into()).await.expect("an answer"), None);
    assert_eq!(store.account_by_email("a\0@example.org").await.expect("an answer"), None);
    let ada = someone(&store, "ada", 0).await;
    assert_eq!(store.batches(&ada.organization.id, Some("\0"), 10, 0).await.expect("an answer").1, 0);
    store.audit("operator", "host.forbid", "a\0b", "", NOON).await.expect("a note");
    assert_eq!(store.audit_log(1).await.expect("deeds")[0].target, "a\u{fffd}b");
}

pub async fn of_many_founders_one_founds(store: Store) {
    let founding = |number: usize| Founding {
        organization: "Atelier".into(),
        credits: 100,
        note: "welcome".into(),
        actor: "first start".into(),
        email: format!("Admin{number}@localhost"),
        password_hash: "hash".into(),
        hook_secret: "secret".into(),
    };
    let tries = (0..8).map(|number| {
        let (store, founding) = (store.clone(), founding(number));
        tokio::spawn(async move { store.found(founding, NOON).await.expect("an answer") })
    });
    let mut founded = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        founded.extend(one.await.expect("an end"));
    }
    let [(organization, account)] = &founded[..] else { panic!("{founded:?}") };
    assert_eq!(store.accounts().await.expect("accounts"), std::slice::from_ref(account));
    assert_eq!(
        store.organizations_of(&account.id).await.expect("an answer"),
        [(organization.clone(), Role::Admin)]
    );
    let ledger = store.ledger(&organization.id, 10).await.expect("a ledger");
    assert_eq!(ledger.iter().map(|entry| entry.amount).collect::<Vec<_>>(), [100]);
}
