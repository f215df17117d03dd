//! The end of the server: it finishes or hands back what it does, and exits within the set time.

use std::time::Duration;

use store::{JobId, JobState};

use super::house::{CREDITS, House};
use super::pictures::portrait;
use super::wire::{Client, Start};

/// A job that takes a few seconds.
async fn slow(client: &Client) -> String {
    let tasks = ["Heal", "Fabric", "Eye Vessels", "Dodge Burn", "Skin Tone", "Portrait Volumes"];
    let tasks: Vec<_> = tasks.iter().map(|name| serde_json::json!({ "Plugin": name, "Layer": 1 })).collect();
    let file = portrait();
    client.accepted(Start { file, tasks: Some(tasks.into()), ..Start::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_finished_in_time_is_handed_back_and_done_after_the_next_start() {
    let mut house = House::embedded(&["--shutdown-time", "0s"]);
    house.serve();
    let client = house.client();
    let id = slow(&client).await;
    client.reaches(&id, "active").await;
    house.signal("TERM");
    let end = house.wait(Duration::from_secs(20));
    assert_eq!(end.code(), Some(0), "{}", house.log());
    let job = house.store().await.job(&JobId::from(id.as_str())).await.expect("asked").expect("there");
    assert_eq!(
        (job.state, job.attempt),
        (JobState::Waiting, 0),
        "handed back, and the attempt does not count"
    );

    house.serve();
    let last = client.ended(&id).await;
    assert_eq!((last["state"].as_str(), last["attempt"].as_i64()), (Some("completed"), Some(1)), "{last}");
    assert_eq!(house.admin(&["credits", "show", "--organization", "Test"]), (CREDITS - 1).to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_finished_in_time_is_finished() {
    let mut house = House::embedded(&["--shutdown-time", "60s"]);
    house.serve();
    let client = house.client();
    let id = slow(&client).await;
    client.reaches(&id, "active").await;
    house.signal("INT");
    let end = house.wait(Duration::from_secs(90));
    assert_eq!(end.code(), Some(0), "{}", house.log());
    let job = house.store().await.job(&JobId::from(id.as_str())).await.expect("asked").expect("there");
    assert_eq!((job.state, job.attempt), (JobState::Completed, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once() {
    let mut house = House::embedded(&["--shutdown-time", "10m"]);
    house.serve();
    let client = house.client();
    let id = slow(&client).await;
    client.reaches(&id, "active").await;
    house.signal("TERM");
    tokio::time::sleep(Duration::from_millis(200)).await;
    house.signal("TERM");
    assert_eq!(house.wait(Duration::from_secs(5)).code(), Some(130), "{}", house.log());
}

#[test]
fn an_idle_server_ends_quickly() {
    let mut house = House::embedded(&[]);
    house.serve();
    house.signal("TERM");
    assert_eq!(house.wait(Duration::from_secs(5)).code(), Some(0), "{}", house.log());
}
