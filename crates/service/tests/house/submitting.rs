//! What is accepted, what is refused, and what it costs.

use pixel::codec::Format;
use service::{PictureRefused, SpoolError, SubmitError, UploadLimits, Work};
use store::OrganizationChange;

use crate::setting::{House, png, quick};

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_job_costs_a_credit_and_a_repeated_request_none() {
    let house = House::new(quick()).await;
    let before = house.balance().await;
    let keyed = async |number, key: &str| {
        let mut order = house.order(number).await;
        order.idempotency_key = Some(key.to_owned());
        house.service.submit(order).await
    };
    let first = keyed(1, "key").await.unwrap();
    assert_eq!(first.quota, before - 1);
    assert_eq!(keyed(1, "key").await.unwrap(), first);
    assert!(matches!(keyed(2, "key").await, Err(SubmitError::KeyReused)));
    assert_ne!(keyed(1, "other key").await.unwrap().job, first.job);
    assert_eq!(house.balance().await, before - 2);
    assert_eq!(first.job.as_str().len(), 24);
    let mut other_work = house.order(1).await;
    other_work.work = Work::Features;
    other_work.idempotency_key = Some("key".to_owned());
    assert!(matches!(house.service.submit(other_work).await, Err(SubmitError::KeyReused)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_answered_without_credits_too() {
    let house = House::new(quick()).await;
    let order = async || {
        let mut order = house.order(1).await;
        order.idempotency_key = Some("key".to_owned());
        order
    };
    let first = house.service.submit(order().await).await.unwrap();
    let left = house.balance().await;
    let (store, now) = (house.service.store(), house.service.now());
    store.add_credits(&house.caller.organization.id, -left, "", "test", now).await.unwrap();
    assert_eq!(house.service.submit(order().await).await.unwrap(), first);
    assert!(matches!(house.service.submit(house.order(2).await).await, Err(SubmitError::NoCredits)));
    assert_eq!(house.balance().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daily_limit_holds() {
    let house = House::new(quick()).await;
    let change = OrganizationChange { daily_allowance: Some(Some(2)), ..OrganizationChange::default() };
    house.service.store().set_organization(&house.caller.organization.id, &change).await.unwrap();
    assert_eq!(house.submit(1).await.quota, 1);
    assert_eq!(house.submit(2).await.quota, 0);
    assert!(matches!(house.service.submit(house.order(3).await).await, Err(SubmitError::DailyLimit)));
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_measured_hashed_and_gone_when_dropped() {
    let mut settings = quick();
    settings.limits = UploadLimits { max_bytes: 50_000, max_megapixels: 0.004, formats: vec![Format::Png] };
    let house = House::new(settings).await;
    let bytes = png(1);
    let upload = house.upload(&bytes).await;
    assert_eq!((upload.bytes, upload.hash), (bytes.len() as u64, service::ContentHash::of(&bytes)));
    let refused = house.service.survey(&upload).await;
    assert!(
        matches!(refused, Err(PictureRefused::TooManyPixels { width: 64, height: 64, .. })),
        "{refused:?}"
    );
    let path = upload.path().to_owned();
    assert!(path.exists());
    drop(upload);
    assert!(!path.exists());

    let text = house.upload(b"not a picture").await;
    assert!(matches!(house.service.survey(&text).await, Err(PictureRefused::NotAPicture(_))));
    let jpeg = house.upload(&[0xFF, 0xD8, 0xFF, 0xE0, 0, 0]).await;
    let refused = house.service.survey(&jpeg).await.unwrap_err();
    assert_eq!(refused.to_string(), "JPEG pictures are not accepted: send PNG");
    let cut = house.upload(&bytes[..20]).await;
    assert!(matches!(house.service.survey(&cut).await, Err(PictureRefused::Undecodable(_))));

    let mut spool = house.service.spool().await.unwrap();
    spool.write(&[0; 40_000]).await.unwrap();
    assert!(matches!(spool.write(&[0; 20_000]).await, Err(SpoolError::TooLarge)));
    drop(spool);
    drop((text, jpeg, cut));
    let left = std::fs::read_dir(house.folder.path().join("spool")).unwrap().count();
    assert_eq!(left, 0);
}
