//! `atelier retouch` as its users run it: results, names, resuming, reports.

use std::fs;
use std::io::Cursor;

use crate::desk::{Desk, decode, portrait, portrait_file};
use pixel::codec::{self, Format};
use serde_json::Value;

#[test]
fn retouches_one_picture_and_keeps_size_and_metadata() {
    let desk = Desk::new();
    let upload = portrait_file(Format::Jpeg);
    desk.put("portrait.jpg", &upload);
    desk.atelier(&["retouch", "portrait.jpg", "-o", "out/result.jpg", "--preset", "heavy"])
        .assert()
        .success();

    let (before, after) =
        (decode(&upload), decode(&fs::read(desk.path("out/result.jpg")).expect("a result")));
    assert_eq!(after.size, before.size);
    assert_eq!(after.metadata.icc, before.metadata.icc);
    assert_eq!(after.metadata.exif, before.metadata.exif);
    assert!(after.rgb != before.rgb, "a heavy retouch changes pixels");
    assert_eq!(desk.files("out"), ["result.jpg"], "a file named with -o comes alone");
}

#[test]
fn strength_0_changes_no_pixel() {
    let desk = Desk::new();
    let upload = portrait_file(Format::Png);
    desk.put("portrait.png", &upload);
    desk.atelier(&[
        "retouch",
        "portrait.png",
        "-o",
        "out.png",
        "--set",
        "Mattifier=0",
        "--set",
        "Dodge Burn=0,0",
    ])
    .assert()
    .success();
    assert!(decode(&fs::read(desk.path("out.png")).expect("a result")) == decode(&upload));
}

#[test]
fn writes_layers_as_a_zip() {
    let desk = Desk::new();
    desk.put("portrait.jpg", &portrait_file(Format::Jpeg));
    let sets = ["--set", "Mattifier=1", "--set", "Dodge Burn=1,0.2"];
    desk.atelier(&["retouch", "portrait.jpg", "--layers"]).args(sets).assert().success();
    let archive = fs::read(desk.path("portrait_layers.zip")).expect("a ZIP");
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).expect("a whole ZIP");
    let names: Vec<String> = (0..archive.len())
        .map(|index| archive.by_index(index).expect("an entry").name().expect("UTF-8").to_string())
        .collect();
    assert_eq!(names, ["Skin Mask_mask.png", "Mattifier.png", "Dodge Burn_softlight.png", "result.json"]);
    let result: Value =
        serde_json::from_reader(archive.by_name("result.json").expect("there")).expect("JSON");
    assert_eq!(result["image"]["width"], 500);

    desk.atelier(&["retouch", "portrait.jpg", "-o", "named.ZIP"]).args(sets).assert().success();
    assert!(
        fs::read(desk.path("named.ZIP")).expect("a ZIP")
            == fs::read(desk.path("portrait_layers.zip")).expect("a ZIP")
    );
}

#[test]
fn writes_layers_as_a_photoshop_document() {
    let desk = Desk::new();
    desk.put("portrait.jpg", &portrait_file(Format::Jpeg));
    let sets = ["--set", "Mattifier=1", "--set", "Dodge Burn=1,0.2"];
    desk.atelier(&["retouch", "portrait.jpg", "-o", "named.psd"]).args(sets).assert().success();
    let file = fs::read(desk.path("named.psd")).expect("a document");
    assert_eq!(file[..6], *b"8BPS\0\x01");
    let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().expect("four bytes"));
    assert_eq!((number(14), number(18)), (500, 500), "height and width of the upload");
    for name in [&b"Mattifier"[..], b"Dodge Burn"] {
        assert!(file.windows(name.len()).any(|part| part == name), "a layer of that name");
    }
    // Soft light is how the layer is laid.
    assert!(file.windows(8).any(|part| part == b"8BIMsLit"));
}

#[test]
fn the_extension_decides_the_format() {
    let desk = Desk::new();
    desk.put("portrait.jpg", &portrait_file(Format::Jpeg));
    for (name, format) in [("a.png", Format::Png), ("b.TIF", Format::Tiff), ("c.jpeg", Format::Jpeg)] {
        desk.atelier(&["retouch", "portrait.jpg", "-o", name, "--set", "Mattifier=0"]).assert().success();
        assert_eq!(codec::sniff(&fs::read(desk.path(name)).expect("a result")), Some(format), "{name}");
    }
    let refused = desk.atelier(&["retouch", "portrait.jpg", "-o", "d.gif"]).assert().code(2);
    assert!(stderr(&refused).contains("choose such an extension"), "{}", stderr(&refused));
}

#[test]
fn a_broken_file_stops_nothing_else() {
    let desk = Desk::new();
    let upload = portrait_file(Format::Jpeg);
    desk.put("in/1.jpg", &upload);
    desk.put("in/2.jpg", &upload[..upload.len() / 2]);
    desk.put("in/deep/3.jpg", &upload);
    desk.put("in/notes.txt", b"these are no pictures");
    let run = desk
        .atelier(&["retouch", "in", "missing.jpg", "--out-dir", "out", "--set", "Mattifier=0"])
        .assert()
        .code(1);
    assert_eq!(desk.files("out"), [".atelier-done.jsonl", "1.jpg", "deep/.atelier-done.jsonl", "deep/3.jpg"]);
    assert!(stderr(&run).contains("2 retouched, 2 failed"), "{}", stderr(&run));
    assert!(stderr(&run).contains("missing.jpg: cannot be read: it does not exist"), "{}", stderr(&run));
}

#[test]
fn resumes_and_makes_again_only_what_changed() {
    let desk = Desk::new();
    let (first, second) = (portrait_file(Format::Jpeg), portrait_file(Format::Png));
    desk.put("in/a.jpg", &first);
    desk.put("in/b.png", &second);
    let run = |more: &[&str]| {
        let run = desk.atelier(&["retouch", "in", "--out-dir", "in/out"]).args(more).assert().success();
        stderr(&run)
    };
    let mattifier = ["--set", "Mattifier=0"];
    assert!(run(&mattifier).contains("2 retouched in"));
    assert!(run(&mattifier).contains("0 retouched, 2 already there"));
    let result = fs::read(desk.path("in/out/a.jpg")).expect("a result");
    fs::write(desk.path("in/out/a.jpg"), &result[..result.len() - 1]).expect("cut");
    assert!(run(&mattifier).contains("1 retouched, 1 already there"), "a cut result is made again");
    assert_eq!(fs::read(desk.path("in/out/a.jpg")).expect("a result"), result);
    assert!(run(&["--set", "Mattifier=0.1"]).contains("2 retouched in"), "another recipe");
    assert!(run(&["--set", "Mattifier=0.1", "--force"]).contains("2 retouched in"), "forced");
    desk.put("in/b.png", &first);
    assert!(run(&["--set", "Mattifier=0.1"]).contains("1 retouched, 1 already there"), "another input");
}

#[test]
fn results_beside_their_inputs_are_not_inputs() {
    let desk = Desk::new();
    desk.put("a.jpg", &portrait_file(Format::Jpeg));
    for expected in ["1 retouched in", "0 retouched, 1 already there"] {
        let run = desk.atelier(&["retouch", ".", "--set", "Mattifier=0"]).assert().success();
        assert!(stderr(&run).contains(expected), "{}", stderr(&run));
    }
    assert_eq!(desk.files("."), [".atelier-done.jsonl", "a.jpg", "a_retouched.jpg"]);
}

#[test]
fn the_report_tells_of_every_file() {
    let desk = Desk::new();
    desk.put("a.jpg", &portrait_file(Format::Jpeg));
    desk.put("b.jpg", b"\xff\xd8\xff not really");
    desk.atelier(&[
        "retouch",
        "a.jpg",
        "b.jpg",
        "--out-dir",
        "out",
        "--set",
        "Mattifier=1",
        "--report",
        "report.json",
    ])
    .assert()
    .code(1);
    let mut report = desk.report();
    blank(&mut report, &["atelier", "milliseconds", "error", "findings"]);
    insta::assert_json_snapshot!(report);
}

#[test]
fn the_report_goes_to_standard_output_when_asked() {
    let desk = Desk::new();
    desk.put("a.jpg", &portrait_file(Format::Jpeg));
    let run =
        desk.atelier(&["retouch", "a.jpg", "-o", "b.jpg", "--set", "Mattifier=0", "--report", "-"]).assert();
    let report: Value = serde_json::from_slice(&run.success().get_output().stdout).expect("JSON alone");
    assert_eq!(report["files"][0]["status"], "done");
    assert_eq!(desk.files("."), ["a.jpg", "b.jpg"]);
}

#[test]
fn the_report_has_findings_of_pictures_that_its_run_retouched() {
    let desk = Desk::new();
    desk.put("a.jpg", &portrait_file(Format::Jpeg));
    for (more, status) in [(None, "done"), (None, "skipped"), (Some("--force"), "done")] {
        desk.atelier(&["retouch", "a.jpg", "--set", "Mattifier=0", "--report", "report.json"])
            .args(more)
            .assert()
            .success();
        let report = desk.report();
        let picture = &report["files"][0];
        assert_eq!(picture["status"], status);
        assert_eq!(picture["result"]["plugins"].is_array(), status == "done", "{picture}");
        assert!(picture["milliseconds"]["reading"].is_number());
    }
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_is_reported_and_remembered() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let desk = Desk::new();
    fs::create_dir(desk.path("in")).expect("a folder");
    let name = OsStr::from_bytes(b"Zo\xEB.jpg");
    fs::write(desk.path("in").join(name), portrait_file(Format::Jpeg)).expect("a name of Latin-1");
    for (place, output) in
        [(&["--out-dir", "out"] as &[&str], r"out/Zo\xEB.jpg"), (&[], r"in/Zo\xEB_retouched.jpg")]
    {
        for status in ["done", "skipped"] {
            desk.atelier(&["retouch", "in", "--set", "Mattifier=0", "--report", "report.json"])
                .args(place)
                .assert()
                .success();
            let report = desk.report();
            let files = report["files"].as_array().expect("a list");
            assert_eq!(files.len(), 1, "the result is no input: {report}");
            assert_eq!(files[0]["input"], r"in/Zo\xEB.jpg");
            assert_eq!(files[0]["output"], output);
            assert_eq!(files[0]["status"], status);
        }
    }
}

/// Replaces what differs from run to run, or from version to version, by the name of its type.
fn blank(value: &mut Value, keys: &[&str]) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| match value {
            Value::Number(_) if keys.contains(&key.as_str()) => *value = "number".into(),
            Value::Array(_) if keys.contains(&key.as_str()) => *value = "list".into(),
            Value::String(_) if keys.contains(&key.as_str()) => *value = "text".into(),
            Value::Object(times) if keys.contains(&key.as_str()) => {
                times.values_mut().for_each(|time| *time = "number".into());
            }
            _ => blank(value, keys),
        }),
        Value::Array(values) => values.iter_mut().for_each(|value| blank(value, keys)),
        _ => {}
    }
}

#[test]
fn takes_a_payload_from_standard_input() {
    let desk = Desk::new();
    desk.put("a.png", &portrait_file(Format::Png));
    let payload = r#"{"mode":"professional","tasks":[{"Plugin":"Mattifier","Alpha1":0}]}"#;
    desk.atelier(&["retouch", "a.png", "-o", "out.png", "--payload", "-"])
        .write_stdin(payload)
        .assert()
        .success();
    assert_eq!(
        decode(&fs::read(desk.path("out.png")).expect("a result")),
        decode(&portrait_file(Format::Png))
    );
}

#[test]
fn a_payload_is_read_behind_its_byte_order_mark_and_its_slips_are_told() {
    let desk = Desk::new();
    desk.put("a.png", &portrait_file(Format::Png));
    let tasks = r#"[{"Plugin":"Mattifier","Alpha1":-1},{"Plugin":"Heal","Alpah1":0.5,"Alpha1":0}]"#;
    let payload = format!("\u{feff}{{\"mode\":\"professional\",\"tasks\":{tasks}}}");
    desk.put("tasks.json", payload.as_bytes());
    let run = ["retouch", "a.png", "-o", "out.png", "--payload", "tasks.json"];
    let text = stderr(&desk.atelier(&run).assert().success());
    let warnings: Vec<&str> = text.lines().filter(|line| line.contains("warning")).collect();
    assert_eq!(
        warnings,
        [
            "tasks.json: warning: tasks[0].Alpha1 is taken as 0, not -1: it goes from 0 to 1",
            "tasks.json: warning: tasks[1].Alpah1 is ignored: Heal has Scale, Alpha1, Layer",
        ]
    );
    assert!(stderr(&desk.atelier(&run).arg("--quiet").assert().success()).is_empty());
}

#[test]
fn any_number_of_jobs_gives_the_same_bytes() {
    let desk = Desk::new();
    for name in ["in/a.jpg", "in/b.jpg"] {
        desk.put(name, &portrait_file(Format::Jpeg));
    }
    for (jobs, threads) in [("1", "1"), ("2", "3")] {
        let mut run =
            desk.atelier(&["retouch", "in", "--out-dir", jobs, "--jobs", jobs, "--preset", "balanced"]);
        run.env("RAYON_NUM_THREADS", threads).assert().success();
    }
    let bytes = |name| fs::read(desk.path(name)).expect("a result");
    assert!(bytes("1/a.jpg") == bytes("2/a.jpg") && bytes("1/b.jpg") == bytes("2/b.jpg"));
    assert_eq!(decode(&bytes("1/a.jpg")).size, portrait().size);
}

fn stderr(run: &assert_cmd::assert::Assert) -> String {
    String::from_utf8_lossy(&run.get_output().stderr).into_owned()
}
