//! The rules of the house: who may import whom, what engine crates must not know, tidy files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Crates that hold the craft: bytes in, bytes out.
const ENGINE_CRATES: [&str; 3] = ["pixel", "vision", "retouch"];
/// Doors to the outside that engine crates must not open.
const OUTSIDE_CRATES: [&str; 14] = [
    "async-std",
    "axum",
    "chrono",
    "dirs",
    "hyper",
    "object_store",
    "reqwest",
    "rusqlite",
    "sqlx",
    "time",
    "tokio",
    "tower",
    "ureq",
    "walkdir",
];
/// The same doors in the standard library.
const OUTSIDE_MODULES: [&str; 7] =
    ["std::env", "std::fs", "std::net", "std::process", "Instant::now", "SystemTime", "UNIX_EPOCH"];
/// Longest source file, without its tests.
const MAX_LINES: usize = 500;

#[test]
fn every_dependence_is_in_the_table_of_the_architecture() {
    let table = table();
    let manifests = manifests();
    let named: BTreeSet<&String> = table.keys().collect();
    let found: BTreeSet<&String> = manifests.keys().collect();
    assert_eq!(named, found, "the table of ARCHITECTURE.md and the folder crates name different crates");
    for (name, manifest) in &manifests {
        let strangers: Vec<_> = manifest.own.difference(&table[name]).collect();
        assert!(strangers.is_empty(), "{name} uses {strangers:?}, which ARCHITECTURE.md does not allow");
    }
}

#[test]
fn the_table_has_no_circle() {
    let table = table();
    let mut settled = BTreeSet::new();
    while settled.len() < table.len() {
        let next = table.iter().find(|(name, uses)| !settled.contains(*name) && uses.is_subset(&settled));
        let (name, _) = next.expect("a crate whose dependences are all settled");
        settled.insert(name.clone());
    }
}

#[test]
fn engine_crates_know_no_outside_world() {
    let manifests = manifests();
    for name in ENGINE_CRATES {
        let foreign = &manifests[name].foreign;
        let doors: Vec<_> = OUTSIDE_CRATES.iter().filter(|door| foreign.contains(**door)).collect();
        assert!(doors.is_empty(), "{name} depends on {doors:?}");
        for path in sources(&root().join("crates").join(name).join("src")) {
            let text = read(&path);
            for line in without_tests(&text).lines().filter(|line| !line.trim_start().starts_with("//")) {
                let door = OUTSIDE_MODULES.iter().find(|door| line.contains(**door));
                assert!(door.is_none(), "{}: {line}", path.display());
            }
        }
    }
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    for path in sources(&root().join("crates")) {
        let text = read(&path);
        let lines = without_tests(&text).lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines; split it by what its parts do", path.display());
        assert!(text.starts_with("//! "), "{} must say in its first line what it is for", path.display());
    }
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    let places: Vec<String> = ["work", "root", "home"].iter().map(|place| format!("/{place}/")).collect();
    for path in texts(&root()) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            let place = places.iter().find(|place| line.contains(place.as_str()));
            assert!(place.is_none(), "{}:{}: {line}", path.display(), number + 1);
        }
    }
}

/// The service's rules stay apart from the wire and from the database's language.
#[test]
fn the_rules_know_neither_the_wire_nor_the_database() {
    let manifests = manifests();
    let strangers = |name: &str, doors: &[&str]| {
        let needed = &manifests[name].needed;
        let found: Vec<_> = doors.iter().filter(|door| needed.contains(**door)).collect();
        assert!(found.is_empty(), "{name} depends on {found:?}");
    };
    // A bucket is asked by HTTP, so the store has a client; it answers nobody.
    strangers("store", &["axum", "hyper", "tower", "tower-http", "utoipa"]);
    strangers("service", &["axum", "tower", "tower-http", "utoipa", "sqlx", "object_store"]);
    strangers("http", &["sqlx", "object_store", "reqwest"]);
    strangers("cli", &["axum", "tower", "sqlx", "object_store"]);
}

#[test]
fn the_reference_page_is_what_the_declarations_say() {
    let page = Command::new(env!("CARGO_BIN_EXE_atelier")).args(["plugins", "--markdown"]).output();
    let page = String::from_utf8(page.expect("the program runs").stdout).expect("text");
    assert_eq!(read(&root().join("docs/plugins.md")), page, "run `make docs`");
}

struct Manifest {
    /// Folder names of the workspace's crates it uses.
    own: BTreeSet<String>,
    /// Names of all other crates that are shipped with it.
    needed: BTreeSet<String>,
    /// Names of all other crates it or its tests use.
    foreign: BTreeSet<String>,
}

/// What each crate may use, from the table under "Who may use whom".
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = read(&root().join("ARCHITECTURE.md"));
    let section =
        text.split("\n## ").find(|section| section.starts_with("Who may use whom")).expect("the section");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        let name = backticked(cells[1]).next().expect("a crate");
        (name, backticked(cells[2]).collect())
    })
    .collect()
}

fn backticked(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

fn manifests() -> BTreeMap<String, Manifest> {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages.iter().map(|package| (folder_name(&package["manifest_path"], true), manifest(package))).collect()
}

fn manifest(package: &Value) -> Manifest {
    let (mut own, mut needed, mut foreign) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for dependency in package["dependencies"].as_array().expect("dependencies") {
        let shipped = dependency["kind"] != "dev";
        if dependency["path"].is_string() {
            // Tests may stand on anything that makes no circle; Cargo sees to that.
            if shipped {
                own.insert(folder_name(&dependency["path"], false));
            }
        } else {
            let name = dependency["name"].as_str().expect("a name").to_owned();
            if shipped {
                needed.insert(name.clone());
            }
            foreign.insert(name);
        }
    }
    Manifest { own, needed, foreign }
}

fn folder_name(path: &Value, is_file: bool) -> String {
    let path = Path::new(path.as_str().expect("a path"));
    let folder = if is_file { path.parent().expect("a folder") } else { path };
    folder.file_name().expect("a name").to_string_lossy().into_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]").next().unwrap_or_default()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    texts(folder).into_iter().filter(|path| path.extension().is_some_and(|own| own == "rs")).collect()
}

/// All files below `folder` but those of the build, of version control, and results.
fn texts(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a readable folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if ["target", ".git", "out", "data", "node_modules"].iter().any(|skipped| name == *skipped) {
            continue;
        }
        if path.is_dir() {
            files.extend(texts(&path));
        } else {
            files.push(path);
        }
    }
    files
}
