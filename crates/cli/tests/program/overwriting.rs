//! What may be replaced: a run's own results as it made them, and nothing else unless it is asked for.

use std::fs;

use crate::desk::{Desk, portrait_file};
use pixel::codec::Format;

/// Retouches at strength 0 and gives the exit code and the lines of complaint.
fn retouch(desk: &Desk, arguments: &[&str]) -> (Option<i32>, String) {
    let run = desk.atelier(&[&["retouch", "--set", "Mattifier=0"], arguments].concat()).output();
    let run = run.expect("the program runs");
    (run.status.code(), String::from_utf8_lossy(&run.stderr).into_owned())
}

fn content(desk: &Desk, name: &str) -> Vec<u8> {
    fs::read(desk.path(name)).expect("readable")
}

#[test]
fn a_result_that_was_edited_is_kept() {
    let desk = Desk::new();
    desk.put("in/a.jpg", &portrait_file(Format::Jpeg));
    desk.put("in/b.jpg", &portrait_file(Format::Jpeg));
    let run = ["in", "--out-dir", "done"];
    assert_eq!(retouch(&desk, &run).0, Some(0));
    let made = content(&desk, "done/a.jpg");
    let mut longer = made.clone();
    longer.push(0);
    let mut shorter = made[..made.len() - 1].to_vec();
    shorter[made.len() / 2] ^= 1;
    for edited in [longer, shorter] {
        desk.put("done/a.jpg", &edited);
        for more in [&[] as &[&str], &["--force"], &["--set", "Heal=0"]] {
            let (code, text) = retouch(&desk, &[&run, more].concat());
            assert_eq!(code, Some(1), "{text}");
            assert!(text.starts_with("in/a.jpg: done/a.jpg is not as an earlier run made it; "), "{text}");
            assert_eq!(text.matches("--overwrite").count(), 1, "{text}");
            assert!(content(&desk, "done/a.jpg") == edited);
        }
    }
    let (code, text) = retouch(&desk, &[&run as &[&str], &["--overwrite"]].concat());
    assert_eq!((code, content(&desk, "done/a.jpg") == made), (Some(0), true), "{text}");
    let (_, text) = retouch(&desk, &run);
    assert!(text.contains("2 already there"), "{text}");
}

#[test]
fn the_result_of_another_picture_of_that_name_is_kept() {
    let desk = Desk::new();
    desk.put("card1/a.jpg", &portrait_file(Format::Jpeg));
    desk.put("card2/a.jpg", &[&portrait_file(Format::Jpeg)[..], b"!"].concat());
    assert_eq!(retouch(&desk, &["card1", "--out-dir", "done"]).0, Some(0));
    let (code, text) = retouch(&desk, &["card2", "--out-dir", "done"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("done/a.jpg is the result of ") && text.contains("card1/a.jpg; "), "{text}");
    assert_eq!(retouch(&desk, &["card2", "--out-dir", "done", "--overwrite"]).0, Some(0));
    // The same picture may come by another path, and may change.
    fs::rename(desk.path("card2"), desk.path("card3")).expect("moved");
    assert_eq!(retouch(&desk, &["card3", "--out-dir", "done", "--set", "Heal=0"]).0, Some(0));
    desk.put("card3/a.jpg", &portrait_file(Format::Jpeg));
    assert_eq!(retouch(&desk, &["card3", "--out-dir", "done"]).0, Some(0));
}

#[test]
fn a_file_that_no_run_made_is_kept() {
    let desk = Desk::new();
    desk.put("a.jpg", &portrait_file(Format::Jpeg));
    desk.put("a_retouched.jpg", b"by hand");
    desk.put("done/a.jpg", b"by hand");
    for (place, output) in [(&[] as &[&str], "a_retouched.jpg"), (&["--out-dir", "done"], "done/a.jpg")] {
        let (code, text) = retouch(&desk, &[&["a.jpg"], place].concat());
        assert_eq!(code, Some(1), "{text}");
        let expected = format!("a.jpg: {output} is there already and no result of an earlier run; ");
        assert!(text.starts_with(&expected) && text.lines().count() == 1, "{text}");
        assert_eq!(content(&desk, output), b"by hand");
        assert_eq!(retouch(&desk, &[&["a.jpg", "--overwrite"], place].concat()).0, Some(0));
        assert!(content(&desk, output) != b"by hand");
    }
    desk.put("folder/a.jpg/b", b"");
    let (_, text) = retouch(&desk, &["a.jpg", "--out-dir", "folder"]);
    assert!(text.starts_with("a.jpg: folder/a.jpg is a folder"), "{text}");
    // What -o names is meant.
    desk.put("out.jpg", b"by hand");
    for _ in 0..2 {
        assert_eq!(retouch(&desk, &["a.jpg", "-o", "out.jpg"]).0, Some(0));
    }
    assert!(content(&desk, "out.jpg") != b"by hand");
}

#[cfg(unix)]
#[test]
fn nothing_is_replaced_through_a_link() {
    use std::os::unix::fs::symlink;

    let desk = Desk::new();
    let upload = portrait_file(Format::Jpeg);
    desk.put("in/a.jpg", &upload);
    desk.put("other.jpg", b"another picture");
    desk.put("done/.keep", b"");
    symlink("../other.jpg", desk.path("done/a.jpg")).expect("linked");
    for more in [None, Some("--overwrite")] {
        let mut arguments = vec!["in", "--out-dir", "done"];
        arguments.extend(more);
        let (code, text) = retouch(&desk, &arguments);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("done/a.jpg is a link") && text.contains("remove the link"), "{text}");
        assert_eq!(content(&desk, "other.jpg"), b"another picture");
    }
    symlink("in/a.jpg", desk.path("out.jpg")).expect("linked");
    let (code, text) = retouch(&desk, &["in/a.jpg", "-o", "out.jpg", "--overwrite"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("is an input and would be overwritten"), "{text}");
    assert!(content(&desk, "in/a.jpg") == upload);
}

#[cfg(unix)]
#[test]
fn a_result_that_could_not_be_written_does_not_bar_the_way() {
    let desk = Desk::new();
    desk.put("in/a.png", &portrait_file(Format::Png));
    assert_eq!(retouch(&desk, &["in", "--out-dir", "done"]).0, Some(0));
    let made = content(&desk, "done/a.png");
    // A limit on file sizes stands for the full disk; the record still fits below it.
    let program = env!("CARGO_BIN_EXE_atelier");
    let script = format!(
        "trap '' XFSZ; ulimit -f 16; exec {program} retouch in --out-dir done --set Mattifier=0 --set Heal=0"
    );
    let run = std::process::Command::new("sh").args(["-c", &script]).current_dir(desk.path(".")).output();
    assert_eq!(run.expect("a shell").status.code(), Some(1));
    assert!(content(&desk, "done/a.png") == made);
    let ledger = content(&desk, "done/.atelier-done.jsonl");
    assert_eq!(ledger.split(|&byte| byte == b'\n').count(), 3, "the record comes before its result");
    let (code, text) = retouch(&desk, &["in", "--out-dir", "done"]);
    assert!(code == Some(0) && text.contains("1 already there"), "{text}");
    assert_eq!(retouch(&desk, &["in", "--out-dir", "done", "--set", "Heal=0.1"]).0, Some(0));
}
