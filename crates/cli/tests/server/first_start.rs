//! The first start: told once, on the terminal only, and what it tells works as pasted.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::house::{House, repository};

/// The words after `label` on its line.
fn told<'t>(text: &'t str, label: &str) -> &'t str {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(label));
    line.unwrap_or_else(|| panic!("no {label:?} in:\n{text}")).trim()
}

#[test]
fn the_first_start_tells_once_how_to_sign_in_and_its_lines_work_as_pasted() {
    let mut house = House::embedded(&[]);
    let desk = house.path(".");
    std::os::unix::fs::symlink(repository().join("samples"), desk.join("samples")).expect("linked");
    house.serve();
    let welcome = house.stdout();
    let (token, password) = (told(&welcome, "token:").to_owned(), told(&welcome, "password:").to_owned());
    assert!(token.len() >= 20 && password.len() >= 12, "{welcome}");

    let lines: Vec<&str> = welcome.lines().filter_map(|line| line.strip_prefix("  $ ")).collect();
    assert!(lines.len() >= 3, "{welcome}");
    let script = lines.join("\n");
    let pasted = Command::new("bash").args(["-euc", &script]).current_dir(&desk).output().expect("bash runs");
    assert!(pasted.status.success(), "{script}\n{}", String::from_utf8_lossy(&pasted.stderr));
    let result = fs::read(desk.join("retouched.jpg")).expect("a result");
    assert!(result.starts_with(b"\xff\xd8\xff"), "{}", String::from_utf8_lossy(&result));

    house.kill();
    house.serve();
    assert_eq!(house.stdout().matches(&token).count(), welcome.matches(&token).count(), "told twice");
    assert!(!house.log().contains(&token) && !house.log().contains(&password), "secrets in the log");
    house.signal("TERM");
    house.wait(Duration::from_secs(40));
    for secret in [&token, &password] {
        assert_eq!(
            holders(&house.data(), secret.as_bytes()),
            Vec::<String>::new(),
            "secrets in the data folder"
        );
    }
}

#[test]
fn of_servers_that_start_at_once_on_an_empty_database_one_greets_and_all_serve() {
    let house = House::networked(&[]);
    let mut servers: Vec<_> = (0..4)
        .map(|number| {
            let (out, log) = (house.path(&format!("out-{number}")), house.path(&format!("log-{number}")));
            let mut command = house.program();
            command.arg("serve").args(house.reach()).args([
                "--listen",
                "127.0.0.1:0",
                "--first-credits",
                "7",
            ]);
            command
                .stdout(fs::File::create(&out).expect("a file"))
                .stderr(fs::File::create(&log).expect("a file"));
            (command.spawn().expect("it starts"), out, log)
        })
        .collect();
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut welcomes = String::new();
    for (server, out, log) in &mut servers {
        let (out, log) = (&*out, &*log);
        let said = loop {
            let said = fs::read_to_string(out).expect("its words");
            if said.contains("Atelier listens on") {
                break said;
            }
            let end = server.try_wait().expect("a state");
            assert!(end.is_none(), "{end:?}: {}", fs::read_to_string(log).expect("its log"));
            assert!(Instant::now() < deadline, "not there in time");
            std::thread::sleep(Duration::from_millis(20));
        };
        welcomes.push_str(&said);
    }
    for (server, ..) in &mut servers {
        server.kill().and_then(|()| server.wait()).expect("ended");
    }
    assert_eq!(welcomes.matches("token:").count(), 1, "{welcomes}");
    assert_eq!(house.admin(&["credits", "show", "--organization", "Atelier"]), "7");
}

/// Files below `folder` that hold `secret`.
fn holders(folder: &Path, secret: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holders(&path, secret));
        } else if fs::read(&path).expect("a file").windows(secret.len()).any(|part| part == secret) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[cfg(unix)]
#[test]
fn the_data_folder_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut house = House::embedded(&[]);
    house.serve();
    let mode = fs::metadata(house.data()).expect("the folder").permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

/// A minimal machine has no list of certificate authorities: webhooks wait, everything else works.
#[test]
fn a_machine_without_certificate_authorities_is_served_all_the_same() {
    let mut house = House::embedded(&[]);
    let mut command = house.serve_command();
    command.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", house.path("no-certificates"));
    house.serve_with(command);
    std::thread::sleep(Duration::from_secs(1));
    assert!(house.answers("/health/ready"), "{}", house.log());
    assert!(house.log().contains("ca-certificates"), "{}", house.log());
    house.signal("TERM");
    assert!(house.wait(Duration::from_secs(40)).success(), "{}", house.log());
}
