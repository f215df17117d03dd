//! Stopping and failing: a cancelled run ends as such, a plugin that draws nonsense is named.

use std::sync::atomic::{AtomicUsize, Ordering};

use pixel::{Plane, Rect, Size};
use retouch::layer::{Layer, Patch};
use retouch::scene::Scene;
use retouch::{Blend, EngineError, Options, Plugin, Preset, Recipe, Settings, Spec, Step, Task, Watch};

use crate::subject::{ENGINE, LIGHT, plain, upload};

struct Beyond;

impl Plugin for Beyond {
    fn spec(&self) -> &'static Spec {
        static SPEC: Spec = Spec {
            name: "Beyond",
            about: "Draws outside the picture.",
            never: "Is right.",
            blend: Blend::Normal,
            needs: &[],
            params: &[retouch::Param::alpha1("Strength", "how far outside", 1.0)],
        };
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, _settings: &Settings, layer: &mut Layer) {
        let rect = Rect { x: scene.size().width - 1, y: 0, width: 2, height: 1 };
        let plane = || Plane::zeros(rect.size());
        layer.patches.push(Patch { rect, rgb: [plane(), plane(), plane()], touched: vec![true; 2] });
    }
}

#[test]
fn a_layer_outside_the_picture_is_refused_and_its_plugin_named() {
    let recipe = Recipe { tasks: vec![Task::new(&Beyond)], ..Recipe::default() };
    let file = upload(&plain(Size::new(4, 4), vec![90; 48]));
    let error = ENGINE.retouch(&file, &recipe, &Options::default(), &retouch::Unwatched);
    assert!(matches!(error, Err(EngineError::Plugin("Beyond"))), "{error:?}");
}

/// Stops at the question with this number, and goes on meaning it.
struct Stop {
    at: usize,
    asked: AtomicUsize,
    encoding: AtomicUsize,
}

impl Stop {
    fn at(at: usize) -> Self {
        Self { at, asked: AtomicUsize::new(0), encoding: AtomicUsize::new(0) }
    }
}

impl Watch for Stop {
    fn step(&self, step: Step<'_>) {
        if step == Step::Encoding {
            self.encoding.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn cancelled(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed) >= self.at
    }
}

fn run(stop: &Stop, recipe: &Recipe) -> Result<(), EngineError> {
    ENGINE.retouch(&upload(&LIGHT), recipe, &Options::default(), stop).map(|_| ())
}

#[test]
fn a_cancelled_run_ends_as_cancelled_wherever_it_was() {
    for recipe in [Recipe::preset(Preset::Balanced), Recipe::preset(Preset::Balanced).layered()] {
        let willing = Stop::at(usize::MAX);
        run(&willing, &recipe).expect("nobody stops it");
        let questions = willing.asked.load(Ordering::Relaxed);
        assert!(questions > recipe.tasks.len(), "asked {questions} times in {} tasks", recipe.tasks.len());
        for at in [0, 1, 2, questions / 2, questions - 1] {
            let stop = Stop::at(at);
            let end = run(&stop, &recipe);
            assert!(matches!(end, Err(EngineError::Cancelled)), "question {at} of {questions}: {end:?}");
            assert_eq!(stop.encoding.load(Ordering::Relaxed), 0, "nothing is written after the wish to stop");
        }
    }
}
