//! The example clients and the README's lines against the real program.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use super::house::{House, repository};
use super::pictures::{portrait, small_portrait};
use super::wire::Client;

/// Interpreter, file, and whether options are written with `=`.
const CLIENTS: [(&str, &str, bool); 4] = [
    ("bash", "retouch.sh", false),
    ("python3", "retouch.py", false),
    ("node", "retouch.mjs", false),
    ("php", "retouch.php", true),
];

/// The small portrait in the house's folder.
const PICTURE: &str = "a portrait.jpg";

fn open_house(mut house: House) -> (House, Client) {
    fs::write(house.path(PICTURE), small_portrait()).expect("written");
    house.serve();
    let client = house.client();
    (house, client)
}

fn client(house: &House, which: (&str, &str, bool), client: &Client, out: &Path, layers: bool) -> Command {
    let (interpreter, file, joined) = which;
    let mut command = Command::new(interpreter);
    command.arg(repository().join("examples").join(file)).arg(house.path(PICTURE));
    let (base, out) = (house.base() + "/", out.display().to_string());
    for (name, value) in [("--base", base.as_str()), ("--token", client.token()), ("--out", &out)] {
        if joined {
            command.arg(format!("{name}={value}"));
        } else {
            command.args([name, value]);
        }
    }
    if layers {
        command.arg("--layers");
    }
    command
}

fn run(mut command: Command) -> String {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; run scripts/setup tests"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn check_flat(path: &Path, upload: &[u8]) {
    let result = fs::read(path).expect("a result");
    let decoded = pixel::codec::decode(&result, &pixel::codec::Limits::default()).expect("a picture");
    let upload = pixel::codec::decode(upload, &pixel::codec::Limits::default()).expect("a picture");
    assert_eq!(decoded.picture.size, upload.picture.size);
    assert_ne!(decoded.picture.rgb, upload.picture.rgb, "nothing was retouched");
}

fn check_layers(path: &Path) {
    let mut archive = zip::ZipArchive::new(fs::File::open(path).expect("a result")).expect("a ZIP");
    let names: Vec<String> = archive.file_names().flatten().map(|name| name.into_owned()).collect();
    assert!(names.contains(&"Heal.png".to_owned()), "{names:?}");
    assert!(names.contains(&"Dodge Burn_softlight.png".to_owned()), "{names:?}");
    let mut text = String::new();
    archive.by_name("result.json").expect("result.json").read_to_string(&mut text).expect("text");
    let result: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(result["plugins"].as_array().map(Vec::len), Some(8), "{result}");
}

#[test]
fn all_example_clients_bring_home_a_picture_and_its_layers() {
    let (house, token) = open_house(House::embedded(&[]));
    for which in CLIENTS {
        for layers in [false, true] {
            let out = house.path(&format!("{}-{layers}", which.1));
            let said = run(client(&house, which, &token, &out, layers));
            assert_eq!(said.trim(), out.display().to_string());
            if layers { check_layers(&out) } else { check_flat(&out, &small_portrait()) }
        }
    }
}

#[test]
fn example_clients_work_with_postgres_and_s3() {
    let (house, token) = open_house(House::networked(&[]));
    let out = house.path("flat.jpg");
    run(client(&house, CLIENTS[1], &token, &out, false));
    check_flat(&out, &small_portrait());
    let out = house.path("layers.zip");
    run(client(&house, CLIENTS[0], &token, &out, true));
    check_layers(&out);
}

#[test]
fn example_clients_tell_why_they_fail() {
    let (house, _) = open_house(House::embedded(&[]));
    let stranger = Client::new(house.base(), "nobody's token".into());
    for which in CLIENTS {
        let out = house.path("never");
        let output = client(&house, which, &stranger, &out, false).output().expect("it runs");
        let trouble = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{which:?}");
        assert!(trouble.contains("460: Token issue"), "{which:?}: {trouble}");
        assert!(!out.exists());
    }
}

/// The lines of the README's block after "as pasted", run in a folder that looks like the repository after `make run`.
#[test]
fn the_readmes_lines_work_as_pasted() {
    let mut house = House::embedded(&[]);
    house.serve();
    let readme = fs::read_to_string(repository().join("README.md")).expect("the README");
    let after = readme.split("as pasted").nth(1).expect("the words before the block");
    let lines: Vec<&str> = after
        .lines()
        .skip(1)
        .skip_while(|line| !line.starts_with("    "))
        .take_while(|line| line.starts_with("    ") || line.is_empty())
        .map(str::trim)
        .collect();
    let script = lines.join("\n").replace("http://127.0.0.1:8080", &house.base());
    assert!(script.contains("/start") && script.contains("/getFile"), "{script}");

    let desk = house.path("desk");
    fs::create_dir_all(desk.join("target/release")).expect("folders");
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, desk.join(name)).expect("linked");
    link(Path::new(env!("CARGO_BIN_EXE_atelier")), "target/release/atelier");
    link(&repository().join("samples"), "samples");
    link(&house.data(), "data");
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &script]).current_dir(&desk);
    run(bash);
    check_flat(&desk.join("retouched.jpg"), &portrait());
}
