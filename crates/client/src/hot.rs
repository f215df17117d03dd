//! A hot folder: whatever picture appears in it goes through a workflow, once, when it is whole.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use crate::folder::Run;
use crate::whole::looks_whole;
use crate::{ClientError, Item, Journal, Order, Seen, Server};

/// How often the folder is looked through. Looking works on every file system; notices of changes do not.
const LOOK: Duration = Duration::from_secs(1);
/// A file that has not changed for so many looks is taken as whole.
const QUIET_LOOKS: u32 = 2;
/// The same for a picture whose end is missing: whoever writes it may only have paused. Then it is taken as it is, and
/// the server says what is wrong with it.
const QUIET_LOOKS_OF_HALVES: u32 = 60;

/// What a file looked like.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    bytes: u64,
    changed: Option<SystemTime>,
}

/// A file on its way to being whole, or done with in this shape.
struct Watched {
    look: Look,
    quiet: u32,
    taken: bool,
}

/// Watches a folder until told to stop. `find` lists its pictures. After a restart the journal tells what was done.
///
/// # Errors
/// When the journal cannot be kept, or the sign-in does not count any more. Trouble with the folder or the server is waited out.
pub async fn watch(
    server: &Server,
    order: &Order,
    find: impl Fn() -> Vec<Item>,
    seen: Arc<dyn Seen>,
    stop: CancellationToken,
) -> Result<(), ClientError> {
    let mut watched: HashMap<PathBuf, Watched> = HashMap::new();
    let mut run = Run::new(server, order, Journal::open(&order.out_dir)?, seen, stop.clone());
    while !stop.is_cancelled() {
        let items = find();
        watched.retain(|path, _| items.iter().any(|item| item.path == *path));
        for item in items.into_iter().filter(|item| is_ready(&mut watched, &item.path)) {
            run.take(item);
        }
        run.check()?;
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => {}
        }
    }
    run.end().await
}

/// True once for each shape of a file, when it has stopped changing.
fn is_ready(watched: &mut HashMap<PathBuf, Watched>, path: &Path) -> bool {
    let Ok(facts) = std::fs::metadata(path) else { return false };
    let look = Look { bytes: facts.len(), changed: facts.modified().ok() };
    let file = watched.entry(path.to_owned()).or_insert(Watched { look, quiet: 0, taken: false });
    if file.look != look {
        *file = Watched { look, quiet: 0, taken: false };
        return false;
    }
    file.quiet += 1;
    let is_quiet = !file.taken && look.bytes > 0 && file.quiet > QUIET_LOOKS;
    let ready =
        is_quiet && (file.quiet > QUIET_LOOKS_OF_HALVES || looks_whole(path).is_ok_and(|whole| whole));
    file.taken |= ready;
    ready
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_once_when_it_has_stopped_growing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jpg");
        let mut watched = HashMap::new();
        std::fs::write(&path, "half").expect("written");
        assert!(!is_ready(&mut watched, &path));
        assert!(!is_ready(&mut watched, &path));
        std::fs::write(&path, "half and half").expect("written");
        let looks: Vec<bool> = (0..6).map(|_| is_ready(&mut watched, &path)).collect();
        assert_eq!(looks, [false, false, false, true, false, false]);
        std::fs::write(&path, "another picture under the same name").expect("written");
        assert_eq!((0..5).filter(|_| is_ready(&mut watched, &path)).count(), 1);
        assert!(!is_ready(&mut watched, &folder.path().join("missing.jpg")));
    }

    #[test]
    fn half_a_picture_is_waited_for_longer() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jpg");
        let mut watched = HashMap::new();
        std::fs::write(&path, b"\xff\xd8\xff half").expect("written");
        let looks: Vec<bool> = (0..100).map(|_| is_ready(&mut watched, &path)).collect();
        assert_eq!(looks.iter().position(|ready| *ready), Some(60));
        std::fs::write(&path, b"\xff\xd8\xff half and half \xff\xd9").expect("written");
        let looks: Vec<bool> = (0..100).map(|_| is_ready(&mut watched, &path)).collect();
        assert_eq!(looks.iter().position(|ready| *ready), Some(3));
    }
}
