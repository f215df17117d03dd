//! Words of the first page.

pub const TITLE: &str = "Start";
pub const TRY: &str = "Try a photo";
pub const TRY_TEXT: &str =
    "Drop a portrait, choose a preset or move the sliders, and compare before and after at 100 %.";
pub const WORKFLOWS_TEXT: &str = "Put steps together once, then run them on whole folders.";
pub const ORDERS_TEXT: &str = "Follow batches and single pictures, fetch what is done, retry what failed.";
pub const REVIEW_TEXT: &str = "Look at results before they count: approve, or send back with a reason.";
pub const PROGRAMS: &str = "For programs";
pub const PROGRAMS_TEXT: &str = "Tokens, devices and runnable lines for both wire APIs.";
pub const BALANCE: &str = "Credits";
pub const TODAY: &str = "Left today";
pub const UNMETERED: &str = "not metered";
