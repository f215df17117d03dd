//! One proof: an upload, what is drawn on it, and the versions that can be looked at.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pixel::Rect;
use retouch::proof::{Drawer, Drawn, Original, Seen, Tile};
use retouch::{Engine, EngineError, Recipe, Step, Watch};
use service::{ContentHash, PictureFacts};
use tokio::time::Instant;

use crate::gallery::{ShowError, TILE, locked, screen, tile_rect};

/// Versions that can be looked at: the newest and what a slow browser still asks for.
const VERSIONS: usize = 4;
/// Bytes that drawing takes for each pixel of its level, beside the networks: samples of up to 16 bits, canvases, layers.
const DRAWING: usize = 20;
/// How long a version has the processor for its way to the screen before the next one is drawn.
const COURTESY: Duration = Duration::from_millis(80);
/// Long edge on which faces and regions are looked for to be shown.
const SEEN_EDGE: usize = 1_400;

/// An upload that is whole and has been looked at.
pub struct Picture {
    /// Its file name as given.
    pub name: String,
    /// What its header says.
    pub facts: PictureFacts,
    /// Names its bytes.
    pub hash: ContentHash,
    /// Its pixels.
    pub original: Original,
}

/// One proof.
pub struct Proof {
    id: String,
    session: String,
    picture: Picture,
    finest: u8,
    made: Instant,
    used: Mutex<Instant>,
    drawers: Mutex<BTreeMap<u8, Workplace>>,
    versions: Mutex<Versions>,
}

/// The drawer of a level, and the bytes it held when it was last at rest.
#[derive(Clone)]
struct Workplace {
    drawer: Arc<Mutex<Drawer>>,
    bytes: usize,
}

/// A version's number, and how its picture differs from the one before.
#[derive(Clone, Copy)]
pub struct Published {
    pub number: u64,
    /// The version before, and the rectangle of the new one's level that changed; nothing when there is no version
    /// before, or it has been let go of.
    pub since: Option<(u64, Rect)>,
}

#[derive(Default)]
struct Versions {
    kept: VecDeque<(u64, Arc<Drawn>)>,
    last: u64,
}

/// Someone who hears how the drawing goes, and can end it.
pub trait Listener: Sync {
    /// A step begins.
    fn step(&self, step: Step<'_>);
    /// A version is there.
    fn version(&self, published: Published, drawn: &Drawn);
    /// True when nobody listens any more.
    fn has_left(&self) -> bool;
}

struct Watching<'a> {
    listener: &'a dyn Listener,
}

impl Watch for Watching<'_> {
    fn step(&self, step: Step<'_>) {
        self.listener.step(step);
    }

    fn cancelled(&self) -> bool {
        self.listener.has_left()
    }
}

/// Nobody listens.
struct Quiet;

impl Watch for Quiet {}

impl Proof {
    /// A proof that may take `room` bytes.
    pub fn new(id: String, session: String, picture: Picture, room: usize) -> Self {
        let original = &picture.original;
        let need = |level: u8| original.level_size(level).area().saturating_mul(DRAWING);
        let finest =
            (0..original.levels()).find(|&level| need(level) <= room).unwrap_or(original.levels() - 1);
        let now = Instant::now();
        Self {
            id,
            session,
            finest,
            picture,
            made: now,
            used: Mutex::new(now),
            drawers: Mutex::default(),
            versions: Mutex::default(),
        }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    pub fn is_of(&self, session: &str) -> bool {
        self.session == session
    }

    /// The finest level that is drawn; finer ones would take too much memory.
    pub fn finest(&self) -> u8 {
        self.finest
    }

    pub fn made(&self) -> Instant {
        self.made
    }

    pub fn used(&self) -> Instant {
        *locked(&self.used)
    }

    pub fn touch(&self) {
        *locked(&self.used) = Instant::now();
    }

    /// Bytes of the upload.
    pub fn file_bytes(&self) -> usize {
        self.picture.original.file().len()
    }

    /// Bytes held by all of it.
    pub fn memory(&self) -> usize {
        let drawn: usize = locked(&self.drawers).values().map(|place| place.bytes).sum();
        self.picture.original.memory() + drawn
    }

    /// Lets go of everything but the upload, or of all levels but one; gives how many bytes that frees.
    pub fn rest(&self, keep: Option<u8>) -> usize {
        let before = self.memory();
        locked(&self.drawers).retain(|level, _| Some(*level) == keep);
        locked(&self.versions).kept.retain(|(_, drawn)| Some(drawn.level().number()) == keep);
        for level in (0..self.picture.original.levels()).filter(|level| Some(*level) != keep) {
            self.picture.original.forget(level);
        }
        before.saturating_sub(self.memory())
    }

    /// Draws a recipe at a level: first a draft, if there is a quick way to one, or a sketch, if there is nothing to look
    /// at yet; then the exact picture unless one of these `suffices`. Waits for whoever else draws on that level; a page
    /// leaves its older drawing before it asks for a newer one. False when sketches sufficed: they take no memory that was
    /// not taken before.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] when the listener has left; otherwise when the picture cannot be decoded or a network
    /// fails.
    pub fn draw(
        &self,
        engine: &Engine,
        recipe: &Recipe,
        level: u8,
        suffices: bool,
        listener: &dyn Listener,
    ) -> Result<bool, EngineError> {
        let level = level.clamp(self.finest, self.picture.original.levels() - 1);
        let watch = Watching { listener };
        if watch.cancelled() {
            return Err(EngineError::Cancelled);
        }
        if suffices && self.draw_coarsely(engine, recipe, level, &watch)? {
            return Ok(false);
        }
        watch.step(Step::Decoding);
        let drawer = self.drawer(level)?;
        let mut drawer = locked(&drawer);
        let drawn = self.draw_with(&mut drawer, engine, recipe, suffices, &watch);
        let bytes = drawer.memory();
        if let Some(place) = locked(&self.drawers).get_mut(&level) {
            place.bytes = bytes;
        }
        drawn.map(|()| true)
    }

    /// Follows a moving slider on a level that has no drawer of its own, with the sketches of the next finer one; false
    /// when there are none.
    fn draw_coarsely(
        &self,
        engine: &Engine,
        recipe: &Recipe,
        level: u8,
        watch: &Watching<'_>,
    ) -> Result<bool, EngineError> {
        let finer = {
            let drawers = locked(&self.drawers);
            let finer = level.checked_sub(1).filter(|_| !drawers.contains_key(&level));
            finer.and_then(|finer| drawers.get(&finer).map(|place| place.drawer.clone()))
        };
        let Some(finer) = finer else { return Ok(false) };
        let Some(drawn) = locked(&finer).resketch(engine, recipe, watch)? else { return Ok(false) };
        watch.listener.version(self.publish(drawn.clone()), &drawn);
        Ok(true)
    }

    fn draw_with(
        &self,
        drawer: &mut Drawer,
        engine: &Engine,
        recipe: &Recipe,
        suffices: bool,
        watch: &Watching<'_>,
    ) -> Result<(), EngineError> {
        if watch.cancelled() {
            return Err(EngineError::Cancelled);
        }
        let quick = match drawer.draft(engine, recipe, watch)? {
            None if self.is_new(recipe) => drawer.sketch(engine, recipe, watch)?,
            draft => draft,
        };
        if let Some(quick) = quick {
            watch.listener.version(self.publish(quick.clone()), &quick);
            if quick.is_exact() || suffices {
                return Ok(());
            }
            std::thread::sleep(COURTESY);
        }
        let drawn = drawer.draw(engine, recipe, watch)?;
        watch.listener.version(self.publish(drawn.clone()), &drawn);
        Ok(())
    }

    /// True when no version shows the recipe yet, at whatever level.
    fn is_new(&self, recipe: &Recipe) -> bool {
        locked(&self.versions).kept.iter().all(|(_, drawn)| drawn.recipe() != recipe)
    }

    fn drawer(&self, level: u8) -> Result<Arc<Mutex<Drawer>>, EngineError> {
        if let Some(place) = locked(&self.drawers).get(&level) {
            return Ok(place.drawer.clone());
        }
        let pixels = self.picture.original.level(level)?;
        let fresh = || Workplace { drawer: Arc::new(Mutex::new(Drawer::new(pixels))), bytes: 0 };
        Ok(locked(&self.drawers).entry(level).or_insert_with(fresh).drawer.clone())
    }

    fn publish(&self, drawn: Arc<Drawn>) -> Published {
        let mut versions = locked(&self.versions);
        let before = versions.kept.back().filter(|(number, _)| *number == versions.last);
        let since = before.map(|(number, older)| (*number, drawn.changed_since(older)));
        versions.last += 1;
        let number = versions.last;
        versions.kept.push_back((number, drawn));
        while versions.kept.len() > VERSIONS {
            versions.kept.pop_front();
        }
        Published { number, since }
    }

    /// A tile of the upload.
    ///
    /// # Errors
    /// See [`ShowError`].
    pub fn before(&self, level: u8, column: usize, row: usize) -> Result<Tile, ShowError> {
        let original = &self.picture.original;
        let rect = tile_rect(original, level, column, row).ok_or(ShowError::Outside)?;
        Ok(original.level(level)?.read(rect))
    }

    /// A tile of a version, without the layers of the tasks in `hidden`; nothing when the version is not kept any more.
    ///
    /// # Errors
    /// [`ShowError::Outside`] for a level finer than the version's, too.
    pub fn after(
        &self,
        version: u64,
        (level, column, row): (u8, usize, usize),
        hidden: &[usize],
    ) -> Result<Option<Tile>, ShowError> {
        let rect = tile_rect(&self.picture.original, level, column, row).ok_or(ShowError::Outside)?;
        let found = {
            let versions = locked(&self.versions);
            let Some((_, drawn)) = versions.kept.iter().find(|(number, _)| *number == version) else {
                return Ok(None);
            };
            // The same recipe may have been drawn at the very level that is asked for.
            let fits =
                |other: &&Arc<Drawn>| other.level().number() == level && other.recipe() == drawn.recipe();
            versions.kept.iter().rev().map(|(_, other)| other).find(fits).unwrap_or(drawn).clone()
        };
        let own = found.level().number();
        if own > level {
            return Err(ShowError::Outside);
        }
        let step = 1 << (level - own);
        let size = found.size();
        let finer = Rect { x: rect.x * step, y: rect.y * step, width: TILE * step, height: TILE * step };
        Ok(Some(screen::halved(&found.read(finer.intersect(size.rect()), hidden), step)))
    }

    /// Faces and regions.
    ///
    /// # Errors
    /// When the picture cannot be decoded or a network fails.
    pub fn seen(&self, engine: &Engine) -> Result<Arc<Seen>, EngineError> {
        let level = self.picture.original.level_for(SEEN_EDGE).max(self.finest);
        let drawer = self.drawer(level)?;
        locked(&drawer).seen(engine, &Quiet)
    }
}
