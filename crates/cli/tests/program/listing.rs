//! The commands that tell: `plugins`, `inspect`, `completions`, `--version`, `--help`.

use crate::desk::{Desk, decode, portrait_file};
use pixel::codec::Format;
use serde_json::{Value, json};

fn stdout(desk: &Desk, arguments: &[&str]) -> String {
    let run = desk.atelier(arguments).assert().success();
    String::from_utf8(run.get_output().stdout.clone()).expect("text")
}

/// What clients rely on: names, order, kinds and ranges. Wording may change.
#[test]
fn plugins_are_declared_as_on_the_wire() {
    let desk = Desk::new();
    let specs: Vec<Value> = serde_json::from_str(&stdout(&desk, &["plugins", "--json"])).expect("JSON");
    let facts: Vec<String> = specs.iter().map(fact).collect();
    insta::assert_snapshot!(facts.join("\n"));
    let table = stdout(&desk, &["plugins"]);
    for spec in &specs {
        let name = spec["name"].as_str().expect("a name");
        let line = table.lines().find(|line| line.starts_with(name)).expect("a line a plugin");
        for param in spec["params"].as_array().expect("params") {
            assert!(line.contains(param["key"].as_str().expect("a key")), "{line}");
        }
    }
}

fn fact(spec: &Value) -> String {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let params = spec["params"].as_array().expect("params").iter().map(|param| {
        let number = |key: &str| param[key].as_f64().expect("a number");
        format!("{} {}..{} ({})", text(&param["key"]), number("min"), number("max"), number("default"))
    });
    let params: Vec<String> = params.collect();
    format!("{}, {}: {}", text(&spec["name"]), text(&spec["blend"]), params.join(", "))
}

#[test]
fn inspect_shows_the_face_in_words_json_and_a_drawing() {
    let desk = Desk::new();
    desk.put("a.jpg", &portrait_file(Format::Jpeg));
    assert!(stdout(&desk, &["inspect", "a.jpg"]).contains("1 face"));
    let seen: Value =
        serde_json::from_str(&stdout(&desk, &["inspect", "a.jpg", "--json", "-o", "o.png"])).expect("JSON");
    assert_eq!(seen["faces"].as_array().map(Vec::len), Some(1), "{seen}");
    let overlay = decode(&std::fs::read(desk.path("o.png")).expect("an overlay"));
    assert_eq!(json!([overlay.size.width, overlay.size.height]), json!([500, 500]));
    desk.put("b.jpg", b"\xff\xd8\xff but no more");
    desk.atelier(&["inspect", "b.jpg"]).assert().code(1);
}

#[test]
fn tells_its_version_helps_and_completes() {
    let desk = Desk::new();
    assert_eq!(stdout(&desk, &["--version"]), format!("atelier {}\n", env!("CARGO_PKG_VERSION")));
    assert!(stdout(&desk, &["retouch", "--help"]).contains("Examples:"));
    assert!(stdout(&desk, &["completions", "bash"]).contains("_atelier"));
    assert!(stdout(&desk, &["completions", "--help"]).contains("mkdir -p ~/.local/share/bash-completion"));
    desk.atelier(&[]).assert().code(2);
}
