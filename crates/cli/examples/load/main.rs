//! A load benchmark: the real server under concurrent clients. Prints what it could do and what it needed.
//!
//! `load [--clients N] [--jobs N] [--memory-jobs N] [--crowd N]`, built and run by `make bench-load`. Four parts: one job
//! at a time on an idle server (accept to start), concurrent clients with mixed sizes (jobs a second, peak memory), many
//! jobs in a row (memory stays flat), and a crowd that uploads all at once and then asks every two seconds, each time on
//! a new connection (AutoRetouch API, rate limits as they come).

mod crowd;
mod server;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pixel::codec::{self, EncodeOptions, Format};
use pixel::picture::{Picture, Samples};
use pixel::{Orientation, Size};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use server::Server;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Jobs of the idle part.
const IDLE_JOBS: usize = 200;
/// In the last part one job of so many looks for faces; the others are done in milliseconds.
const SEARCHING_EVERY: usize = 10;
/// How often memory is looked at in the last part.
const SAMPLES: usize = 10;

#[tokio::main]
async fn main() -> Outcome<()> {
    let (clients, jobs, memory_jobs) =
        (option("--clients", 8)?, option("--jobs", 60)?, option("--memory-jobs", 1000)?);
    let mut server = Server::start(&server::NO_RATES)?;
    let client = client(&server).await?;

    for number in 0..IDLE_JOBS {
        client.whole_job(tiny(number)?, json!([])).await?;
    }
    let waits = server.waits(IDLE_JOBS).await?;
    println!(
        "idle: {IDLE_JOBS} jobs one by one, accept to start p50 {} ms, p99 {} ms",
        part(&waits, 50),
        part(&waits, 99)
    );

    let sizes = [portrait()?, halved(2)?, halved(4)?, tiny(IDLE_JOBS)?];
    let began = Instant::now();
    client.together(clients, jobs, |number| Ok((sizes[number % sizes.len()].clone(), balanced()))).await?;
    let seconds = began.elapsed().as_secs_f64();
    let waits = server.waits(jobs).await?;
    println!(
        "mixed: {jobs} jobs of 1 to 0.002 megapixels by {clients} clients in {seconds:.1} s, {:.2} jobs/s, \
         accept to start p50 {} ms, p99 {} ms, peak memory {} MiB",
        jobs as f64 / seconds,
        part(&waits, 50),
        part(&waits, 99),
        server.memory("VmHWM")?
    );

    let mut resident = vec![server.memory("VmRSS")?];
    let began = Instant::now();
    for sample in 0..SAMPLES {
        let each = memory_jobs / SAMPLES;
        let from = IDLE_JOBS + 1 + sample * each;
        client.together(clients, each, |number| Ok((tiny(from + number)?, tasks(number)))).await?;
        resident.push(server.memory("VmRSS")?);
    }
    let rate = memory_jobs as f64 / began.elapsed().as_secs_f64();
    println!(
        "memory over {memory_jobs} jobs ({rate:.1} jobs/s), MiB: {resident:?}, peak {}",
        server.memory("VmHWM")?
    );
    server.stop()?;
    crowd::measure(option("--crowd", 200)?).await
}

async fn client(server: &Server) -> Outcome<Client> {
    server.is_ready().await?;
    server.admin(&["account", "create", "load@example.org", "--organization", "Load"])?;
    server.admin(&["organization", "set", "Load", "--unmetered", "true"])?;
    let token = server.admin(&["token", "create", "--account", "load@example.org"])?;
    let http = reqwest::Client::new();
    Ok(Client(Arc::new(Asker { http, base: server.base().to_owned(), token })))
}

fn tasks(number: usize) -> Value {
    if number.is_multiple_of(SEARCHING_EVERY) { json!([{ "Plugin": "Heal" }]) } else { json!([]) }
}

fn option(name: &str, default: usize) -> Outcome<usize> {
    let arguments: Vec<String> = std::env::args().collect();
    let place = arguments.iter().position(|word| word == name);
    match place.and_then(|place| arguments.get(place + 1)) {
        Some(text) => Ok(text.parse()?),
        None => Ok(default),
    }
}

fn part(sorted: &[i64], percent: usize) -> i64 {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(0)
}

#[derive(Clone)]
struct Client(Arc<Asker>);

struct Asker {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    async fn whole_job(&self, file: Vec<u8>, tasks: Value) -> Outcome<()> {
        let Asker { http, base, token } = &*self.0;
        // Nothing to do still takes one task; strength 0 is the identity.
        let tasks = if tasks == json!([]) { json!([{ "Plugin": "Skin Tone", "Alpha1": 0 }]) } else { tasks };
        let payload = json!({ "mode": "professional", "tasks": tasks }).to_string();
        let form = Form::new().text("token", token.clone()).text("payload", payload);
        let form = form.part("file", Part::bytes(file).file_name("a.jpg"));
        let started: Value =
            http.post(format!("{base}/api/v1/retoucher/start")).multipart(form).send().await?.json().await?;
        let id = started["id"].as_str().ok_or_else(|| started.to_string())?;
        loop {
            let status: Value =
                http.get(format!("{base}/api/v1/retoucher/status/{id}")).send().await?.json().await?;
            match status["state"].as_str() {
                Some("completed") => break,
                Some("waiting" | "active" | "delayed") => tokio::time::sleep(Duration::from_millis(20)).await,
                _ => return Err(status.to_string().into()),
            }
        }
        let file =
            http.get(format!("{base}/api/v1/retoucher/getFile/{id}")).send().await?.error_for_status()?;
        file.bytes().await?;
        Ok(())
    }

    async fn together(
        &self,
        clients: usize,
        jobs: usize,
        order: impl Fn(usize) -> Outcome<(Vec<u8>, Value)>,
    ) -> Outcome<()> {
        let orders: Arc<Vec<(Vec<u8>, Value)>> = Arc::new((0..jobs).map(order).collect::<Outcome<_>>()?);
        let next = Arc::new(AtomicUsize::new(0));
        let lanes = (0..clients).map(|_| {
            let (client, orders, next) = (self.clone(), orders.clone(), next.clone());
            tokio::spawn(async move {
                while let Some((file, tasks)) = orders.get(next.fetch_add(1, Ordering::Relaxed)) {
                    client.whole_job(file.clone(), tasks.clone()).await?;
                }
                Outcome::Ok(())
            })
        });
        for lane in lanes.collect::<Vec<_>>() {
            lane.await??;
        }
        Ok(())
    }
}

fn balanced() -> Value {
    json!([
        { "Plugin": "Heal" }, { "Plugin": "Fabric", "Alpha1": 0.39 }, { "Plugin": "Eye Vessels" },
        { "Plugin": "Eye Brilliance", "Alpha1": 0.5 }, { "Plugin": "White Teeth", "Alpha1": 0.25, "Alpha2": 0.25 },
        { "Plugin": "Dodge Burn", "Scale": 2, "Alpha2": 0.2 }, { "Plugin": "Skin Tone", "Alpha2": 1 },
        { "Plugin": "Portrait Volumes", "Alpha1": 0.5 }
    ])
}

fn portrait() -> Outcome<Vec<u8>> {
    Ok(fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/portrait.jpg"))?)
}

/// Every `step`th pixel of the portrait.
fn halved(step: usize) -> Outcome<Vec<u8>> {
    let full = codec::decode(&portrait()?, &codec::Limits::default())?.picture;
    let Samples::U8(samples) = &full.rgb else { return Err("the sample has 8 bits".into()) };
    let size = Size::new(full.size.width / step, full.size.height / step);
    let pixels = (0..size.area()).flat_map(|index| {
        let at = ((index / size.width * step) * full.size.width + index % size.width * step) * 3;
        samples[at..at + 3].to_vec()
    });
    let rgb = Samples::U8(pixels.collect());
    Ok(codec::encode(&Picture { size, rgb, ..full }, Format::Jpeg, &EncodeOptions::default())?)
}

/// 48 x 48 pixels, each number unlike the others.
fn tiny(number: usize) -> Outcome<Vec<u8>> {
    let size = Size::new(48, 48);
    let rgb = (0..size.area() * 3).map(|index| ((index * 7 + number * 13 + index / 5 * number) % 251) as u8);
    let picture = Picture {
        size,
        rgb: Samples::U8(rgb.collect()),
        alpha: None,
        grey: false,
        orientation: Orientation::default(),
        metadata: Default::default(),
    };
    Ok(codec::encode(&picture, Format::Png, &EncodeOptions::default())?)
}
