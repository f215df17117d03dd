//! The one who draws recipes on a level, and keeps what later drawings can go on from.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use vision::{Answers, Sight};

use super::drawn::{Drawn, DrawnLayer, Fidelity};
use super::original::Level;
use super::seen::Seen;
use crate::engine::{Engine, EngineError, Looker, Step, Watch, draw_task, needs, overview};
use crate::known::Known;
use crate::layer::Layer;
use crate::pile::Pile;
use crate::plugin::Need;
use crate::recipe::{Recipe, Task};
use crate::scene::{Scene, Views};

/// Draws recipes on one level. Drawing is exclusive; what it gives is read without it.
///
/// A drawing that fails or is cancelled leaves everything as usable as before: layers that were finished are kept for
/// the next drawing, [`Drawer::latest`] stays.
pub struct Drawer {
    level: Arc<Level>,
    /// See [`Scene::coarser_by`].
    coarseness: usize,
    /// What the networks said; let go of when all questions have been answered.
    answers: Option<Arc<Answers>>,
    /// What is known about the level without layers.
    base: Views,
    /// The first tasks of the recipe drawn last, as far as that came.
    done: Vec<Finished>,
    checkpoint: Checkpoint,
    /// What the plugin of the task that was changed last, of this number, found out on the layers below it.
    known: (usize, Arc<Known>),
    latest: Option<Arc<Drawn>>,
    seen: Option<Arc<Seen>>,
    /// Who drew the sketch, for sketches of later recipes.
    sketcher: Option<Box<Drawer>>,
}

/// A task that has been drawn.
struct Finished {
    task: Task,
    /// As the plugin drew it, to bring canvases up to date.
    layer: Arc<Layer>,
    shown: DrawnLayer,
}

/// What is known about the level with the first `index` layers laid. It lies before the task that was changed last,
/// because the next change is most likely one of the same task. All canvases are up to date.
struct Checkpoint {
    index: usize,
    views: Views,
}

/// A watcher whose word counts once and for all: plugins leave out work when they are told to stop, so a drawing during
/// which that happened must not be kept.
struct Stop<'a> {
    watch: &'a dyn Watch,
    asked: AtomicBool,
}

impl<'a> Stop<'a> {
    fn new(watch: &'a dyn Watch) -> Self {
        Self { watch, asked: AtomicBool::new(false) }
    }

    fn asked(&self) -> bool {
        if self.watch.cancelled() {
            self.asked.store(true, Ordering::Relaxed);
        }
        self.asked.load(Ordering::Relaxed)
    }

    fn check(&self) -> Result<(), EngineError> {
        if self.asked() { Err(EngineError::Cancelled) } else { Ok(()) }
    }
}

/// Passes on when to stop, and says nothing.
struct Hushed<'a>(&'a dyn Watch);

impl Watch for Hushed<'_> {
    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}

impl Drawer {
    /// A drawer that has not looked at the level yet.
    pub fn new(level: Arc<Level>) -> Self {
        Self {
            level,
            coarseness: 1,
            answers: None,
            base: Views::default(),
            done: Vec::new(),
            checkpoint: Checkpoint { index: 0, views: Views::default() },
            known: (0, Arc::default()),
            latest: None,
            seen: None,
            sketcher: None,
        }
    }

    /// The picture that is drawn on.
    pub fn level(&self) -> &Arc<Level> {
        &self.level
    }

    /// The last finished version, draft or exact.
    pub fn latest(&self) -> Option<&Arc<Drawn>> {
        self.latest.as_ref()
    }

    /// Draws a recipe, from the first task on that differs from what was drawn before. The same recipe gives the same
    /// pixels whatever was drawn before. What the tasks say about layers as files does not matter here.
    ///
    /// # Errors
    /// When a network fails, or the watcher asks to stop ([`EngineError::Cancelled`]).
    pub fn draw(
        &mut self,
        engine: &Engine,
        recipe: &Recipe,
        watch: &dyn Watch,
    ) -> Result<Arc<Drawn>, EngineError> {
        self.analyse(engine, &needs(&recipe.tasks), watch)?;
        self.advance(recipe, recipe.tasks.len(), watch)?;
        Ok(self.publish(recipe, Vec::new()))
    }

    /// A first look at a level on which nothing the recipe needs has been looked for yet: the recipe on half the sides,
    /// with what the networks say at a glance about the level itself. [`Drawer::draw`] goes on from those answers, so
    /// together they cost little more than `draw` alone, and it draws the same pixels as without a sketch. `None` when
    /// there is nothing to be gained: the analysis is there, the recipe needs none, or the level is the coarsest.
    ///
    /// # Errors
    /// As [`Drawer::draw`].
    pub fn sketch(
        &mut self,
        engine: &Engine,
        recipe: &Recipe,
        watch: &dyn Watch,
    ) -> Result<Option<Arc<Drawn>>, EngineError> {
        let missing = self.missing(&needs(&recipe.tasks));
        let sees_regions =
            missing.iter().any(|need| matches!(need, Need::FaceRegions | Need::PictureRegions));
        if !sees_regions || self.level.is_coarsest() {
            return Ok(None);
        }
        watch.step(Step::Analysing);
        let level = Arc::clone(&self.level);
        let looker = Looker { picture: &level.picture, space: &level.space };
        let sight = self.look(engine, &looker)?;
        let (half, seen) = std::thread::scope(|scope| {
            let half = scope.spawn(|| {
                let half = level.halved();
                let seen = overview(&half.picture, &half.space);
                (half, seen)
            });
            sight.glance(missing.contains(&Need::PictureRegions));
            half.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        let answers = Some(Arc::new(sight.answers().shrunk(2, seen)));
        let mut drawer = Self { coarseness: 2, answers, ..Self::new(Arc::new(half)) };
        let drawn = drawer.draw(engine, recipe, &Hushed(watch))?;
        self.sketcher = Some(Box::new(drawer));
        Ok(Some(sketched(&drawn)))
    }

    /// Another sketch after [`Drawer::sketch`], for a slider that moves faster than [`Drawer::draft`] can follow: a draft
    /// if there is a shortcut from what was sketched last. `None` when nothing was sketched, or the recipe needs more of
    /// the picture than was looked at then.
    ///
    /// # Errors
    /// As [`Drawer::draw`].
    pub fn resketch(
        &mut self,
        engine: &Engine,
        recipe: &Recipe,
        watch: &dyn Watch,
    ) -> Result<Option<Arc<Drawn>>, EngineError> {
        let known = |sketcher: &&mut Box<Self>| sketcher.missing(&needs(&recipe.tasks)).is_empty();
        let Some(sketcher) = self.sketcher.as_mut().filter(known) else { return Ok(None) };
        let watch = Hushed(watch);
        let drawn = match sketcher.draft(engine, recipe, &watch)? {
            Some(draft) => draft,
            None => sketcher.draw(engine, recipe, &watch)?,
        };
        Ok(Some(sketched(&drawn)))
    }

    /// A quick version for a slider that is moving: only the first task that differs is drawn, the layers above it are
    /// those of the latest version. `None` when there is no such shortcut, because nothing has been drawn yet, the
    /// analysis does not suffice, or more than one task differs; then only [`Drawer::draw`] helps. A `draw` of the same
    /// recipe goes on from the draft and draws nothing twice.
    ///
    /// # Errors
    /// As [`Drawer::draw`].
    pub fn draft(
        &mut self,
        engine: &Engine,
        recipe: &Recipe,
        watch: &dyn Watch,
    ) -> Result<Option<Arc<Drawn>>, EngineError> {
        if !self.missing(&needs(&recipe.tasks)).is_empty() {
            return Ok(None);
        }
        let changed = self.unchanged(recipe);
        let Some(kept) = self.kept_above(recipe, changed) else { return Ok(None) };
        if kept.iter().all(|layer| layer.stored.is_empty()) {
            return self.draw(engine, recipe, watch).map(Some);
        }
        self.advance(recipe, changed + 1, watch)?;
        Ok(Some(self.publish(recipe, kept)))
    }

    /// Faces and regions of the level. Looks for them if that has not been done.
    ///
    /// # Errors
    /// As [`Drawer::draw`].
    pub fn seen(&mut self, engine: &Engine, watch: &dyn Watch) -> Result<Arc<Seen>, EngineError> {
        if let Some(seen) = &self.seen {
            return Ok(Arc::clone(seen));
        }
        self.analyse(engine, &Need::ALL, watch)?;
        let seen = Arc::new(Seen::new(self.level.size(), self.level.number(), self.base.clone()));
        self.seen = Some(Arc::clone(&seen));
        Ok(seen)
    }

    /// Bytes held beside the level: what is known about it, its layers and those of the latest version. Canvases and
    /// layers that are held in several places are counted once.
    pub fn memory(&self) -> usize {
        let answers = self.answers.as_ref().map_or(0, |answers| answers.memory());
        let mut canvases = HashSet::new();
        let views = [&self.base, &self.checkpoint.views].into_iter().flat_map(Views::canvases);
        let canvases = views.filter(|canvas| canvases.insert(Arc::as_ptr(canvas)));
        let canvases: usize = canvases.map(|canvas| canvas.memory()).sum();
        let mut layers = HashSet::new();
        let latest = self.latest.as_ref().map_or(0, |latest| latest.memory_beside(&mut layers));
        let fresh = self.done.iter().filter(|done| layers.insert(Arc::as_ptr(&done.shown.stored)));
        let stored: usize = fresh.map(|done| done.shown.stored.memory()).sum();
        let drawings: usize = self.done.iter().map(|done| done.layer.memory()).sum();
        let known = self.known.1.memory();
        let sketcher = self.sketcher.as_ref().map_or(0, |one| one.memory() + one.level.memory());
        sketcher + known + answers + canvases + self.base.regions_memory() + latest + stored + drawings
    }

    /// Meets the needs that have not been met. Nothing has been laid on `base`, so its canvases are those of the level.
    fn analyse(&mut self, engine: &Engine, needs: &[Need], watch: &dyn Watch) -> Result<(), EngineError> {
        let missing = self.missing(needs);
        if missing.is_empty() {
            return Ok(());
        }
        watch.step(Step::Analysing);
        let level = Arc::clone(&self.level);
        let Level { picture, space, .. } = &*level;
        let stop = Stop::new(watch);
        let cancelled = || stop.asked();
        let looker = Looker { picture, space };
        let sight = self.look(engine, &looker)?;
        let scene = Scene::new(Pile::new(picture), space, Some(&sight), &cancelled);
        let scene = scene.reduced_by(1 << self.level.number()).coarser_by(self.coarseness);
        let mut scene = scene.resumed(self.base.clone());
        scene.meet(&missing)?;
        stop.check()?;
        self.base = scene.views().clone();
        // New canvases have no layers on them yet.
        self.checkpoint = Checkpoint { index: 0, views: self.base.clone() };
        self.known = (0, Arc::default());
        if Need::ALL.iter().all(|need| self.base.met().contains(need)) {
            self.answers = None;
        }
        Ok(())
    }

    /// Looks at the level, and remembers the answers of the networks.
    fn look<'a>(&mut self, engine: &'a Engine, looker: &'a Looker<'_>) -> Result<Sight<'a>, EngineError> {
        let sight = match &self.answers {
            Some(answers) => Sight::resume(&engine.networks, Arc::clone(answers), looker),
            None => Sight::new(&engine.networks, overview(looker.picture, looker.space), looker)?,
        };
        self.answers = Some(Arc::clone(sight.answers()));
        Ok(sight)
    }

    /// Those of the needs that have not been met.
    fn missing(&self, needs: &[Need]) -> Vec<Need> {
        needs.iter().copied().filter(|need| !self.base.met().contains(need)).collect()
    }

    /// How many of the first tasks have been drawn as the recipe wants them.
    fn unchanged(&self, recipe: &Recipe) -> usize {
        let pairs = self.done.iter().zip(&recipe.tasks);
        pairs.take_while(|(done, task)| draws_alike(&done.task, task)).count()
    }

    /// The latest version's layers above task number `changed`, if they belong to the recipe's tasks there.
    fn kept_above(&self, recipe: &Recipe, changed: usize) -> Option<Vec<DrawnLayer>> {
        let latest = self.latest.as_ref().filter(|latest| latest.layers.len() == recipe.tasks.len())?;
        let above = recipe.tasks.iter().zip(&latest.recipe.tasks).skip(changed + 1);
        let alike = above.into_iter().all(|(task, old)| draws_alike(task, old));
        alike.then(|| latest.layers.iter().skip(changed + 1).cloned().collect())
    }

    /// Draws the recipe's tasks up to number `until`, of which as many as are unchanged have been drawn.
    fn advance(&mut self, recipe: &Recipe, until: usize, watch: &dyn Watch) -> Result<(), EngineError> {
        let start = self.unchanged(recipe);
        let is_change = start < self.done.len();
        self.done.truncate(start);
        if start >= until {
            return Ok(());
        }
        if self.checkpoint.index > start {
            self.checkpoint = Checkpoint { index: 0, views: self.base.clone() };
        }
        if self.known.0 != start {
            self.known = (start, Arc::default());
        }
        let known = Arc::clone(&self.known.1);
        let level = Arc::clone(&self.level);
        let Level { picture, space, .. } = &*level;
        let stop = Stop::new(watch);
        let cancelled = || stop.asked();
        let (below, above) = self.done.split_at(self.checkpoint.index);
        let pile = below.iter().map(|done| Arc::clone(&done.shown.stored)).collect();
        let scene = Scene::new(Pile::with_layers(picture, pile), space, None, &cancelled);
        let mut scene = scene.resumed(self.checkpoint.views.clone());
        for done in above {
            scene.lay_again(&done.layer, Arc::clone(&done.shown.stored), &Need::ALL);
        }
        if is_change {
            self.checkpoint = Checkpoint { index: start, views: scene.views().clone() };
        }
        for (index, task) in recipe.tasks.iter().enumerate().take(until).skip(start) {
            let spec = task.plugin.spec();
            watch.step(Step::Plugin { index, total: recipe.tasks.len(), name: spec.name });
            stop.check()?;
            scene.know((index == start).then_some(&*known));
            let layer = draw_task(&scene, task)?;
            stop.check()?;
            scene.lay(&layer, spec.blend, &needs(&recipe.tasks[index + 1..until]));
            let Some(stored) = scene.pile().layers().last().cloned() else { continue };
            let shown = DrawnLayer::new(task, &layer, stored, picture);
            self.done.push(Finished { task: task.clone(), layer: Arc::new(layer), shown });
        }
        Ok(())
    }

    /// The version made of what has been drawn, and of `kept` layers above that.
    fn publish(&mut self, recipe: &Recipe, kept: Vec<DrawnLayer>) -> Arc<Drawn> {
        let fidelity = if kept.is_empty() { Fidelity::Exact } else { Fidelity::Draft };
        let layers = self.done.iter().map(|done| done.shown.clone()).chain(kept).collect();
        let faces = self.base.found_faces().len();
        let level = Arc::clone(&self.level);
        let drawn = Arc::new(Drawn { level, recipe: recipe.clone(), layers, faces, fidelity });
        self.latest = Some(Arc::clone(&drawn));
        drawn
    }
}

/// The same drawing, called a sketch.
fn sketched(drawn: &Drawn) -> Arc<Drawn> {
    Arc::new(Drawn { fidelity: Fidelity::Sketch, ..drawn.clone() })
}

/// True when the tasks draw the same over the same picture.
fn draws_alike(a: &Task, b: &Task) -> bool {
    a.plugin.spec().name == b.plugin.spec().name && a.settings == b.settings
}
