//! The command line against the real server: signing in and out, folders, hot folders; with clients and servers that are
//! killed in the middle.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use store::{JobFilter, JobState};

use super::browser::Browser;
use super::house::{House, send};
use super::pictures::tiny;
use super::shop::{PASSWORD, person};

/// How long a test waits for results.
const DONE: Duration = Duration::from_secs(120);
const WORKFLOW: &str = "Export only";

/// A person at a desk: a folder with their sign-ins, and the program.
struct Desk<'a> {
    house: &'a House,
    folder: PathBuf,
    organization: String,
}

impl<'a> Desk<'a> {
    /// Somebody with so many credits, signed in as people do it.
    async fn signed_in(house: &'a House, credits: i64) -> Self {
        let (email, organization) = person(house, "desk", credits);
        let desk = Self { house, folder: house.path("desk"), organization };
        fs::create_dir_all(&desk.folder).expect("a folder");
        let mut login = desk.command(&["login"]).stderr(Stdio::piped()).spawn().expect("the program runs");
        let lines = BufReader::new(login.stderr.take().expect("a pipe")).lines();
        let mut lines = lines.map(|line| line.expect("text"));
        let address =
            lines.find_map(|line| line.trim().strip_prefix("http").map(|rest| format!("http{rest}")));
        let address = address.expect("an address");
        Browser::new(&house.base()).decide(&address, &email, PASSWORD, "approve").await;
        assert!(login.wait().expect("an end").success(), "{:?}", lines.collect::<Vec<_>>());
        desk
    }

    /// The same person at the same desk, later.
    fn again(house: &'a House, folder: &Path) -> Self {
        Self { house, folder: folder.to_owned(), organization: "Shop desk".into() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.house.program();
        command.args(arguments).args(["--server", &self.house.base(), "--sign-ins"]);
        command.arg(self.folder.join("sign-ins.json")).current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Standard output of a command that must go well.
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let trouble = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {trouble}");
        String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
    }

    /// What `process` of the folder `in` tells on standard error.
    fn process(&self) -> (Option<i32>, String) {
        let output = self.run(&["process", "in", "--workflow", WORKFLOW, "--out-dir", "out"]);
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    }

    /// A process that goes on while the test does.
    fn spawn(&self, arguments: &[&str]) -> Running {
        let log =
            fs::File::options().create(true).append(true).open(self.folder.join("log")).expect("a file");
        Running(self.command(arguments).stdout(Stdio::null()).stderr(log).spawn().expect("the program runs"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Puts a picture into the folder `in`.
    fn lay(&self, name: &str, number: usize) {
        let path = self.path("in").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, tiny(number)).expect("written");
    }

    fn results(&self) -> HashSet<String> {
        let mut found = HashSet::new();
        collect(&self.path("out"), Path::new(""), &mut found);
        found
    }

    async fn has_results(&self, count: usize) {
        let deadline = Instant::now() + DONE;
        while self.results().len() < count {
            let log = fs::read_to_string(self.path("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "{:?} of {count}:\n{log}", self.results());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until a program in the background has said something.
    async fn hears(&self, wanted: &str) {
        let deadline = Instant::now() + DONE;
        loop {
            let log = fs::read_to_string(self.path("log")).unwrap_or_default();
            if log.contains(wanted) {
                return;
            }
            assert!(Instant::now() < deadline, "\"{wanted}\" is not in:\n{log}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// How many executions there are, all of them completed, each paid once.
    async fn completed(&self) -> usize {
        let store = self.house.store().await;
        let jobs = store.jobs(&JobFilter { limit: 10_000, ..JobFilter::default() }).await.expect("listed");
        assert!(jobs.iter().all(|job| job.state == JobState::Completed && job.charged == 1), "{jobs:?}");
        store.close().await;
        jobs.len()
    }

    /// Ends the sign-in on the server, as from another machine.
    async fn revoke(&self) {
        let sign_ins = fs::read_to_string(self.path("sign-ins.json")).expect("text");
        let sign_ins: serde_json::Value = serde_json::from_str(&sign_ins).expect("JSON");
        let token = sign_ins[self.house.base()]["refresh_token"].as_str().expect("a token").to_owned();
        let revoke = serde_json::json!({"client_id": super::shop::CLIENT_ID, "token": token});
        let address = format!("{}/oauth/revoke", self.house.base());
        let revoked = reqwest::Client::new().post(address).json(&revoke).send().await;
        assert_eq!(revoked.expect("an answer").status(), 200);
    }

    fn credits(&self) -> i64 {
        let left = self.house.admin(&["credits", "show", "--organization", &self.organization]);
        left.parse().expect("a number")
    }
}

/// Results below a folder, without journal and drafts.
fn collect(folder: &Path, below: &Path, found: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = below.join(entry.file_name());
        if entry.path().is_dir() {
            collect(&entry.path(), &name, found);
        } else if !entry.file_name().to_string_lossy().starts_with('.') {
            found.insert(name.display().to_string());
        }
    }
}

/// A program of the test's own; killed with the test.
struct Running(Child);

impl Running {
    fn kill(mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("ended");
    }

    /// Asks it to end.
    fn end(mut self) -> Option<i32> {
        send("TERM", self.0.id());
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(end) = self.0.try_wait().expect("a state") {
                return end.code();
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_looks_around_works_and_signs_out_with_sqlite_and_disk() {
    a_day_at_the_desk(House::embedded(&[])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_looks_around_works_and_signs_out_with_postgres_and_s3() {
    a_day_at_the_desk(House::networked(&[])).await;
}

async fn a_day_at_the_desk(mut house: House) {
    house.serve();
    let desk = Desk::signed_in(&house, 100).await;
    assert_eq!(desk.says(&["balance"]), "100");
    assert!(desk.says(&["organizations"]).ends_with(&format!("  {}", desk.organization)));
    let workflows = desk.says(&["workflows"]);
    assert!(workflows.lines().any(|line| line.ends_with(" 1 credits  Export only")), "{workflows}");
    fs::write(desk.path("one.png"), tiny(1)).expect("written");
    let hash = service::ContentHash::of(&tiny(1)).hex();
    assert_eq!(desk.says(&["upload", "one.png"]), format!("{hash}  one.png"));

    for number in 0..6 {
        desk.lay(&format!("{}/{number}.png", if number % 2 == 0 { "even" } else { "odd" }), 10 + number);
    }
    fs::write(desk.path("in/notes.txt"), "no picture").expect("written");
    let (code, told) = desk.process();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("6 fetched"), "{told}");
    let expected = ["even/0.png", "odd/1.png", "even/2.png", "odd/3.png", "even/4.png", "odd/5.png"];
    assert_eq!(desk.results(), expected.iter().map(|&name| name.to_owned()).collect());
    assert_eq!(desk.credits(), 94);

    // All of a run are one batch.
    let store = house.store().await;
    let jobs = store.jobs(&JobFilter { limit: 100, ..JobFilter::default() }).await.expect("listed");
    let batches: HashSet<_> = jobs.iter().map(|job| job.batch_id.clone()).collect();
    assert!(batches.len() == 1 && !batches.contains(&None), "{batches:?}");
    assert_eq!(jobs[0].labels.get("autoretouch_batch_name").map(String::as_str), Some("in"));
    store.close().await;

    // Once more: nothing is sent, nothing is charged; what was deleted or added is made.
    desk.lay("even/6.png", 16);
    fs::remove_file(desk.path("out/odd/5.png")).expect("removed");
    let (code, told) = desk.process();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("2 fetched, 5 there already"), "{told}");
    assert_eq!((desk.results().len(), desk.credits()), (7, 92));

    // Without credits it waits, and the next run goes on.
    house.admin(&["credits", "add", "--organization", &desk.organization, "-92"]);
    desk.lay("late.png", 17);
    let (code, told) = desk.process();
    assert!(code == Some(0) && told.contains("late.png: waits for credits"), "{told}");
    house.admin(&["credits", "add", "--organization", &desk.organization, "5"]);
    let (code, told) = desk.process();
    assert!(code == Some(0) && told.contains("1 fetched"), "{told}");
    assert_eq!(desk.credits(), 4);

    // A picture that cannot be made stops nothing else.
    let whole = tiny(18);
    fs::write(desk.path("in/broken.png"), &whole[..whole.len() / 2]).expect("written");
    desk.lay("fine.png", 19);
    let (code, told) = desk.process();
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("broken.png: ") && told.contains("1 fetched") && told.contains("1 failed"),
        "{told}"
    );
    assert_eq!(desk.credits(), 3, "what brings nothing costs nothing");

    desk.says(&["logout"]);
    let after = desk.run(&["balance"]);
    assert_eq!(after.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&after.stderr).contains("atelier login"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_is_declined_or_revoked_is_told() {
    let mut house = House::embedded(&[]);
    house.serve();
    let desk = Desk::signed_in(&house, 0).await;
    let mut login = desk.command(&["login"]).stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut lines =
        BufReader::new(login.stderr.take().expect("a pipe")).lines().map(|line| line.expect("text"));
    let address = lines.find_map(|line| line.trim().strip_prefix("http").map(|rest| format!("http{rest}")));
    let address = address.expect("an address");
    Browser::new(&house.base()).decide(&address, "desk@example.org", PASSWORD, "decline").await;
    assert_eq!(login.wait().expect("an end").code(), Some(1));
    let told: Vec<String> = lines.collect();
    assert!(told.iter().any(|line| line.contains("declined")), "{told:?}");
    assert_eq!(desk.says(&["balance"]), "0", "the sign-in from before still counts");

    desk.revoke().await;
    let after = desk.run(&["balance"]);
    assert_eq!(after.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&after.stderr).contains("does not count any more"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_again_and_again_makes_every_picture_once() {
    const PICTURES: usize = 60;
    let mut house = House::embedded(&["--max-jobs", "1"]);
    house.serve();
    let desk = Desk::signed_in(&house, 1_000).await;
    (0..PICTURES).for_each(|number| desk.lay(&format!("{number}.png"), 100 + number));
    let arguments = ["process", "in", "--workflow", WORKFLOW, "--out-dir", "out", "--jobs", "2"];
    for round in 1..=4 {
        let run = desk.spawn(&arguments);
        desk.has_results(round * 8).await;
        run.kill();
    }
    let stopped = desk.spawn(&arguments);
    // It is told to stop while it works, not before it listens to that.
    desk.has_results(desk.results().len() + 2).await;
    assert!(matches!(stopped.end(), Some(130 | 0)));
    let (code, told) = desk.process();
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(desk.results().len(), PICTURES);
    for number in 0..PICTURES {
        let result = fs::read(desk.path("out").join(format!("{number}.png"))).expect("a result");
        assert!(pixel::codec::decode(&result, &pixel::codec::Limits::default()).is_ok(), "{number}");
    }
    assert_eq!(desk.completed().await, PICTURES, "no picture was made twice");
    assert_eq!(desk.credits(), 1_000 - PICTURES as i64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_outlives_restarts_of_the_server() {
    const PICTURES: usize = 40;
    let mut house = House::embedded(&["--max-jobs", "1", "--lease", "1s", "--heartbeat", "200ms"]);
    house.serve();
    let (folder, run) = {
        let desk = Desk::signed_in(&house, 1_000).await;
        (0..PICTURES).for_each(|number| desk.lay(&format!("{number}.png"), 200 + number));
        let run = desk.spawn(&["process", "in", "--workflow", WORKFLOW, "--out-dir", "out"]);
        desk.has_results(4).await;
        (desk.folder, run)
    };
    for _ in 0..2 {
        house.kill();
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        house.serve();
        tokio::time::sleep(Duration::from_millis(1_500)).await;
    }
    let desk = Desk::again(&house, &folder);
    desk.has_results(PICTURES).await;
    let mut run = run;
    assert_eq!(run.0.wait().expect("an end").code(), Some(0), "one run, whatever the server does");
    assert_eq!(desk.completed().await, PICTURES);
    assert_eq!(desk.credits(), 1_000 - PICTURES as i64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hot_folder_takes_whole_pictures_once_across_restarts_of_both_sides() {
    let mut house = House::embedded(&["--lease", "1s", "--heartbeat", "200ms"]);
    house.serve();
    let folder = {
        let desk = Desk::signed_in(&house, 100).await;
        desk.folder.clone()
    };
    let arguments = ["watch", "in", "--workflow", WORKFLOW, "--out-dir", "out"];
    let desk = Desk::again(&house, &folder);
    desk.lay("first.png", 1);
    let watch = desk.spawn(&arguments);
    desk.has_results(1).await;

    // Half a picture, a pause that is longer than the folder is usually quiet for, then the rest.
    let whole = tiny(2);
    let mut slow = fs::File::create(desk.path("in/slow.png")).expect("a file");
    slow.write_all(&whole[..whole.len() / 2]).expect("written");
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(desk.completed().await, 1, "half a picture was sent");
    slow.write_all(&whole[whole.len() / 2..]).expect("written");
    drop(slow);
    desk.has_results(2).await;

    // The client dies; what comes meanwhile is found at its next start, and nothing is made twice.
    watch.kill();
    desk.lay("meanwhile.png", 3);
    let watch = desk.spawn(&arguments);
    desk.has_results(3).await;

    // The server dies; what comes meanwhile is waited for.
    house.kill();
    Desk::again(&house, &folder).lay("while away.png", 4);
    tokio::time::sleep(Duration::from_secs(8)).await;
    house.serve();
    let desk = Desk::again(&house, &folder);
    desk.has_results(4).await;
    let names = ["first.png", "slow.png", "meanwhile.png", "while away.png"];
    assert_eq!(desk.results(), names.iter().map(|&name| name.to_owned()).collect());
    assert_eq!(watch.end(), Some(0));

    // Both were off: the watch may be there before the server.
    house.kill();
    let desk = Desk::again(&house, &folder);
    desk.lay("before.png", 5);
    let watch = desk.spawn(&arguments);
    tokio::time::sleep(Duration::from_secs(2)).await;
    house.serve();
    let desk = Desk::again(&house, &folder);
    desk.has_results(5).await;
    assert_eq!(watch.end(), Some(0));
    assert_eq!(desk.completed().await, 5);
    assert_eq!(desk.credits(), 95);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hot_folder_tells_of_pictures_that_it_cannot_read() {
    let mut house = House::embedded(&[]);
    house.serve();
    let desk = Desk::signed_in(&house, 100).await;
    fs::create_dir_all(desk.path("in/card")).expect("a folder");
    fs::write(desk.path("in/card/1.NEF"), "II*\0 raw").expect("written");
    let watch = desk.spawn(&["watch", "in", "--workflow", WORKFLOW, "--out-dir", "out"]);
    desk.hears("left out 1 file that is not read: 1 nef").await;
    fs::write(desk.path("in/2.heic"), "phone").expect("written");
    desk.lay("fine.png", 1);
    desk.hears("left out 2 files that are not read: 1 heic, 1 nef").await;
    desk.has_results(1).await;
    assert_eq!(watch.end(), Some(0));
    let told = fs::read_to_string(desk.path("log")).expect("text");
    assert_eq!(told.matches("left out").count(), 2, "each is told once: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_does_not_work_with_the_results_of_the_first() {
    let mut house = House::embedded(&[]);
    house.serve();
    let desk = Desk::signed_in(&house, 100).await;
    desk.lay("one.png", 1);
    let watch = desk.spawn(&["watch", "in", "--workflow", WORKFLOW, "--out-dir", "out"]);
    desk.hears("Watching").await;
    desk.has_results(1).await;
    let second = desk.run(&["watch", "in", "--workflow", WORKFLOW, "--out-dir", "out"]);
    let (code, told) = desk.process();
    assert_eq!((second.status.code(), code), (Some(1), Some(1)));
    for told in [String::from_utf8_lossy(&second.stderr).into_owned(), told] {
        assert!(told.contains("out is in use by another `atelier process` or `watch`"), "{told}");
    }
    assert_eq!(watch.end(), Some(0));
    assert_eq!(desk.process().0, Some(0), "it is free again");
    assert_eq!(desk.completed().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hot_folder_whose_sign_in_ended_says_so_and_ends() {
    let mut house = House::embedded(&[]);
    house.serve();
    let desk = Desk::signed_in(&house, 100).await;
    desk.lay("one.png", 1);
    let mut watch = desk.spawn(&["watch", "in", "--workflow", WORKFLOW, "--out-dir", "out"]);
    desk.has_results(1).await;
    desk.revoke().await;
    (2..6).for_each(|number| desk.lay(&format!("{number}.png"), number));
    let deadline = Instant::now() + DONE;
    while watch.0.try_wait().expect("a state").is_none() {
        assert!(Instant::now() < deadline, "it goes on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(watch.0.wait().expect("an end").code(), Some(1));
    let told = fs::read_to_string(desk.path("log")).expect("text");
    assert_eq!(told.matches("does not count any more").count(), 1, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_never_takes_the_place_of_another() {
    let mut house = House::embedded(&[]);
    house.serve();
    let desk = Desk::signed_in(&house, 100).await;
    desk.lay("1.png", 1);
    assert_eq!(desk.process().0, Some(0));
    let first = fs::read(desk.path("out/1.png")).expect("a result");
    // The camera counts from one again, and the folder of results holds something of somebody's own.
    desk.lay("1.png", 2);
    desk.lay("mine.png", 3);
    fs::write(desk.path("out/mine.png"), "my own").expect("written");
    let (code, told) = desk.process();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("1.png: the result is called 1-2.png"), "{told}");
    assert_eq!(fs::read(desk.path("out/1.png")).expect("a result"), first);
    assert_eq!(fs::read(desk.path("out/mine.png")).expect("a file"), b"my own");
    let expected = ["1.png", "1-2.png", "mine.png", "mine-2.png"];
    assert_eq!(desk.results(), expected.iter().map(|&name| name.to_owned()).collect());
    assert!(desk.process().1.contains("2 there already"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_picture_in_two_folders_is_made_and_paid_once() {
    let mut house = House::embedded(&[]);
    house.serve();
    let desk = Desk::signed_in(&house, 100).await;
    (0..6).for_each(|number| desk.lay(&format!("{number}/same.png"), 1));
    let (code, told) = desk.process();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("1 fetched, 5 there already"), "{told}");
    assert_eq!((desk.completed().await, desk.credits()), (1, 99));
}
