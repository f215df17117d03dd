//! Who may change what about accounts, organizations and the house.

use service::{PeopleError, ProfileError, Role, SignIn, StewardError};

use crate::setting::{House, quick};

fn who<'a>(email: &'a str, password: &'a str) -> SignIn<'a> {
    SignIn { email, password, peer: "192.0.2.1", agent: "a browser" }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_with_the_old_one_and_signs_others_out() {
    let house = House::new(quick()).await;
    let service = &house.service;
    let admitted = service.admit(&house.member(), "ada@example.org", Role::Operator).await.expect("a member");
    let first = admitted.password.expect("a password");
    assert!(admitted.account.provisional);
    let here = service.sign_in(who("ada@example.org", &first)).await.expect("signed in");
    let there = service.sign_in(who("ADA@example.org", &first)).await.expect("signed in");
    let account = &here.member.account;
    let wrong = service.change_password(account, "something", "another password", &here.cookie).await;
    assert!(matches!(wrong, Err(ProfileError::WrongPassword)), "{wrong:?}");
    let same = service.change_password(account, &first, &first, &here.cookie).await;
    assert!(matches!(same, Err(ProfileError::SamePassword)), "{same:?}");
    let short = service.change_password(account, &first, "short", &here.cookie).await;
    assert!(matches!(short, Err(ProfileError::Unfit(_))), "{short:?}");
    service.change_password(account, &first, "another password", &here.cookie).await.expect("changed");
    assert!(service.signed_in(&there.cookie).await.expect("an answer").is_none());
    let member = service.signed_in(&here.cookie).await.expect("an answer").expect("still signed in");
    assert!(!member.account.provisional);
    assert!(service.sign_in(who("ada@example.org", &first)).await.is_err());
    for _ in 0..10 {
        let _ = service.change_password(&member.account, "guess", "another password", &here.cookie).await;
    }
    let shut =
        service.change_password(&member.account, "another password", "a third one", &here.cookie).await;
    assert!(matches!(shut, Err(ProfileError::TooManyTries)), "{shut:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_change_an_organization_and_only_operators_the_house() {
    let house = House::new(quick()).await;
    let service = &house.service;
    let admin = house.member();
    let admitted = service.admit(&admin, "ada@example.org", Role::Operator).await.expect("a member");
    let again = service.admit(&admin, "ada@example.org", Role::Admin).await.map(|one| one.account.email);
    assert!(matches!(again, Err(PeopleError::IsMember)), "{again:?}");
    let first = admitted.password.expect("a password");
    let ada = service.sign_in(who("ada@example.org", &first)).await.expect("signed in").member;
    let renamed = service.rename_organization(&ada, "Ada's").await;
    assert!(matches!(renamed, Err(PeopleError::NotAdmin)), "{renamed:?}");
    let dismissed = service.dismiss(&ada, &admin.account.id).await;
    assert!(matches!(dismissed, Err(PeopleError::NotAdmin)), "{dismissed:?}");
    assert!(service.steward(&ada).is_none());
    service.dismiss(&ada, &ada.account.id).await.expect("whoever wants to may leave");

    let mut operator = admin.clone();
    operator.account = service
        .store()
        .change_account(
            &admin.account.id,
            &store::AccountChange { operator: Some(true), ..store::AccountChange::default() },
        )
        .await
        .expect("an account");
    let steward = service.steward(&operator).expect("one who runs the house");
    let last = steward.set_disabled(&operator.account, true).await;
    assert!(matches!(last, Err(StewardError::LastOperator)), "{last:?}");
    let nonsense = steward.allow_host("https://x/", false).await;
    assert!(matches!(nonsense, Err(StewardError::NoHost(_))), "{nonsense:?}");
    let log = service.store().audit_log(100).await.expect("the log");
    assert!(log.iter().any(|one| one.action == "account.create" && one.target == "ada@example.org"));
}
