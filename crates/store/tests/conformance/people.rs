//! People at their pages: members, sessions, usage, searches.

use store::{
    AccountChange, AuditFilter, DeliverySearch, DeliveryState, Dialect, LedgerFilter, LedgerKind,
    MemberChange, NewRefreshToken, NewToken, OrganizationId, Outcome, Role, Session, Store, StoreError,
    TestMessage, WorkKind,
};

use crate::setting::{NOON, Someone, accepted, after, claim, ending, failed, file, someone};

fn session(one: &Someone, organization: &OrganizationId) -> Session {
    Session {
        account_id: one.account.id.clone(),
        organization_id: organization.clone(),
        agent: "a browser".into(),
        address: "192.0.2.1".into(),
        created_at: NOON,
        expires_at: after(60),
    }
}

pub async fn an_organization_keeps_its_last_admin(store: Store) {
    let (ada, eve) = (someone(&store, "ada", 0).await, someone(&store, "eve", 0).await);
    let (home, id) = (&ada.organization.id, &ada.account.id);
    assert_eq!(store.set_role(home, id, Role::Operator).await.expect("an answer"), MemberChange::LastAdmin);
    assert_eq!(store.remove_member(home, id, NOON).await.expect("an answer"), MemberChange::LastAdmin);
    assert_eq!(
        store.set_role(home, &eve.account.id, Role::Admin).await.expect("an answer"),
        MemberChange::NoMember
    );
    store.add_member(home, &eve.account.id, Role::Admin).await.expect("a member");
    let asleep = AccountChange { disabled: Some(true), ..AccountChange::default() };
    store.change_account(&eve.account.id, &asleep).await.expect("an account");
    assert_eq!(store.set_role(home, id, Role::Operator).await.expect("an answer"), MemberChange::LastAdmin);
    let awake = AccountChange { disabled: Some(false), ..AccountChange::default() };
    store.change_account(&eve.account.id, &awake).await.expect("an account");
    assert_eq!(store.set_role(home, id, Role::Operator).await.expect("an answer"), MemberChange::Done);
    assert_eq!(store.role_in(home, id).await.expect("a role"), Some(Role::Operator));
}

pub async fn who_leaves_an_organization_is_out_of_it(store: Store) {
    let (ada, eve) = (someone(&store, "ada", 0).await, someone(&store, "eve", 0).await);
    let home = &ada.organization.id;
    store.add_member(home, &eve.account.id, Role::Operator).await.expect("a member");
    for (number, organization) in [(1u8, home), (2, &eve.organization.id)] {
        let token = NewToken {
            account_id: eve.account.id.clone(),
            organization_id: organization.clone(),
            name: "t".into(),
            hash: [number; 32],
            hint: "abcd".into(),
        };
        store.create_token(&token, NOON).await.expect("a token");
        let device = NewRefreshToken {
            hash: [number; 32],
            account_id: eve.account.id.clone(),
            organization_id: organization.clone(),
            client_id: "program".into(),
            scope: String::new(),
            name: String::new(),
        };
        store.create_refresh_token(&device, NOON).await.expect("a device");
        store.create_session(&[number; 32], &session(&eve, organization)).await.expect("a session");
    }
    let gone = store.remove_member(home, &eve.account.id, after(1)).await.expect("an answer");
    assert_eq!(gone, MemberChange::Done);
    for (number, stays) in [(1u8, false), (2, true)] {
        let hash = [number; 32];
        assert_eq!(store.token_holder(&hash).await.expect("an answer").is_some(), stays);
        assert_eq!(store.use_refresh_token(&hash, after(2)).await.expect("an answer").is_some(), stays);
        assert_eq!(store.session(&hash, after(2)).await.expect("an answer").is_some(), stays);
    }
    assert_eq!(store.role_in(home, &eve.account.id).await.expect("an answer"), None);
}

pub async fn names_can_change_but_stay_unique(store: Store) {
    let (ada, eve) = (someone(&store, "ada", 0).await, someone(&store, "eve", 0).await);
    store.rename_organization(&ada.organization.id, "Ada's studio").await.expect("renamed");
    let taken = store.rename_organization(&eve.organization.id, "Ada's studio").await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    let change = AccountChange {
        email: Some("Ada@Example.COM".into()),
        given_name: Some(Some("Ada".into())),
        password: Some(("hash".into(), true)),
        ..AccountChange::default()
    };
    let changed = store.change_account(&ada.account.id, &change).await.expect("changed");
    assert_eq!((changed.email.as_str(), changed.given_name.as_deref()), ("ada@example.com", Some("Ada")));
    assert!(changed.provisional && changed.password_hash.as_deref() == Some("hash"));
    let same = store.change_account(&ada.account.id, &AccountChange::default()).await.expect("changed");
    assert_eq!(same, changed, "what is not named stays");
    let taken = store.change_account(&eve.account.id, &change).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    let nobody = store.change_account(&"nobody".into(), &AccountChange::default()).await;
    assert!(matches!(nobody, Err(StoreError::Missing(_))), "{nobody:?}");
}

pub async fn sessions_are_listed_turned_and_ended(store: Store) {
    let (ada, eve) = (someone(&store, "ada", 0).await, someone(&store, "eve", 0).await);
    for number in 1..=3 {
        store.create_session(&[number; 32], &session(&ada, &ada.organization.id)).await.expect("a session");
    }
    store.create_session(&[9; 32], &session(&eve, &eve.organization.id)).await.expect("a session");
    let listed = store.sessions_of(&ada.account.id, after(1)).await.expect("sessions");
    assert_eq!(listed.len(), 3);
    assert_eq!(
        (listed[0].session.agent.as_str(), listed[0].session.address.as_str()),
        ("a browser", "192.0.2.1")
    );
    assert!(store.sessions_of(&ada.account.id, after(60)).await.expect("sessions").is_empty());
    assert!(!store.end_named_session(&eve.account.id, &listed[0].hash).await.expect("an answer"));
    assert!(store.end_named_session(&ada.account.id, &listed[0].hash).await.expect("an answer"));
    assert!(!store.turn_session(&[2; 32], &eve.organization.id).await.expect("an answer"), "no member there");
    store.add_member(&eve.organization.id, &ada.account.id, Role::Operator).await.expect("a member");
    let left = store.sessions_of(&ada.account.id, after(1)).await.expect("sessions");
    let keep = (1..=3u8).find(|number| left[0].hash.starts_with(&format!("0{number}"))).expect("a hash");
    assert!(store.turn_session(&[keep; 32], &eve.organization.id).await.expect("an answer"));
    let turned = store.session(&[keep; 32], after(1)).await.expect("an answer").expect("a session");
    assert_eq!(turned.organization_id, eve.organization.id);
    let ended = store.end_other_sessions(&ada.account.id, Some(&[keep; 32])).await.expect("an answer");
    assert_eq!((ended, store.sessions_of(&ada.account.id, after(1)).await.expect("sessions").len()), (1, 1));
    assert!(store.session(&[9; 32], after(1)).await.expect("an answer").is_some(), "others stay signed in");
}

pub async fn work_is_counted_on_the_day_it_is_done(store: Store) {
    let (ada, eve) = (someone(&store, "ada", 10).await, someone(&store, "eve", 10).await);
    let day = 24 * 3_600;
    for (who, at, is_done) in
        [(&ada, 10, true), (&ada, 20, true), (&ada, 30, false), (&ada, day, true), (&eve, 40, true)]
    {
        let job = who.job();
        accepted(&store, &job, after(at)).await;
        let (job, lease) = claim(&store, after(at + 1)).await.expect("a job");
        let result = file(job.id.as_str());
        let finish = if is_done { ending(Outcome::Completed { result }) } else { failed() };
        let steps = ["Heal".to_owned(), "Resize".to_owned()];
        assert!(
            store.finish_counting(&job.id, &lease, finish, &steps, after(at + 3)).await.expect("an answer")
        );
    }
    let (today, tomorrow) = (NOON.day(), after(day).day());
    let days = store.work_by_day(&ada.organization.id, &today, &tomorrow).await.expect("days");
    let told: Vec<_> = days.iter().map(|line| (line.name.as_str(), line.pictures, line.credits)).collect();
    assert_eq!(told, [(today.as_str(), 2, 2), (tomorrow.as_str(), 1, 1)]);
    assert_eq!((days[0].pixels, days[0].millis), (20_000, 4_000));
    let named = |kind| store.work_by_name(&ada.organization.id, kind, &today, &today);
    let steps = named(WorkKind::Step).await.expect("lines");
    let told: Vec<_> = steps.iter().map(|line| (line.name.as_str(), line.pictures)).collect();
    assert_eq!(told, [("Heal", 2), ("Resize", 2)]);
    let results = named(WorkKind::Result).await.expect("lines");
    let told: Vec<_> = results.iter().map(|line| (line.name.as_str(), line.pictures)).collect();
    assert_eq!(told, [("completed", 2), ("failed", 1)]);
    let spent = store.spent_by_day(&ada.organization.id, NOON, after(2 * day)).await.expect("days");
    assert_eq!(spent, [(today, 2), (tomorrow, 1)], "what failed was given back");
}

pub async fn the_ledger_is_read_in_pages(store: Store) {
    let ada = someone(&store, "ada", 10).await;
    for at in 1..=5 {
        accepted(&store, &ada.job(), after(at * 100)).await;
    }
    let charges =
        LedgerFilter { kind: Some(LedgerKind::Charge), limit: 2, offset: 1, ..LedgerFilter::default() };
    let (page, total) = store.ledger_page(&ada.organization.id, charges).await.expect("a page");
    assert_eq!(
        (page.iter().map(|entry| entry.at).collect::<Vec<_>>(), total),
        (vec![after(400), after(300)], 5)
    );
    let span =
        LedgerFilter { from: Some(after(200)), until: Some(after(400)), limit: 9, ..LedgerFilter::default() };
    let (page, total) = store.ledger_page(&ada.organization.id, span).await.expect("a page");
    assert_eq!((page.len(), total), (2, 2));
    let older = LedgerFilter { below: Some(page[1].seq), limit: 9, ..LedgerFilter::default() };
    let (page, total) = store.ledger_page(&ada.organization.id, older).await.expect("a page");
    assert_eq!((page.len(), total), (2, 6), "the grant and the first charge");
}

pub async fn messages_are_searched_within_their_organization(store: Store) {
    let (ada, eve) = (someone(&store, "ada", 0).await, someone(&store, "eve", 0).await);
    let test = |one: &Someone, host: &str| TestMessage {
        organization_id: one.organization.id.clone(),
        account_id: one.account.id.clone(),
        dialect: Dialect::Studio,
        event: "test".into(),
        url: format!("https://{host}/"),
        host: host.into(),
        body: "{}".into(),
        state: DeliveryState::Pending,
        note: String::new(),
    };
    let first = store.post_test(&test(&ada, "a.example.org"), NOON).await.expect("a message");
    store.post_test(&test(&ada, "b.example.org"), after(9)).await.expect("a message");
    store.post_test(&test(&eve, "a.example.org"), NOON).await.expect("a message");
    assert_eq!(first.job_id, None);
    let count = async |search: DeliverySearch| {
        let found =
            store.search_deliveries(&ada.organization.id, &DeliverySearch { limit: 9, ..search }).await;
        found.expect("messages").1
    };
    assert_eq!(count(DeliverySearch::default()).await, 2);
    assert_eq!(count(DeliverySearch { host: Some("A.example.org".into()), ..Default::default() }).await, 1);
    assert_eq!(count(DeliverySearch { until: Some(after(5)), ..Default::default() }).await, 1);
    assert_eq!(
        count(DeliverySearch { state: Some(DeliveryState::Delivered), ..Default::default() }).await,
        0
    );
    assert_eq!(store.claim_deliveries(after(10), 9, 9, after(60)).await.expect("messages").len(), 3);
}

pub async fn deeds_are_searched_and_storage_is_summed_up(store: Store) {
    let ada = someone(&store, "ada", 10).await;
    for (at, actor, action) in [(1, "ada", "token.create"), (2, "ada", "token_x"), (3, "eve", "token.revoke")]
    {
        store.audit(actor, action, "t", "", after(at)).await.expect("noted");
    }
    let count = async |filter: AuditFilter| {
        store.audit_page(&AuditFilter { limit: 9, ..filter }).await.expect("deeds").1
    };
    assert_eq!(count(AuditFilter { action: Some("token.".into()), ..Default::default() }).await, 2);
    assert_eq!(count(AuditFilter { action: Some("token_".into()), ..Default::default() }).await, 1);
    assert_eq!(count(AuditFilter { actor: Some("ada".into()), ..Default::default() }).await, 2);
    assert_eq!(count(AuditFilter { from: Some(after(3)), ..Default::default() }).await, 1);
    accepted(&store, &ada.job(), NOON).await;
    let (job, lease) = claim(&store, after(1)).await.expect("a job");
    assert!(store.finish(&job.id, &lease, failed(), after(2)).await.expect("an answer"));
    let figures = store.storage().await.expect("figures");
    assert_eq!((figures.blobs, figures.bytes, figures.jobs), (1, 24, 1));
    assert_eq!(figures.next_expiry_at, Some(after(48 * 3600)));
    let before = store.expiring_before(&[after(60), after(49 * 3600)]).await.expect("counts");
    assert_eq!(before, [0, 1]);
    let shares = store.storage_by_organization(5).await.expect("shares");
    assert_eq!(shares, [("ada".to_owned(), 1, 24)]);
}
