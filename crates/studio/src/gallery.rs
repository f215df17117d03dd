//! Stored pictures on their way to screens: opened once, kept while they are looked at, served as tiles.

mod kept;
pub mod screen;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use pixel::codec::Limits;
use pixel::{Rect, Size};
use retouch::EngineError;
use retouch::proof::Original;
use service::{ContentHash, FileFacts, Service, StoreError};
use tokio::sync::{OnceCell, Semaphore};

use kept::Kept;

/// Side of a tile in pixels.
pub const TILE: usize = 512;
/// Quality of the JPEGs that screens get.
pub const QUALITY: u8 = 92;
/// Bytes that opened pictures may take together; the one looked at may take more alone.
const OPENED: usize = 512 << 20;
/// Bytes of finished tiles and thumbnails.
const FINISHED: usize = 64 << 20;

/// Why there is no tile.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// It lies outside of the picture.
    #[error("there is no such part of the picture")]
    Outside,
    /// The file is no picture, or a damaged one.
    #[error(transparent)]
    Unreadable(#[from] EngineError),
    /// Its bytes cannot be had.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work was given up, because the server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

/// What is wanted of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// A tile: level, column, row.
    Tile(u8, usize, usize),
    /// All of it, its long edge at most so many pixels.
    Thumb(usize),
}

/// Opened pictures and finished parts of them. Cheap to clone.
#[derive(Clone)]
pub struct Gallery(Arc<Inner>);

struct Inner {
    opened: Mutex<Opened>,
    finished: Mutex<Kept<(ContentHash, Part)>>,
    /// Pictures are decoded and tiles are made by so many threads, so that retouching goes on beside.
    hands: Semaphore,
}

#[derive(Default)]
struct Opened {
    pictures: HashMap<ContentHash, Picture>,
    turn: u64,
}

#[derive(Default)]
struct Picture {
    original: Arc<OnceCell<Arc<Original>>>,
    used: u64,
}

impl Default for Gallery {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Inner {
            opened: Mutex::default(),
            finished: Mutex::new(Kept::new(FINISHED)),
            hands: Semaphore::new(cores),
        }))
    }
}

impl Gallery {
    /// Upright size of a stored picture.
    ///
    /// # Errors
    /// See [`ShowError`].
    pub async fn size(&self, service: &Service, file: &FileFacts) -> Result<Size, ShowError> {
        Ok(self.original(service, file).await?.size())
    }

    /// A part of a stored picture as a JPEG.
    ///
    /// # Errors
    /// See [`ShowError`].
    pub async fn part(&self, service: &Service, file: &FileFacts, part: Part) -> Result<Bytes, ShowError> {
        let key = (file.hash, part);
        if let Some(finished) = locked(&self.0.finished).get(&key) {
            return Ok(finished);
        }
        let original = self.original(service, file).await?;
        let jpeg = self.work(move || draw(&original, part)).await??;
        locked(&self.0.finished).put(key, jpeg.clone());
        self.trim(&file.hash);
        Ok(jpeg)
    }

    /// Does work that takes a while where blocking is fine, a few pieces at a time.
    ///
    /// # Errors
    /// [`ShowError::Stopping`] when it was given up.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ShowError> {
        let _hand = self.0.hands.acquire().await.map_err(|_| ShowError::Stopping)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| ShowError::Stopping)
    }

    async fn original(&self, service: &Service, file: &FileFacts) -> Result<Arc<Original>, ShowError> {
        let cell = {
            let mut opened = locked(&self.0.opened);
            opened.turn += 1;
            let turn = opened.turn;
            let picture = opened.pictures.entry(file.hash).or_default();
            picture.used = turn;
            Arc::clone(&picture.original)
        };
        let limits = Limits { max_bytes: u64::MAX, max_pixels: service.settings().limits.max_pixels() };
        let open = async || {
            let bytes = service.blobs().read(&file.hash).await?;
            let original = self.work(move || Original::open(&*bytes, &limits)).await??;
            Ok::<_, ShowError>(Arc::new(original))
        };
        cell.get_or_try_init(open).await.cloned()
    }

    /// Lets go of pictures that nobody has looked at for longest, until the rest is small enough.
    fn trim(&self, looked_at: &ContentHash) {
        let mut opened = locked(&self.0.opened);
        let memory = |picture: &Picture| picture.original.get().map_or(0, |original| original.memory());
        let mut sizes: Vec<_> =
            opened.pictures.iter().map(|(hash, picture)| (picture.used, *hash, memory(picture))).collect();
        sizes.sort_unstable_by_key(|(used, ..)| *used);
        let mut all: usize = sizes.iter().map(|(.., bytes)| bytes).sum();
        for (_, hash, bytes) in sizes {
            if all <= OPENED {
                return;
            }
            if hash != *looked_at {
                opened.pictures.remove(&hash);
                all -= bytes;
            }
        }
    }
}

/// A part of a picture as a JPEG.
pub fn draw(original: &Original, part: Part) -> Result<Bytes, ShowError> {
    let tile = match part {
        Part::Tile(level, column, row) => {
            let rect = tile_rect(original, level, column, row).ok_or(ShowError::Outside)?;
            original.level(level)?.read(rect)
        }
        Part::Thumb(edge) => {
            let level = original.level(original.level_for(edge))?;
            let size = screen::within(level.size(), edge);
            screen::shrunk(&level.read(level.size().rect()), size)
        }
    };
    Ok(tile.to_jpeg(QUALITY)?.into())
}

/// Where a tile lies on its level; nothing when there is none.
pub fn tile_rect(original: &Original, level: u8, column: usize, row: usize) -> Option<Rect> {
    if level >= original.levels() {
        return None;
    }
    let (x, y) = (column.checked_mul(TILE)?, row.checked_mul(TILE)?);
    let size = original.level_size(level);
    let inside = x < size.width && y < size.height;
    inside.then(|| Rect { x, y, width: TILE, height: TILE }.intersect(size.rect()))
}

/// What a mutex holds; a panic elsewhere has left it in a valid state.
pub fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
