//! Progress on a terminal: a bar with rate and time left. Silent where standard error is no terminal.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use retouch::{Step, Watch};

use crate::interrupt;
use crate::path_text::one_line;

/// Steps of the bar for one picture, so that it also moves within a single one.
const UNITS: u64 = 100;
/// Shares of a picture's time that decoding, analysis and the plugins take at their ends, of [`UNITS`].
const DECODED: u64 = 10;
const ANALYSED: u64 = 30;
const DRAWN: u64 = 80;
const LAID: u64 = 90;

/// The bar of one run. Shared by the threads.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar over `pictures` pictures, hidden when `quiet` or when standard error is no terminal.
    pub fn new(pictures: usize, quiet: bool) -> Self {
        let target =
            if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
        let bar = ProgressBar::with_draw_target(Some(pictures as u64 * UNITS), target);
        let template = "{bar:24} {pictures} pictures, {rate}, {eta} left  {wide_msg}";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(
            style
                .with_key("pictures", |state: &ProgressState, out: &mut dyn fmt::Write| {
                    let _ = write!(out, "{}/{}", state.pos() / UNITS, state.len().unwrap_or(0) / UNITS);
                })
                .with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
                    let _ = write!(out, "{:.1}/min", state.per_sec() / UNITS as f64 * 60.0);
                }),
        );
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar }
    }

    /// Writes a line to standard error without breaking the bar.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| tell(line));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Writes a line to standard error; it stays one, whatever names it holds. A reader that went away must not end the run.
pub fn tell(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", one_line(line));
}

/// Watches one picture: moves the bar, takes the times of the steps, passes on a wish to stop.
pub struct PictureWatch<'a> {
    progress: &'a Progress,
    name: String,
    state: Mutex<State>,
}

struct State {
    units: u64,
    begun: Option<(String, Instant)>,
    times: Vec<(String, Duration)>,
}

impl<'a> PictureWatch<'a> {
    /// A watch for the picture called `name`.
    pub fn new(progress: &'a Progress, name: String) -> Self {
        Self { progress, name, state: Mutex::new(State { units: 0, begun: None, times: Vec::new() }) }
    }

    /// Fills the bar's share of this picture, and gives the time that each step took, in the order of the steps.
    pub fn end(self) -> Vec<(String, Duration)> {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.progress.bar.inc(UNITS.saturating_sub(state.units));
        state.close();
        state.times
    }

    /// Begins a step of the caller's own, such as reading or writing.
    pub fn begin(&self, name: &str) {
        self.enter(name, None);
    }

    fn enter(&self, name: &str, units: Option<u64>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.close();
        state.begun = Some((name.to_owned(), Instant::now()));
        if let Some(units) = units.filter(|&units| units > state.units) {
            self.progress.bar.inc(units - state.units);
            state.units = units;
        }
        self.progress.bar.set_message(format!("{}: {name}", one_line(&self.name)));
    }
}

impl State {
    fn close(&mut self) {
        if let Some((name, since)) = self.begun.take() {
            self.times.push((name, since.elapsed()));
        }
    }
}

impl Watch for PictureWatch<'_> {
    fn step(&self, step: Step<'_>) {
        match step {
            Step::Decoding => self.enter("decoding", None),
            Step::Analysing => self.enter("analysing", Some(DECODED)),
            Step::Plugin { index, total, name } => {
                let share = index as u64 * (DRAWN - ANALYSED) / total.max(1) as u64;
                self.enter(name, Some(ANALYSED + share));
            }
            Step::Laying => self.enter("laying", Some(DRAWN)),
            Step::Encoding => self.enter("encoding", Some(LAID)),
        }
    }

    fn cancelled(&self) -> bool {
        interrupt::requested()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_steps_in_order_and_fills_the_bar() {
        let progress = Progress::new(1, true);
        let watch = PictureWatch::new(&progress, "a.jpg".into());
        watch.begin("reading");
        watch.step(Step::Decoding);
        watch.step(Step::Plugin { index: 1, total: 2, name: "Heal" });
        assert_eq!(progress.bar.position(), ANALYSED + (DRAWN - ANALYSED) / 2);
        let names: Vec<String> = watch.end().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["reading", "decoding", "Heal"]);
        assert_eq!(progress.bar.position(), UNITS);
    }
}
