//! Watching one attempt: how far it is, and whether it must stop.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use retouch::{Recipe, Step as EngineStep, Watch};
use store::Step;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{Span, info_span};

use super::lock;
use crate::Work;

/// Percent at which the picture is there and the work begins.
const FETCHED: i64 = 5;
/// Percent at which the work is done and the result is being stored.
const WORKED: i64 = 95;
/// Most percent before the job is completed.
const NEARLY: i64 = 99;

/// Weight of each step that is no plugin; a plugin has [`plugin_weight`]. Shares of the CPU time of a 16 megapixel
/// portrait with the balanced preset, as `crates/retouch/examples/cost.rs` prints them.
const DECODING: u32 = 5;
const ANALYSING: u32 = 45;
const LAYING: u32 = 10;
const ENCODING: u32 = 5;

/// Why an attempt must stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Somebody called the job off.
    Cancelled,
    /// Somebody else has the job.
    Lost,
    /// It took too long.
    Overtime,
    /// The worker stops.
    HandBack,
}

impl Stop {
    const ALL: [Self; 4] = [Self::Cancelled, Self::Lost, Self::Overtime, Self::HandBack];
}

/// How far an attempt is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub step: Step,
    pub plugin: &'static str,
    pub percent: i64,
}

/// A step at work: its place in the figures and in the trace ends with it.
struct Timed {
    plugin: &'static str,
    since: Instant,
    _span: Span,
}

/// Follows one attempt from both sides: the craft tells and asks, the keeper of the lease listens and stops.
pub(super) struct Overseer {
    /// 0, or 1 + the index of the reason in [`Stop::ALL`].
    stop: AtomicU8,
    stopped: CancellationToken,
    standing: watch::Sender<Standing>,
    plan: Plan,
    clock: Mutex<Option<Timed>>,
}

impl Overseer {
    pub fn new(work: Option<&Work>) -> Self {
        let begin = Standing { step: Step::Downloading, plugin: "", percent: 0 };
        Self {
            stop: AtomicU8::new(0),
            stopped: CancellationToken::new(),
            standing: watch::Sender::new(begin),
            plan: Plan::new(&work.map(Work::recipe).unwrap_or_default()),
            clock: Mutex::default(),
        }
    }

    /// Asks the attempt to stop; the first reason counts.
    pub fn stop(&self, why: Stop) {
        let code = 1 + Stop::ALL.iter().position(|one| *one == why).unwrap_or(0) as u8;
        if self.stop.compare_exchange(0, code, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            tracing::debug!(?why, "asked to stop");
            self.stopped.cancel();
        }
    }

    /// Why the attempt must stop, if it must.
    pub fn reason(&self) -> Option<Stop> {
        let code = self.stop.load(Ordering::Acquire);
        Stop::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }

    /// Waits until the attempt must stop.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }

    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// The picture is there.
    pub fn fetched(&self) {
        self.tell(Step::Processing, "", FETCHED);
    }

    /// The work is done, the result is being stored.
    pub fn worked(&self) {
        self.end_step();
        self.tell(Step::Uploading, "", WORKED);
    }

    /// The result is stored.
    pub fn stored(&self) {
        self.tell(Step::Uploading, "", NEARLY);
    }

    /// The plugin at work, for the text of a failure.
    pub fn plugin(&self) -> &'static str {
        self.standing.borrow().plugin
    }

    fn tell(&self, step: Step, plugin: &'static str, percent: i64) {
        self.standing.send_modify(|standing| {
            let percent = percent.max(standing.percent).min(NEARLY);
            *standing = Standing { step, plugin, percent };
        });
    }

    /// Notes how long the last step took.
    fn end_step(&self) {
        if let Some(Timed { plugin, since, .. }) = lock(&self.clock).take()
            && !plugin.is_empty()
        {
            metrics::histogram!("atelier_plugin_seconds", "plugin" => plugin)
                .record(since.elapsed().as_secs_f64());
        }
    }

    /// Begins to time the next step; called where the attempt's span is the current one.
    fn begin_step(&self, plugin: &'static str, span: Span) {
        self.end_step();
        *lock(&self.clock) = Some(Timed { plugin, since: Instant::now(), _span: span });
    }
}

impl Watch for Overseer {
    fn step(&self, step: EngineStep<'_>) {
        let plugin = match step {
            EngineStep::Plugin { index, .. } => self.plan.names.get(index).copied().unwrap_or(""),
            _ => "",
        };
        let span = match step {
            EngineStep::Decoding => info_span!("decode"),
            EngineStep::Analysing => info_span!("analyse"),
            EngineStep::Plugin { name, .. } => info_span!("plugin", name, otel.name = name),
            EngineStep::Laying => info_span!("lay"),
            EngineStep::Encoding => info_span!("encode"),
        };
        self.begin_step(plugin, span);
        self.tell(Step::Processing, plugin, self.plan.percent(step));
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::Acquire) != 0
    }
}

/// Where each step of a recipe begins, by the usual cost of what goes before it.
struct Plan {
    names: Vec<&'static str>,
    /// Weight of everything before each plugin, and before laying.
    before: Vec<u32>,
    total: u32,
}

impl Plan {
    fn new(recipe: &Recipe) -> Self {
        let names: Vec<&'static str> = recipe.tasks.iter().map(|task| task.plugin.spec().name).collect();
        let mut before = vec![DECODING + ANALYSING];
        let mut sum = DECODING + ANALYSING;
        for name in &names {
            sum += plugin_weight(name);
            before.push(sum);
        }
        Self { names, before, total: sum + LAYING + ENCODING }
    }

    fn percent(&self, step: EngineStep<'_>) -> i64 {
        let laying = self.before.last().copied().unwrap_or_default();
        let before = match step {
            EngineStep::Decoding => 0,
            EngineStep::Analysing => DECODING,
            EngineStep::Plugin { index, .. } => self.before.get(index).copied().unwrap_or(laying),
            EngineStep::Laying => laying,
            EngineStep::Encoding => laying + LAYING,
        };
        FETCHED + (WORKED - FETCHED) * i64::from(before) / i64::from(self.total.max(1))
    }
}

/// What a plugin usually costs beside the others; only the bar that people watch depends on it.
fn plugin_weight(name: &str) -> u32 {
    match name {
        "Heal" => 25,
        "Clean Backdrop" | "Eye Vessels" | "Eye Brilliance" | "White Teeth" => 4,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use retouch::Preset;

    use super::*;

    fn steps(total: usize) -> Vec<EngineStep<'static>> {
        let mut steps = vec![EngineStep::Decoding, EngineStep::Analysing];
        steps.extend((0..total).map(|index| EngineStep::Plugin { index, total, name: "x" }));
        steps.extend([EngineStep::Laying, EngineStep::Encoding]);
        steps
    }

    #[test]
    fn progress_follows_the_work_and_names_the_plugin() {
        let work = Work::Retouch(Recipe::preset(Preset::Balanced));
        let overseer = Overseer::new(Some(&work));
        let told = overseer.standing();
        let mut last = 0;
        overseer.fetched();
        for step in steps(8) {
            overseer.step(step);
            let now = told.borrow().clone();
            assert!(now.percent >= last && now.step == Step::Processing, "{now:?}");
            last = now.percent;
            if matches!(step, EngineStep::Plugin { index: 0, .. }) {
                assert_eq!(now.plugin, "Heal");
            }
        }
        overseer.worked();
        assert_eq!((told.borrow().plugin, told.borrow().percent), ("", WORKED));
        overseer.stored();
        assert_eq!(told.borrow().percent, 99);
    }

    #[test]
    fn the_first_reason_to_stop_counts() {
        let overseer = Overseer::new(None);
        assert!(!overseer.cancelled() && overseer.reason().is_none());
        overseer.stop(Stop::Overtime);
        overseer.stop(Stop::HandBack);
        assert!(overseer.cancelled());
        assert_eq!(overseer.reason(), Some(Stop::Overtime));
    }

    proptest! {
        #[test]
        fn progress_never_goes_back_and_stays_below_100(order in prop::collection::vec(0usize..14, 0..60)) {
            let overseer = Overseer::new(Some(&Work::Retouch(Recipe::preset(Preset::Heavy))));
            let all = steps(10);
            let mut last = 0;
            for index in order {
                overseer.step(all[index]);
                let percent = overseer.standing().borrow().percent;
                prop_assert!(percent >= last && percent <= 99);
                last = percent;
            }
        }
    }
}
