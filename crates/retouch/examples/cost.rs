//! What a retouch costs, step by step, in CPU time of the whole process, with the networks loaded:
//! `cost IN PAYLOAD [RUNS]`. Linux only; prints the best of the runs for each step, and the memory peak.

use std::cell::RefCell;
use std::fs;
use std::sync::Mutex;

use retouch::{Engine, Options, OutputChoice, Recipe, Step, Watch};
use rustix::time::{ClockId, clock_gettime};

/// The allocator of the command line, which the figures depend on.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Steps begun so far with the CPU time at which they began.
#[derive(Default)]
struct Clock(Mutex<RefCell<Vec<(String, f64)>>>);

impl Clock {
    fn mark(&self, name: String) {
        if let Ok(marks) = self.0.lock() {
            marks.borrow_mut().push((name, cpu_ms()));
        }
    }

    /// Names and lengths of the steps since the last call.
    fn take(&self) -> Vec<(String, f64)> {
        let marks = self.0.lock().map(|marks| marks.take()).unwrap_or_default();
        marks.windows(2).map(|pair| (pair[0].0.clone(), pair[1].1 - pair[0].1)).collect()
    }
}

impl Watch for Clock {
    fn step(&self, step: Step<'_>) {
        let name = match step {
            Step::Plugin { name, .. } => name.to_owned(),
            step => format!("{step:?}"),
        };
        self.mark(name);
    }
}

/// CPU time of the process, user and system, all threads.
fn cpu_ms() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

/// A line of `/proc/self/status` in MiB.
fn status_mib(key: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let (input, payload, runs) = match arguments.as_slice() {
        [_, input, payload] => (input, payload, 5),
        [_, input, payload, runs] => (input, payload, runs.parse()?),
        _ => return Err("usage: cost IN PAYLOAD [RUNS]".into()),
    };
    let upload = fs::read(input)?;
    let mut recipe = Recipe::from_json(&fs::read_to_string(payload)?)?;
    if std::env::var_os("LAYERS").is_some() {
        recipe.output = OutputChoice::Zip;
    }
    let engine = Engine::new();
    let clock = Clock::default();
    let mut best: Vec<(String, f64)> = Vec::new();
    let mut best_total = f64::INFINITY;
    for run in 0..=runs {
        let idle = status_mib("VmRSS:");
        fs::write("/proc/self/clear_refs", "5")?;
        let outcome = engine.retouch(&upload, &recipe, &Options::default(), &clock)?;
        clock.mark("end".to_owned());
        let steps = clock.take();
        if run == 0 {
            continue;
        }
        let total: f64 = steps.iter().map(|step| step.1).sum();
        best_total = best_total.min(total);
        if best.is_empty() {
            best = steps;
        } else {
            best.iter_mut().zip(steps).for_each(|(best, step)| best.1 = best.1.min(step.1));
        }
        let peak = status_mib("VmHWM:") - idle;
        eprintln!(
            "run {run}: {total:.0} ms, peak {peak:.0} MiB above idle, {} bytes out",
            outcome.bytes.len()
        );
    }
    for (name, ms) in &best {
        println!("{ms:8.1} ms  {name}");
    }
    let sum: f64 = best.iter().map(|step| step.1).sum();
    println!("{sum:8.1} ms  sum of the best, best run {best_total:.1} ms");
    Ok(())
}
