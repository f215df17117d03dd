//! Words of the pages of jobs.

pub const TITLE: &str = "Retouches";
pub const TRY: &str = "Try a photo";
pub const WHOSE: &str = "Whose retouches";
pub const BY_PEOPLE: &str = "From the studio";
pub const BY_PROGRAMS: &str = "From programs";
pub const NONE: &str = "Nothing has been run at full size yet. Try a photo, then run it.";
pub const NONE_BY_PROGRAMS: &str = "No program has sent a picture with a Retouch token yet.";
pub const UNNAMED: &str = "Photo without a name";
pub const PURGED: &str = "Expired";
pub const PURGED_TEXT: &str = "The time of this job is over: its pictures have been removed.";
pub const BACK: &str = "All retouches";

pub const WAITING: &str = "Waiting";
pub const ACTIVE: &str = "At work";
pub const CANCELLING: &str = "Being cancelled";
pub const DELAYED: &str = "Tries again soon";
pub const COMPLETED: &str = "Done";
pub const FAILED: &str = "Failed";
pub const CANCELLED: &str = "Cancelled";
pub const IN_REVIEW: &str = "In review";
pub const UNPAID: &str = "Too few credits";
pub const PROGRESS: &str = "Progress";

pub const CANCEL: &str = "Cancel";
pub const CANCEL_SURE: &str = "Cancel this job? Its credit is given back.";
pub const RETRY: &str = "Run again";
pub const DOWNLOAD: &str = "Download";

pub const FLAT: &str = "Picture";
pub const LAYERS: &str = "Layers (ZIP)";
pub const PSD: &str = "Layered PSD";
pub const FEATURES: &str = "Face features";
pub const FORMS: &str = "Other forms";
pub const FORMS_TEXT: &str = "The same result again, without paying twice.";
pub const EDITION_OF: &str = "Another form of";
pub const FIRST_JOB: &str = "the first result";

pub const PICTURE: &str = "Photo";
pub const MADE: &str = "Made";
pub const RESULT: &str = "Result";
pub const ASKED: &str = "Asked for";
pub const ENDED: &str = "Ended";
pub const KEPT: &str = "Kept until";
pub const CREDITS: &str = "Credits";
pub const ID: &str = "Id";
pub const SETTINGS: &str = "Settings";
pub const ON: &str = "on";
pub const OFF: &str = "off";

pub const NOT_SHOWN: &str = "Not to be shown";
pub const NOT_NOW: &str = "Not just now";
pub const STOPPING: &str = "The server is stopping: try again in a moment.";
pub const NO_FILE: &str = "No such part";
pub const OUTSIDE: &str = "The range lies behind the end of the file.";
pub const NO_SUCH_FORM: &str = "There is no such form: choose layers or PSD";
pub const NO_EDITION: &str = "Nothing made";
pub const NO_EDITION_TEXT: &str = "Only a result that is done and still kept can be had in another form.";

/// What forms of these pages have done.
pub const NOTICES: &[(&str, &str)] = &[
    ("job-cancelled", "Called off; its credit is given back."),
    ("job-again", "It runs again."),
    ("job-under-way", "It needs no retry."),
    ("job-unpaid", "It could not be run again: too few credits."),
    ("job-day-over", "It could not be run again: the day's allowance is used up."),
    ("job-gone", "It cannot be run again: its picture has been removed. Upload it anew."),
];

/// How many plugins.
pub fn plugins(count: usize) -> String {
    if count == 1 { "1 plugin".to_owned() } else { format!("{count} plugins") }
}
