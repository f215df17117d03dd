//! `check-config`, and what `serve` says to wrong settings.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use super::house::{House, repository};

#[test]
fn check_config_shows_values_with_their_source_and_hides_secrets() {
    let house = House::embedded(&[]);
    fs::write(house.path("atelier.toml"), "max_jobs = 2\nstore_secret_key = \"sesame\"\n").expect("written");
    let mut command = house.program();
    let output = command.args(["check-config", "--keep", "2h"]).env("ATELIER_METRICS", "off").output();
    let output = output.expect("the program runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{text}");
    let line = |key: &str| {
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(key));
        line.unwrap_or_else(|| panic!("no {key} in:\n{text}"))
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(line("keep"), "keep 2h flag");
    assert_eq!(line("metrics"), "metrics off environment ATELIER_METRICS");
    assert_eq!(line("max_jobs"), "max_jobs 2 file atelier.toml");
    assert_eq!(line("listen"), "listen 127.0.0.1:8080 default");
    assert!(!text.contains("sesame"), "{text}");
}

#[test]
fn check_config_and_serve_say_what_is_wrong_and_fail() {
    let house = House::embedded(&[]);
    fs::write(house.path("own.toml"), "max_megapixel = 2\n").expect("written");
    let run = |command: &str| {
        let mut program = house.program();
        let arguments = [command, "--config", "own.toml", "--lease", "soon", "--data-dir", "data"];
        let output = program.args(arguments).output().expect("the program runs");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    };
    let (code, trouble) = run("check-config");
    assert_eq!(code, Some(1));
    assert!(trouble.contains("did you mean max_megapixels?"), "{trouble}");
    assert!(trouble.contains("lease = \"soon\" (flag): must be a time with its unit"), "{trouble}");
    let (code, trouble) = run("serve");
    assert_eq!(code, Some(2), "{trouble}");
    assert!(trouble.contains("did you mean max_megapixels?"), "{trouble}");
    assert!(!house.data().exists(), "nothing is begun with wrong settings");
}

#[test]
fn an_address_in_use_is_told() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = holder.local_addr().expect("an address").to_string();
    let house = House::embedded(&[]);
    let mut program = house.program();
    let output = program.args(["serve", "--listen", &address]).output().expect("the program runs");
    let trouble = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{trouble}");
    assert!(trouble.contains(&address) && trouble.contains("--listen"), "{trouble}");
    assert!(output.stdout.is_empty(), "nobody is welcomed to a house that does not open");
}

#[test]
fn the_settings_page_is_what_the_list_says() {
    let house = House::embedded(&[]);
    let page = house.program().args(["check-config", "--markdown"]).output().expect("the program runs");
    let page = String::from_utf8(page.stdout).expect("text");
    let kept = fs::read_to_string(repository().join("docs/settings.md")).unwrap_or_default();
    assert_eq!(kept, page, "run `make docs`");
}

#[test]
fn a_worker_without_the_database_of_a_server_says_so() {
    let house = House::embedded(&[]);
    let mut program = house.program();
    program.args(["worker", "--data-dir", "data"]).stderr(Stdio::piped());
    let mut worker = program.spawn().expect("the program runs");
    let lines = BufReader::new(worker.stderr.take().expect("a pipe")).lines();
    let told: Vec<String> =
        lines.map_while(Result::ok).take_while(|line| !line.contains("started")).collect();
    worker.kill().expect("killed");
    worker.wait().expect("ended");
    let told = told.join("\n");
    assert!(told.contains("atelier.db is new and holds no jobs: name the database"), "{told}");
}
