//! What people who are signed in ask for without a token: charged like anything else, other forms of it are not.

use bytes::Bytes;
use retouch::{OutputChoice, Recipe};
use service::{
    ContentHash, Dialect, Job, JobState, Member, MemberOrder, NewExecution, NewOrganization, Retried, Role,
    Service, Work,
};
use store::OrganizationId;

use crate::setting::{House, IDLE, echo, endless, png, quick};

fn member(house: &House) -> Member {
    Member {
        account: house.caller.account.clone(),
        organization: house.caller.organization.clone(),
        role: Role::Operator,
    }
}

async fn order(house: &House, number: u8) -> MemberOrder {
    let bytes = png(number);
    let facts = house.service.survey(&house.upload(&bytes).await).await.unwrap();
    MemberOrder {
        member: member(house),
        recipe: Recipe::from_json(IDLE).unwrap(),
        hash: ContentHash::of(&bytes),
        picture: Bytes::from(bytes),
        facts,
        name: "Jana\n1.png".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_pays_once_and_has_every_form() {
    let mut house = House::new(quick()).await;
    house.work(|upload, _, _| echo(upload));
    let before = house.balance().await;
    let receipt = house.service.submit_for_member(order(&house, 1).await).await.unwrap();
    let job = house.completed(&receipt.job).await;
    assert_eq!((job.dialect, job.token_id.clone(), job.charged), (Dialect::Studio, None, 1));
    assert_eq!(job.input.name, "Jana1.png");
    assert_eq!(house.balance().await, before - 1);

    let edition = async |output| house.service.edition(&member(&house), &job, output).await.unwrap().unwrap();
    let layers = house.completed(&edition(OutputChoice::Zip).await).await;
    assert_eq!((layers.price, layers.charged), (0, 0));
    assert_eq!(Service::edition_of(&layers), Some(job.id.as_str()));
    let recipe = |job: &Job| {
        let Ok(Work::Retouch(recipe)) = Work::from_json(&job.work) else { panic!("a retouch") };
        recipe
    };
    assert!(recipe(&layers).tasks.iter().all(|task| task.as_layer));
    assert_eq!(recipe(&layers).output, OutputChoice::Zip);
    assert_eq!(edition(OutputChoice::Zip).await, layers.id, "asked for twice, made once");
    let document = house.completed(&edition(OutputChoice::Psd).await).await;
    assert_ne!(document.id, layers.id);
    assert_eq!(recipe(&document).output, OutputChoice::Psd);
    assert_eq!(recipe(&document).tasks.len(), recipe(&job).tasks.len());
    assert_eq!(house.service.editions(&job).await.unwrap().len(), 2);
    assert_eq!(house.balance().await, before - 1);
    let again = house.service.edition(&member(&house), &layers, OutputChoice::Psd).await.unwrap();
    assert_eq!(again, None, "an edition has none of its own");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_of_the_same_name_makes_no_edition() {
    let mut house = House::new(quick()).await;
    house.work(|upload, _, _| echo(upload));
    let receipt = house.service.submit_for_member(order(&house, 1).await).await.unwrap();
    let job = house.completed(&receipt.job).await;
    house.service.edition(&member(&house), &job, OutputChoice::Psd).await.unwrap().expect("an edition");
    let label = house.service.editions(&job).await.unwrap()[0].labels.clone();
    let own = &house.caller.organization;
    let workflow = house.service.workflows(own, 1, 0).await.unwrap().0.remove(0);
    let other =
        NewOrganization { name: "Another".to_owned(), unmetered: true, daily_allowance: None, priority: 0 };
    let other = house.service.store().create_organization(&other, house.service.now()).await.unwrap();
    let MemberOrder { facts, .. } = order(&house, 1).await;
    for organization in [own, &other] {
        let new = NewExecution {
            member: Member { organization: organization.clone(), ..member(&house) },
            workflow: workflow.clone(),
            picture: job.input.clone(),
            facts,
            name: "a.png".to_owned(),
            labels: label.clone(),
            settings: serde_json::Map::new(),
            hooks: Vec::new(),
            batch: None,
        };
        house.service.execute(new).await.unwrap();
    }
    assert_eq!(house.service.editions(&job).await.unwrap().len(), 1);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retouches_come_in_pages_newest_first() {
    let house = House::new(quick()).await;
    let mut made = Vec::new();
    for number in 1..=3 {
        made.push(house.service.submit_for_member(order(&house, number).await).await.unwrap().job);
    }
    let page = async |limit, offset| {
        let (jobs, total) =
            house.service.retouches(&house.caller.organization, true, limit, offset).await.unwrap();
        (jobs.into_iter().map(|job| job.id).collect::<Vec<_>>(), total)
    };
    assert_eq!(page(2, 0).await, (vec![made[2].clone(), made[1].clone()], 3));
    assert_eq!(page(2, 2).await, (vec![made[0].clone()], 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_another_organization_are_not_there() {
    let house = House::new(quick()).await;
    let receipt = house.service.submit_for_member(order(&house, 1).await).await.unwrap();
    let own = &house.caller.organization;
    assert!(house.service.job_of(own, receipt.job.as_str()).await.unwrap().is_some());
    let other = store::Organization { id: OrganizationId::from("another"), ..own.clone() };
    assert!(house.service.job_of(&other, receipt.job.as_str()).await.unwrap().is_none());
    house.submit(2).await;
    let listed = async |organization, by_people| {
        house.service.retouches(organization, by_people, 10, 0).await.unwrap().1
    };
    assert_eq!((listed(own, true).await, listed(own, false).await), (1, 1));
    assert_eq!(listed(&other, true).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_off_costs_nothing_and_can_be_run_again() {
    let mut house = House::new(quick()).await;
    let before = house.balance().await;
    let receipt = house.service.submit_for_member(order(&house, 1).await).await.unwrap();
    let job = house.job(&receipt.job).await;
    let unfinished = house.service.edition(&member(&house), &job, OutputChoice::Psd).await.unwrap();
    assert_eq!(unfinished, None, "there is nothing yet to have in another form");
    house.work(|_, _, watch| endless(watch));
    house.until(&receipt.job, |job| job.state == JobState::Active).await;
    house.service.cancel(&job.id).await.unwrap();
    let ended = house.ended(&receipt.job).await;
    assert_eq!((ended.state, ended.charged), (JobState::Cancelled, 0));
    assert_eq!(house.balance().await, before);
    assert_eq!(house.service.retry_job(&ended).await.unwrap(), Retried::Again);
    assert_eq!(house.balance().await, before - 1);
    house.service.cancel(&ended.id).await.unwrap();
    house.ended(&receipt.job).await;
    house.stop().await;
}
