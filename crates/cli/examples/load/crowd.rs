//! Everybody at once: uploads in one moment, then questions every two seconds, each on a connection of its own, as the
//! published Python client asks them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Client;
use reqwest::multipart::{Form, Part};
use serde_json::Value;
use service::{PUBLISHED_CLIENT, Service, Settings, SystemClock, Voices};
use store::{Blobs, DatabaseUrl, Store};
use tokio::sync::Barrier;

use crate::server::Server;
use crate::{Outcome, part, portrait};

/// Pause between the questions of one client.
const PAUSE: Duration = Duration::from_secs(2);
/// Questions each client asks at least.
const QUESTIONS: usize = 10;

/// What one client measured, milliseconds.
#[derive(Default)]
struct Measured {
    accepted: i64,
    answered: Vec<i64>,
}

/// Runs a crowd of so many clients and prints what they saw.
pub async fn measure(clients: usize) -> Outcome<()> {
    let mut server = Server::start(&[])?;
    server.is_ready().await?;
    server.admin(&["account", "create", "crowd@example.org", "--organization", "Crowd"])?;
    server.admin(&["credits", "add", "--organization", "Crowd", "100000"])?;
    let access = access_token(&server).await?;
    let workflow = workflow(&server, &access).await?;
    let (picture, start) = (portrait()?, Arc::new(Barrier::new(clients)));
    let crowd: Vec<_> = (0..clients)
        .map(|number| {
            // What follows the end of a JPEG makes it another file, not another picture.
            let file = [picture.as_slice(), number.to_string().as_bytes()].concat();
            let (base, access, workflow) = (server.base().to_owned(), access.clone(), workflow.clone());
            let start = start.clone();
            tokio::spawn(async move {
                start.wait().await;
                one(&base, &access, &workflow, file).await
            })
        })
        .collect();
    let (mut accepted, mut answered, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for client in crowd {
        match client.await? {
            Ok(measured) => {
                accepted.push(measured.accepted);
                answered.extend(measured.answered);
            }
            Err(error) => errors.push(error.to_string()),
        }
    }
    accepted.sort_unstable();
    answered.sort_unstable();
    println!(
        "crowd: {clients} uploads of {} KiB at once, accepted p50 {} ms, p99 {} ms; {} questions on new connections, \
         answered p50 {} ms, p99 {} ms; peak memory {} MiB; {} errors",
        picture.len() / 1024,
        part(&accepted, 50),
        part(&accepted, 99),
        answered.len(),
        part(&answered, 50),
        part(&answered, 99),
        server.memory("VmHWM")?,
        errors.len()
    );
    server.stop()?;
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n").into()) }
}

/// Uploads and asks until the result is there, and some questions more.
async fn one(base: &str, access: &str, workflow: &str, file: Vec<u8>) -> Outcome<Measured> {
    let mut measured = Measured::default();
    let url = format!("{base}/v1/workflow/execution/create?workflow={workflow}");
    let form = Form::new().part("file", Part::bytes(file).file_name("a.jpg"));
    let began = Instant::now();
    let answer = lone_client()?.post(url).bearer_auth(access).multipart(form).send().await?;
    let (status, id) = (answer.status(), answer.text().await?);
    measured.accepted = millis(began);
    if status != 201 {
        return Err(format!("{status}: {id}").into());
    }
    let url = format!("{base}/v1/workflow/execution/{id}");
    loop {
        let began = Instant::now();
        let execution: Value =
            lone_client()?.get(&url).bearer_auth(access).send().await?.error_for_status()?.json().await?;
        measured.answered.push(millis(began));
        match execution["status"].as_str() {
            Some("COMPLETED") if measured.answered.len() >= QUESTIONS => return Ok(measured),
            Some("CREATED" | "ACTIVE" | "COMPLETED") => tokio::time::sleep(PAUSE).await,
            _ => return Err(execution.to_string().into()),
        }
    }
}

/// A client without a past: it opens a connection of its own.
fn lone_client() -> Outcome<Client> {
    Ok(Client::builder().pool_max_idle_per_host(0).no_proxy().build()?)
}

fn millis(began: Instant) -> i64 {
    i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX)
}

/// A device's token, granted beside the running server as `/activate` would.
async fn access_token(server: &Server) -> Outcome<String> {
    let path = server.data().join("atelier.db");
    let store = Store::open(&DatabaseUrl::Sqlite(path)).await?;
    let blobs = Blobs::disk(&server.data().join("blobs"))?;
    let settings = Settings { public_url: server.base().to_owned(), ..Settings::default() };
    let service = Service::new(store.clone(), blobs, Arc::new(SystemClock), settings, Voices::default());
    let organization = store.organization_named("Crowd").await?.ok_or("no organization")?;
    let account = store.account_by_email("crowd@example.org").await?.ok_or("no account")?;
    let start = service.begin_device(PUBLISHED_CLIENT, "offline_access").await?;
    let grant = service.device_request(&start.user_code, "load").await?.ok_or("no request")?;
    service.decide_device(&grant, &account, Some(&organization.id)).await?;
    let tokens = service.poll_device(PUBLISHED_CLIENT, &start.device_code).await?;
    store.close().await;
    Ok(tokens.access.text)
}

/// The workflow that only exports.
async fn workflow(server: &Server, access: &str) -> Outcome<String> {
    let url = format!("{}/v1/workflow", server.base());
    let page: Value = lone_client()?.get(url).bearer_auth(access).send().await?.json().await?;
    let entries = page["entries"].as_array().ok_or("no workflows")?;
    let export = entries.iter().find(|one| one["name"] == "Export only").ok_or("no workflow that exports")?;
    Ok(export["id"].as_str().ok_or("no id")?.to_owned())
}
