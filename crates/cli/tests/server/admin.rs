//! What an operator does, on a stopped and on a running server.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use super::house::House;
use super::pictures::tiny;
use super::wire::{Client, Start};

fn listed(house: &House, arguments: &[&str]) -> Vec<Value> {
    let text = house.admin(&[arguments, &["--json"]].concat());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Everything that needs no server; `who` keeps two rounds apart.
fn office_work(house: &House, who: &str) -> Client {
    let (email, organization) = (format!("{who}@example.org"), format!("Studio {who}"));
    let mut create = house.program();
    create.arg("admin").args(house.reach());
    create.args(["account", "create", &email, "--password-stdin", "--organization", &organization]);
    let mut create = create.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program runs");
    create.stdin.take().expect("a pipe").write_all(b"correct horse battery\n").expect("written");
    let created = create.wait_with_output().expect("it ends");
    assert!(created.status.success());
    assert_eq!(String::from_utf8(created.stdout).expect("text").trim().len(), 36, "the id alone");
    assert!(
        !house.try_admin(&["account", "create", &email, "--organization", &organization]).status.success()
    );
    assert!(listed(house, &["account", "list"]).iter().any(|account| account["email"] == email.as_str()));

    let token = house.admin(&["token", "create", "--account", &email, "--name", "laptop"]);
    let other = house.admin(&["token", "create", "--account", &email]);
    assert!(!token.contains(char::is_whitespace) && token != other, "{token}");
    let tokens = listed(house, &["token", "list", "--account", &email]);
    assert!(tokens.iter().any(|token| token["name"] == "laptop"), "{tokens:?}");
    house.admin(&["token", "revoke", &other]);
    assert!(!house.try_admin(&["token", "revoke", &other]).status.success(), "revoked twice");

    assert_eq!(house.admin(&["credits", "add", "--organization", &organization, "7"]), "7");
    assert_eq!(house.admin(&["credits", "add", "--organization", &organization, "-2"]), "5");
    assert_eq!(house.admin(&["credits", "show", "--organization", &organization]), "5");
    house.admin(&["organization", "set", &organization, "--daily-allowance", "100", "--priority", "3"]);
    let organizations = listed(house, &["organization", "list"]);
    let own = organizations.iter().find(|own| own["name"] == organization.as_str()).expect("listed");
    assert_eq!((&own["daily_allowance"], &own["priority"]), (&Value::from(100), &Value::from(3)));

    house.admin(&["hook-host", "allow", "Hooks.Example.org"]);
    assert_eq!(listed(house, &["hook-host", "list"])[0]["pattern"], "hooks.example.org");
    house.admin(&["hook-host", "forbid", "hooks.example.org"]);
    assert!(!house.try_admin(&["hook-host", "forbid", "hooks.example.org"]).status.success());
    let secret = house.admin(&["hook-secret", "--account", &email]);
    assert!(secret.len() >= 20, "{secret}");
    assert_eq!(house.admin(&["hook-secret", "--account", &email]), secret);
    assert_ne!(house.admin(&["hook-secret", "--account", &email, "--renew"]), secret);

    let missing = house.try_admin(&["job", "show", "no-such-job"]);
    assert_eq!(missing.status.code(), Some(1));
    let audit = listed(house, &["audit"]);
    for action in [
        "account.create",
        "token.create",
        "token.revoke",
        "credits.add",
        "organization.set",
        "hook-host.allow",
        "hook-secret.renew",
    ] {
        assert!(audit.iter().any(|entry| entry["action"] == action), "{action} in {audit:?}");
    }
    let text = serde_json::to_string(&audit).expect("JSON");
    assert!(!text.contains(&token) && !text.contains(&secret), "a secret in the audit log");
    Client::new(house.base(), token)
}

#[tokio::test]
async fn admin_works_on_a_stopped_and_on_a_running_server_with_sqlite() {
    on_both(House::embedded(&[])).await;
}

#[tokio::test]
async fn admin_works_on_a_stopped_and_on_a_running_server_with_postgres() {
    on_both(House::networked(&[])).await;
}

async fn on_both(mut house: House) {
    let early = office_work(&house, "early");
    house.serve();
    assert!(
        house.stdout().lines().all(|line| !line.contains("token:")),
        "no first start with accounts there"
    );
    let late = office_work(&house, "late");
    for client in [early, late] {
        let id = client.accepted(Start { file: tiny(1), ..Start::default() }).await;
        assert_eq!(client.ended(&id).await["state"], "completed");
        let shown: Value = serde_json::from_str(&house.admin(&["job", "show", &id])).expect("JSON");
        assert_eq!(shown["attempts"].as_array().map(Vec::len), Some(1), "{shown}");
        assert!(!house.try_admin(&["job", "cancel", &id]).status.success(), "it has ended");
        assert!(!house.try_admin(&["job", "retry", &id]).status.success(), "it has a result");
    }
    assert_eq!(house.admin(&["credits", "show", "--organization", "Studio late"]), "4");
    assert_eq!(listed(&house, &["job", "list", "--account", "late@example.org"]).len(), 1);
}

#[tokio::test]
async fn a_job_is_called_off_and_begun_anew_on_a_stopped_server() {
    let mut house = House::embedded(&["--run-jobs", "false"]);
    house.serve();
    let client = house.client();
    let id = client.accepted(Start { file: tiny(2), ..Start::default() }).await;
    house.kill();
    let before: i64 = house.admin(&["credits", "show", "--organization", "Test"]).parse().expect("a number");
    assert_eq!(house.admin(&["job", "cancel", &id]), "cancelled");
    assert_eq!(house.admin(&["credits", "show", "--organization", "Test"]), (before + 1).to_string());
    assert_eq!(house.admin(&["job", "retry", &id]), "waiting");
    assert_eq!(house.admin(&["credits", "show", "--organization", "Test"]), before.to_string());
    house.hire();
    house.serve();
    assert_eq!(client.ended(&id).await["state"], "completed");
}

#[test]
fn a_wrong_data_folder_is_told_and_nothing_is_made_there() {
    let house = House::embedded(&[]);
    let output = house.try_admin(&["account", "list"]);
    let trouble = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(trouble.contains("--data-dir"), "{trouble}");
    assert!(!house.data().exists());
}
