//! The engine on one file, for trying a plugin without the command line:
//! `run retouch IN -o OUT --payload FILE`.

use std::time::Instant;

use retouch::{Engine, Options, Recipe, Step, Watch};

struct Timer(std::sync::Mutex<Instant>);

impl Watch for Timer {
    fn step(&self, step: Step<'_>) {
        if std::env::var_os("STEPS").is_some() {
            let mut last = self.0.lock().expect("not poisoned");
            eprintln!("{:6.1} ms, now {step:?}", last.elapsed().as_secs_f64() * 1e3);
            *last = Instant::now();
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, _, input, _, output, _, payload] = arguments.as_slice() else {
        return Err("usage: run retouch IN -o OUT --payload FILE".into());
    };
    let mut recipe = Recipe::from_json(&std::fs::read_to_string(payload)?)?;
    if output.ends_with(".zip") {
        recipe.output = retouch::OutputChoice::Zip;
    }
    if output.ends_with(".psd") {
        recipe.output = retouch::OutputChoice::Psd;
    }
    let engine = Engine::new();
    let timer = Timer(std::sync::Mutex::new(Instant::now()));
    let outcome = engine.retouch(&std::fs::read(input)?, &recipe, &Options::default(), &timer)?;
    std::fs::write(output, outcome.bytes)?;
    timer.step(Step::Encoding);
    Ok(())
}
