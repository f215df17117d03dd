//! Trouble: wrong flags, places that cannot be written, full disks, killed runs. One clear line, and nothing half-done.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::desk::{Desk, decode, portrait_file};
use pixel::codec::Format;

/// Runs the program, and gives its one line of complaint.
fn complaint(desk: &Desk, arguments: &[&str], code: i32) -> String {
    let run = desk.atelier(arguments).assert().code(code);
    let text = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn mistakes_on_the_command_line_are_said_before_any_work() {
    let desk = Desk::new();
    let upload = portrait_file(Format::Jpeg);
    desk.put("1/a.jpg", &upload);
    desk.put("2/a.jpg", &upload);
    desk.put("file", b"x");
    desk.put("payload.json", br#"{"mode":"professional","tasks":[{"Plugin":"Mattifier","Alpha1":"much"}]}"#);
    for (arguments, expected) in [
        (&["1", "2", "--out-dir", "out"] as &[&str], "would both be written to"),
        (&["1", "2", "-o", "out.jpg"], "-o names one file, but there are 2 pictures"),
        (&["1/a.jpg", "-o", "1/a.jpg"], "is an input and would be overwritten"),
        (&["1/a.jpg", "-o", "out.jpg", "--layers"], "name the output out.zip"),
        (&["1/a.jpg", "-o", "file/out.jpg"], "a part of the path is a file"),
        (&["1/a.jpg", "--report", "file/report.json"], "a part of the path is a file"),
        (&["1/a.jpg", "--report", "1/a.jpg"], "names a picture"),
        (&["1/a.jpg", "--payload", "payload.json"], "tasks[0].Alpha1 must be a number"),
        (&["1/a.jpg", "--payload", "1/a.jpg"], "the payload 1/a.jpg is no text; give a JSON file"),
        (&["1/a.jpg", "--payload", "1"], "cannot read the payload 1: it is a folder, not a file"),
        (&["1/a.jpg", "--payload", "none.json"], "cannot read the payload none.json: it does not exist"),
    ] {
        let text = complaint(&desk, &[&["retouch"], arguments].concat(), 2);
        assert!(text.contains(expected), "{text}");
    }
    let unknown = desk.atelier(&["retouch", "1/a.jpg", "--set", "Matifier=1"]).assert().code(2);
    let unknown = String::from_utf8_lossy(&unknown.get_output().stderr).into_owned();
    assert!(unknown.contains("there is no plugin \"Matifier\"; choose one of"), "{unknown}");
    assert_eq!(desk.files("1"), ["a.jpg"]);
}

#[test]
fn an_empty_folder_is_a_mistake_and_a_folder_as_output_too() {
    let desk = Desk::new();
    desk.put("in/notes.txt", b"only some words");
    desk.put("a.jpg", &portrait_file(Format::Jpeg));
    assert!(complaint(&desk, &["retouch", "in"], 2).contains("no pictures found"));
    for folder in ["in", "new/"] {
        assert!(complaint(&desk, &["retouch", "a.jpg", "-o", folder], 2).contains("not a file"));
    }
}

#[cfg(unix)]
#[test]
fn a_name_breaks_no_line() {
    let desk = Desk::new();
    desk.put("in/a\nb\u{1b}[2J.jpg", b"\xff\xd8\xff not really");
    let text = complaint(&desk, &["retouch", "in", "--out-dir", "out"], 1);
    assert!(text.starts_with(r"in/a\nb\u{1b}[2J.jpg: "), "{text}");
    assert!(complaint(&desk, &["inspect", "in/no\nfile"], 1).contains(r"in/no\nfile: "));
}

#[test]
fn a_folder_and_an_empty_file_are_called_so() {
    let desk = Desk::new();
    desk.put("in/a.jpg", b"");
    desk.put("in/b.nef", b"");
    let text = complaint(&desk, &["inspect", "in"], 1);
    assert!(text.contains("in: it is a folder; name a picture in it"), "{text}");
    for arguments in [&["inspect", "in/a.jpg"] as &[&str], &["retouch", "in"], &["retouch", "in/b.nef"]] {
        let run = desk.atelier(arguments).assert().code(1);
        let text = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(text.contains(": the file is empty; copy it anew"), "{text}");
    }
}

#[test]
fn pictures_of_kinds_that_are_not_read_are_told() {
    let desk = Desk::new();
    desk.put("in/a.heic", b"\0\0\0\x18ftypheic");
    desk.put("in/deep/b.HEIC", b"\0\0\0\x18ftypheic");
    desk.put("in/c.nef", b"II*\0 what a sensor saw");
    desk.put("in/notes.txt", b"only some words");
    let told = "left out 3 files that are not read: 2 heic, 1 nef";
    let text = complaint(&desk, &["retouch", "in"], 2);
    assert!(text.contains("no pictures found; ") && text.trim_end().ends_with(told), "{text}");

    desk.put("in/d.jpg", &portrait_file(Format::Jpeg));
    let run = ["retouch", "in", "--set", "Mattifier=0", "--report", "report.json"];
    let run = desk.atelier(&run).assert().success();
    let text = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert_eq!(text.lines().filter(|line| *line == told).count(), 1, "{text}");
    let report = desk.report();
    assert_eq!(report["left_out"], serde_json::json!({ "heic": 2, "nef": 1 }));
}

#[test]
fn a_folder_of_pictures_is_no_folder_of_their_results() {
    let desk = Desk::new();
    desk.put("d/a.jpg", &portrait_file(Format::Jpeg));
    desk.put("e/b.jpg", b"\xff\xd8\xff not really");
    for command in [
        &["retouch", "d"] as &[&str],
        &["process", "d", "--workflow", "w"],
        &["watch", "d", "--workflow", "w"],
    ] {
        let text = complaint(&desk, &[command, &["--out-dir", "d/../d"]].concat(), 2);
        assert!(text.contains("d holds the pictures and is --out-dir as well"), "{text}");
    }
    // A pattern of the shell names the folder of results as well.
    desk.atelier(&["retouch", "d", "e", "--out-dir", "d"]).assert().code(1);
    assert_eq!(desk.files("."), ["d/a.jpg", "e/b.jpg"]);
}

#[test]
fn a_camera_raw_file_that_is_named_is_to_be_developed_first() {
    let desk = Desk::new();
    // A whole TIFF, as the thumbnail of a raw file is.
    desk.put("IMG_1.NEF", &portrait_file(Format::Tiff));
    for arguments in [&["retouch", "IMG_1.NEF"] as &[&str], &["inspect", "IMG_1.NEF"]] {
        let text = complaint(&desk, arguments, 1);
        assert!(text.contains("IMG_1.NEF: it is a camera raw file; develop it first"), "{text}");
    }
    assert_eq!(desk.files("."), ["IMG_1.NEF"]);
}

#[test]
fn too_large_a_picture_is_refused_by_its_header() {
    let desk = Desk::new();
    let mut jpeg = portrait_file(Format::Jpeg);
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("a baseline frame");
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xf0, 0, 0xf0, 0]);
    desk.put("bomb.jpg", &jpeg);
    let text = complaint(&desk, &["retouch", "bomb.jpg", "-o", "out.jpg"], 1);
    assert!(text.contains("61440") && text.contains("--max-megapixels 3775"), "{text}");
    assert_eq!(desk.files("."), ["bomb.jpg"]);
}

#[test]
fn a_large_file_is_read_and_the_limit_can_be_moved() {
    let desk = Desk::new();
    let path = desk.put("a.jpg", &portrait_file(Format::Jpeg));
    // What follows a JPEG's end is not looked at, so it can be as long as an uncompressed TIFF.
    File::options().write(true).open(path).and_then(|file| file.set_len(144_000_000)).expect("longer");
    desk.atelier(&["retouch", "a.jpg", "-o", "out.jpg", "--set", "Mattifier=0"]).assert().success();
    desk.atelier(&["inspect", "a.jpg"]).assert().success();
    for arguments in [&["retouch", "a.jpg", "-o", "b.jpg"] as &[&str], &["inspect", "a.jpg"]] {
        let text = complaint(&desk, &[arguments, &["--max-file-mb", "137"]].concat(), 1);
        assert!(text.contains("144000000 bytes") && text.contains("give --max-file-mb 138"), "{text}");
    }
    assert_eq!(desk.files("."), ["a.jpg", "out.jpg"]);
}

#[test]
fn a_mistyped_path_makes_no_folder() {
    let desk = Desk::new();
    let text = complaint(&desk, &["retouch", "weding/a.jpg"], 1);
    assert!(text.contains("weding/a.jpg: cannot be read: it does not exist"), "{text}");
    assert!(!desk.path("weding").exists());
}

/// Nobody can write to `/proc`, not even root.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_results_stops_only_its_own_pictures() {
    let desk = Desk::new();
    desk.put("a.jpg", &portrait_file(Format::Jpeg));
    let run = desk.atelier(&["retouch", "/proc/version", "a.jpg", "--set", "Mattifier=0"]).assert().code(1);
    let text = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert!(text.contains("/proc/version: cannot write /proc: "), "{text}");
    assert!(text.contains("1 retouched, 1 failed"), "{text}");
    assert_eq!(desk.files("."), [".atelier-done.jsonl", "a.jpg", "a_retouched.jpg"]);
}

#[test]
fn what_a_killed_run_left_is_cleared_in_all_folders_of_results() {
    let desk = Desk::new();
    desk.put("in/deep/a.jpg", b"\xff\xd8\xff not really");
    let left = [desk.put("out/deep/.atelier-x.part", b"x"), desk.put("in/deep/.atelier-y.part", b"y")];
    for path in &left {
        let long_ago = SystemTime::now() - Duration::from_secs(3600);
        File::options().write(true).open(path).and_then(|file| file.set_modified(long_ago)).expect("aged");
    }
    desk.atelier(&["retouch", "in", "--out-dir", "out"]).assert().code(1);
    assert!(!left[0].exists() && left[1].exists(), "nothing was to be written beside the input");
    desk.atelier(&["retouch", "in"]).assert().code(1);
    assert!(!left[1].exists());
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing_behind() {
    let desk = Desk::new();
    desk.put("a.png", &portrait_file(Format::Png));
    // A limit on file sizes stands for the full disk: the write fails in the middle in the same way.
    let program = env!("CARGO_BIN_EXE_atelier");
    let script =
        format!("trap '' XFSZ; ulimit -f 16; exec {program} retouch a.png -o out/a.png --set Mattifier=0");
    let run = Command::new("sh").args(["-c", &script]).current_dir(desk.path(".")).output().expect("a shell");
    let text = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{text}");
    assert!(text.contains("the disk is full"), "{text}");
    assert_eq!(desk.files("out"), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn a_killed_run_leaves_whole_results_only_and_can_be_resumed() {
    let desk = Desk::new();
    let upload = portrait_file(Format::Jpeg);
    for index in 0..6 {
        desk.put(&format!("in/{index}.jpg"), &upload);
    }
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_atelier"))
            .args(["retouch", "in", "--out-dir", "out", "--jobs", "2"])
            .current_dir(desk.path("."))
            .stderr(Stdio::null())
            .spawn()
            .expect("started")
    };
    let mut killed = start();
    wait_for(&desk.path("out/0.jpg"));
    killed.kill().expect("killed");
    killed.wait().expect("ended");
    check_results(&desk);
    // Only a kill in the middle of writing may leave a draft, under a hidden name.
    let drafts = drafts_of(&desk);

    let mut stopped = start();
    wait_for(&desk.path("out/2.jpg"));
    Command::new("kill").args(["-TERM", &stopped.id().to_string()]).status().expect("a signal");
    let code = stopped.wait().expect("ended").code();
    assert!(matches!(code, Some(130 | 0)), "stopped cleanly, or was done already: {code:?}");
    check_results(&desk);
    assert_eq!(drafts_of(&desk), drafts, "a stopped run cleans up");

    let run = desk.atelier(&["retouch", "in", "--out-dir", "out"]).assert().success();
    assert!(String::from_utf8_lossy(&run.get_output().stderr).contains("already there"));
    check_results(&desk);
    assert_eq!(desk.files("out").iter().filter(|name| name.ends_with(".jpg")).count(), 6);
}

fn drafts_of(desk: &Desk) -> Vec<String> {
    desk.files("out").into_iter().filter(|name| name.ends_with(".part")).collect()
}

fn wait_for(path: &Path) {
    let since = Instant::now();
    while !path.exists() {
        assert!(since.elapsed() < Duration::from_secs(120), "{} never came", path.display());
        thread::sleep(Duration::from_millis(5));
    }
}

fn check_results(desk: &Desk) {
    for name in desk.files("out").iter().filter(|name| name.ends_with(".jpg")) {
        decode(&std::fs::read(desk.path("out").join(name)).expect("readable"));
    }
}
