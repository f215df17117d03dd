//! The program in a pipe: a picture from standard input, a result to standard output.

use std::fs;

use crate::desk::{Desk, portrait_file};
use pixel::codec::Format;

/// A desk with a portrait, and what the program makes of it in a file.
fn desk() -> (Desk, Vec<u8>, Vec<u8>) {
    let desk = Desk::new();
    let upload = portrait_file(Format::Jpeg);
    desk.put("in.jpg", &upload);
    desk.atelier(&["retouch", "in.jpg", "-o", "made.jpg", "--set", "Heal=1"]).assert().success();
    let result = fs::read(desk.path("made.jpg")).expect("the result");
    (desk, upload, result)
}

#[test]
fn a_pipe_gets_what_a_file_gets() {
    let (desk, upload, result) = desk();
    for arguments in [&["-"][..], &["-", "-o", "-"], &["in.jpg", "-o", "-"]] {
        let arguments = [&["retouch", "--set", "Heal=1"], arguments].concat();
        let run = desk.atelier(&arguments).write_stdin(upload.clone()).assert().success();
        assert!(run.get_output().stdout == result, "{arguments:?}");
    }
    desk.atelier(&["retouch", "-", "-o", "piped.jpg", "--set", "Heal=1"])
        .write_stdin(upload)
        .assert()
        .success();
    assert!(fs::read(desk.path("piped.jpg")).expect("the result") == result);
    assert_eq!(desk.files(""), ["in.jpg", "made.jpg", "piped.jpg"], "nothing else is left");
}

#[test]
fn layers_go_through_a_pipe() {
    let (desk, upload, _) = desk();
    let run =
        desk.atelier(&["retouch", "-", "--layers", "--set", "Heal=1"]).write_stdin(upload).assert().success();
    assert!(run.get_output().stdout.starts_with(b"PK"));
}

#[test]
fn what_goes_wrong_sends_nothing() {
    let (desk, upload, _) = desk();
    let short = upload[..upload.len() / 2].to_vec();
    for (arguments, input, code, says) in [
        (&["-"][..], b"not a picture".to_vec(), 1, "-: "),
        (&["-"], short, 1, "-: "),
        (&["-"], Vec::new(), 1, "is empty"),
        (&["-", "--max-file-mb", "1"], vec![0xff; 3 << 20], 1, "--max-file-mb"),
        (&["-", "in.jpg"], upload.clone(), 2, "give it alone"),
        (&["-", "--out-dir", "out"], upload.clone(), 2, "give it alone"),
        (&["-", "--payload", "-"], upload.clone(), 2, "cannot both be standard input"),
        (&["-", "--report", "-"], upload.clone(), 2, "cannot both go to standard output"),
    ] {
        let arguments = [&["retouch"], arguments].concat();
        let run = desk.atelier(&arguments).write_stdin(input).assert().code(code);
        let output = run.get_output();
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(says), "{arguments:?}: {told}");
    }
    assert_eq!(desk.files(""), ["in.jpg", "made.jpg"]);
}
