//! A hot folder: whatever picture appears in it goes through a workflow, once, when it is whole.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use crate::{ClientError, Item, Journal, Order, Seen, Server, process};

/// How often the folder is looked through. Looking works on every file system; notices of changes do not.
const LOOK: Duration = Duration::from_secs(1);
/// A file that has not changed for so many looks is taken as whole.
const QUIET_LOOKS: u32 = 2;

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
/// When the journal cannot be kept. Trouble with the folder or the server is waited out.
pub async fn watch(
    server: &Server,
    order: &Order,
    find: impl Fn() -> Vec<Item>,
    seen: Arc<dyn Seen>,
    stop: CancellationToken,
) -> Result<(), ClientError> {
    let mut watched: HashMap<PathBuf, Watched> = HashMap::new();
    while !stop.is_cancelled() {
        let items = find();
        watched.retain(|path, _| items.iter().any(|item| item.path == *path));
        let ready: Vec<Item> = items.into_iter().filter(|item| is_ready(&mut watched, &item.path)).collect();
        if !ready.is_empty() {
            let journal = Journal::open(&order.out_dir)?;
            process(server, order, ready, journal, seen.clone(), stop.clone()).await?;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => {}
        }
    }
    Ok(())
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
    let ready = !file.taken && look.bytes > 0 && file.quiet > QUIET_LOOKS;
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
}
