//! Proofs: uploads on which people try settings. They live in memory only, belong to one session of one person, and are
//! forgotten when nobody has looked at them for a while.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use service::random_text;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::proof::{Picture, Proof};
use crate::gallery::locked;

/// A proof that nobody has looked at for so long is forgotten.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// How often forgotten proofs are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Most proofs of one person's session; the oldest makes room.
const MOST: usize = 24;
/// Drawings under way at a time; each uses all cores by itself.
const DRAWINGS: usize = 2;

/// All proofs of this process. Cheap to clone.
#[derive(Clone)]
pub struct Proofs(Arc<Inner>);

struct Inner {
    all: Mutex<HashMap<String, Arc<Proof>>>,
    /// Bytes that proofs may take together.
    room: usize,
    drawings: Arc<Semaphore>,
    is_swept: AtomicBool,
}

/// There is no memory for another picture.
#[derive(Debug, PartialEq, Eq)]
pub struct NoRoom;

impl Proofs {
    /// With so many bytes of memory for all proofs together.
    pub fn new(room: usize) -> Self {
        Self(Arc::new(Inner {
            all: Mutex::default(),
            room,
            drawings: Arc::new(Semaphore::new(DRAWINGS)),
            is_swept: AtomicBool::new(false),
        }))
    }

    /// Whose turn it is to draw.
    pub fn drawings(&self) -> &Arc<Semaphore> {
        &self.0.drawings
    }

    /// Takes a picture in for whoever has this session.
    ///
    /// # Errors
    /// [`NoRoom`] when the pictures of others fill the memory.
    pub fn add(&self, session: &str, picture: Picture) -> Result<Arc<Proof>, NoRoom> {
        let proof = Arc::new(Proof::new(random_text(), session.to_owned(), picture, self.0.room));
        let mut all = locked(&self.0.all);
        let mut own: Vec<_> = all.values().filter(|other| other.is_of(session)).cloned().collect();
        own.sort_unstable_by_key(|other| other.used());
        let mut files: usize =
            all.values().map(|other| other.file_bytes()).sum::<usize>() + proof.file_bytes();
        for (index, old) in own.iter().enumerate() {
            // Half of the room is for the files, the rest for what is drawn.
            if own.len() - index < MOST && files <= self.0.room / 2 {
                break;
            }
            files -= old.file_bytes();
            all.remove(old.id());
        }
        if files > self.0.room / 2 && all.values().any(|other| !other.is_of(session)) {
            return Err(NoRoom);
        }
        all.insert(proof.id().to_owned(), proof.clone());
        drop(all);
        self.sweep_from_now_on();
        Ok(proof)
    }

    /// A proof of this session.
    pub fn get(&self, session: &str, id: &str) -> Option<Arc<Proof>> {
        let proof = locked(&self.0.all).get(id).filter(|proof| proof.is_of(session)).cloned()?;
        proof.touch();
        Some(proof)
    }

    /// All proofs of this session, oldest first.
    pub fn of(&self, session: &str) -> Vec<Arc<Proof>> {
        let mut own: Vec<_> =
            locked(&self.0.all).values().filter(|proof| proof.is_of(session)).cloned().collect();
        own.sort_unstable_by_key(|proof| proof.made());
        own
    }

    /// Forgets a proof of this session.
    pub fn forget(&self, session: &str, id: &str) {
        let mut all = locked(&self.0.all);
        if all.get(id).is_some_and(|proof| proof.is_of(session)) {
            all.remove(id);
        }
    }

    /// Takes drawings and pixels from proofs that were looked at longest ago, until the rest is small enough; they are
    /// made again when somebody looks. The one at work loses its other levels last.
    pub fn trim(&self, at_work: &Proof, level: u8) {
        let mut proofs: Vec<_> = locked(&self.0.all).values().cloned().collect();
        proofs.sort_unstable_by_key(|proof| proof.used());
        let mut all: usize = proofs.iter().map(|proof| proof.memory()).sum();
        for proof in proofs.iter().filter(|proof| proof.id() != at_work.id()) {
            if all <= self.0.room {
                return;
            }
            all -= proof.rest(None);
        }
        if all > self.0.room {
            at_work.rest(Some(level));
        }
    }

    /// Begins to look for idle proofs; ends by itself when there are none.
    fn sweep_from_now_on(&self) {
        if self.0.is_swept.swap(true, Ordering::AcqRel) {
            return;
        }
        let proofs = self.clone();
        tokio::spawn(async move {
            loop {
                sleep(LOOK_EVERY).await;
                let now = Instant::now();
                let mut all = locked(&proofs.0.all);
                all.retain(|_, proof| now.duration_since(proof.used()) < IDLE);
                if all.is_empty() {
                    proofs.0.is_swept.store(false, Ordering::Release);
                    return;
                }
            }
        });
    }
}
