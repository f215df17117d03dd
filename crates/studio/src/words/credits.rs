//! Words of the credits page.

use service::{DayUse, LedgerKind};

pub const TITLE: &str = "Credits and usage";
pub const BALANCE: &str = "Credits left";
pub const UNMETERED: &str = "not metered";
pub const TODAY: &str = "Pictures today";
pub const PICTURES: &str = "Pictures";
pub const SPENT: &str = "Credits spent";
pub const PER_PICTURE: &str = "Credits a picture";
pub const NOTHING: &str = "–";
pub const USAGE: &str = "Usage";
pub const PERIOD: &str = "Period";
pub const WEEK: &str = "7 days";
pub const MONTH: &str = "30 days";
pub const QUARTER: &str = "90 days";
pub const YEAR: &str = "a year";
pub const SHOW: &str = "Show";
pub const UTC: &str = "Days in UTC";
pub const AS_TABLE: &str = "The figures as a table";
pub const BY_DAY: &str = "Usage by day";
pub const DAY: &str = "Day";
pub const BY_STEP: &str = "By plugin and component";
pub const STEP: &str = "Plugin or component";
pub const BY_WORKFLOW: &str = "By workflow";
pub const WORKFLOW: &str = "Workflow";
pub const BY_DIALECT: &str = "By way in";
pub const DIALECT: &str = "Way in";
pub const BY_RESULT: &str = "By outcome";
pub const RESULT: &str = "Outcome";
pub const SECONDS: &str = "Seconds each";
pub const NO_WORK: &str = "Nothing in this period.";
pub const LEDGER: &str = "Ledger";
pub const KIND: &str = "Kind";
pub const AMOUNT: &str = "Amount";
pub const AFTER: &str = "Balance";
pub const JOB: &str = "Job";
pub const NOTE: &str = "Note";
pub const EXPORT: &str = "Export CSV";
pub const NO_ENTRIES: &str = "No movements like this.";

/// A kind of movement.
pub fn kind(kind: LedgerKind) -> &'static str {
    match kind {
        LedgerKind::Grant => "given",
        LedgerKind::Charge => "spent",
        LedgerKind::Refund => "given back",
    }
}

/// What was counted, as people call it.
pub fn named(name: &str) -> &str {
    match name {
        "retouch4me" => "Retouch4me API",
        "autoretouch" => "AutoRetouch API",
        "studio" => "Studio",
        name => name,
    }
}

/// The chart in one sentence.
pub fn chart(days: usize, pictures: i64) -> String {
    format!(
        "Pictures and credits by day over {days} days, {pictures} pictures in all; the table below has the figures"
    )
}

/// A day of the chart.
pub fn day(day: &DayUse) -> String {
    format!("{}: {} pictures, {} credits", day.day, day.pictures, day.credits)
}

/// Mean time of work.
pub fn mean_seconds(millis: i64, pictures: i64) -> String {
    if pictures == 0 {
        NOTHING.to_owned()
    } else {
        format!("{:.1}", millis as f64 / 1_000.0 / pictures as f64)
    }
}
