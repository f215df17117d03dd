//! The rules of `deny.toml` about licences, banned crates and sources, held against every crate of the lock file. What
//! `cargo deny` checks besides, it checks where it is installed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, ParseMode};

/// What the rules name.
struct Rules {
    licences: BTreeSet<String>,
    banned: BTreeSet<String>,
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace")
}

fn rules() -> Rules {
    let text = std::fs::read_to_string(root().join("deny.toml")).expect("the rules");
    let table: toml::Table = text.parse().expect("TOML");
    let texts = |list: &toml::Value, key: Option<&str>| -> BTreeSet<String> {
        let list = list.as_array().expect("a list").iter();
        let text = |one: &toml::Value| key.map_or(one, |key| &one[key]).as_str().expect("a text").to_owned();
        list.map(text).collect()
    };
    Rules {
        licences: texts(&table["licenses"]["allow"], None),
        banned: texts(&table["bans"]["deny"], Some("crate")),
    }
}

/// All crates that a build for these targets can take in, those of tests included.
fn packages() -> Vec<Value> {
    let mut metadata = Command::new(env!("CARGO"));
    metadata.args(["metadata", "--locked", "--all-features", "--format-version", "1"]);
    metadata.args(["--filter-platform", "x86_64-unknown-linux-gnu"]).current_dir(root());
    let output = metadata.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

/// True when the expression can be satisfied by licences that are allowed.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let parsed = Expression::parse_mode(expression, ParseMode::LAX);
    parsed.is_ok_and(|parsed| parsed.evaluate(|licence| allowed.contains(&licence.to_string())))
}

#[test]
fn every_crate_comes_under_a_licence_that_is_allowed() {
    let rules = rules();
    let strangers: Vec<String> = packages()
        .iter()
        .filter(|package| package["source"].is_string())
        .filter(|package| !is_allowed(package["license"].as_str().unwrap_or_default(), &rules.licences))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    assert!(strangers.is_empty(), "not allowed by deny.toml: {strangers:#?}");
}

#[test]
fn no_crate_is_banned_and_all_come_from_the_registry() {
    let rules = rules();
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        assert!(!rules.banned.contains(name), "{name} is banned by deny.toml");
        let source = package["source"].as_str().unwrap_or("path");
        let is_known = source == "path" || source.starts_with("registry+") || source.starts_with("sparse+");
        assert!(is_known, "{name} comes from {source}");
    }
}

#[test]
fn expressions_are_understood() {
    let allowed = BTreeSet::from(["MIT", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned));
    for fine in ["MIT", "MIT OR GPL-3.0-only", "MIT/Apache-2.0", "(GPL-2.0-only OR MIT) AND MIT"] {
        assert!(is_allowed(fine, &allowed), "{fine}");
    }
    for wrong in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "Apache-2.0", "", "no licence"] {
        assert!(!is_allowed(wrong, &allowed), "{wrong}");
    }
    assert!(is_allowed("Apache-2.0 WITH LLVM-exception", &allowed));
}
