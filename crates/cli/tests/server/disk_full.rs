//! A full disk: starts are refused with a reason and cost nothing; with room again all goes on.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::house::{CREDITS, House, is_root};
use super::pictures::{noise, tiny};
use super::wire::Start;

/// A small disk of its own, where this process may mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: PathBuf) -> Option<Self> {
        fs::create_dir_all(&folder).expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=12m,mode=700", "tmpfs"]).arg(&folder);
        let mounted = is_root() && mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_refuses_starts_and_loses_nothing() {
    let mut house = House::embedded(&[]);
    let Some(_disk) = SmallDisk::mount(house.data()) else {
        eprintln!("left out: a small disk can be mounted by root only");
        return;
    };
    house.serve();
    let client = house.client();
    let before = client.accepted(Start { file: tiny(1), ..Start::default() }).await;
    assert_eq!(client.ended(&before).await["state"], "completed");

    let ballast = house.data().join("ballast");
    let filled = fs::write(&ballast, vec![0; 32 << 20]);
    assert!(filled.is_err(), "the disk is not full");
    for number in 0..3 {
        let (code, body) =
            client.start(Start { file: noise(300 + number), ..Start::default() }).await.expect("an answer");
        assert_eq!(code, 500, "{body}");
        assert!(!body["message"].as_str().unwrap_or_default().is_empty(), "{body}");
    }
    assert_eq!(client.status(&before).await.expect("an answer").1["state"], "completed");

    fs::remove_file(&ballast).expect("removed");
    let after = client.accepted(Start { file: tiny(2), ..Start::default() }).await;
    assert_eq!(client.ended(&after).await["state"], "completed");
    assert_eq!(house.admin(&["credits", "show", "--organization", "Test"]), (CREDITS - 2).to_string());
}

/// Without a small disk of its own: no file of the server may become larger than 3 MiB.
#[tokio::test]
async fn an_upload_that_finds_no_room_is_refused_and_costs_nothing() {
    let mut house = House::embedded(&[]);
    // The database is made before; its files may grow to 3 MiB after.
    let client = house.client();
    let serve = house.serve_command();
    let mut limited = Command::new("bash");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 3072; exec \"$@\"", "limited"]).arg(serve.get_program());
    limited.args(serve.get_args()).current_dir(house.path("."));
    let open =
        |name: &str| fs::File::options().create(true).append(true).open(house.path(name)).expect("a file");
    limited.stdout(open("stdout")).stderr(open("log"));
    house.serve_with(limited);

    let large = noise(1200);
    assert!(large.len() > 3 << 20);
    let (code, body) = client.start(Start { file: large, ..Start::default() }).await.expect("an answer");
    assert_eq!(code, 500, "{body}");
    let id = client.accepted(Start { file: tiny(1), ..Start::default() }).await;
    assert_eq!(client.ended(&id).await["state"], "completed");
    assert_eq!(house.admin(&["credits", "show", "--organization", "Test"]), (CREDITS - 1).to_string());
}
