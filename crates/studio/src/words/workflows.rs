//! Words of the pages about workflows.

pub const TITLE: &str = "Workflows";
pub const NEW: &str = "New workflow";
pub const BLANK: &str = "Blank";
pub const BEGIN_WITH: &str = "Begin with";
pub const NAME: &str = "Name";
pub const STEPS: &str = "Steps";
pub const PRICE: &str = "Price";
pub const WHOLE_PRICE: &str = "a price is a whole number of credits";
pub const PRICE_HINT: &str = "Credits a picture";
pub const REVIEW: &str = "Review";
pub const REVIEW_HINT: &str = "A person looks at each result before it counts";
pub const REVIEW_ON: &str = "reviewed";
pub const VERSION: &str = "Version";
pub const CHANGED: &str = "Saved";
pub const BY: &str = "by";
pub const RUN: &str = "Run";
pub const EDIT: &str = "Edit";
pub const DUPLICATE: &str = "Duplicate";
pub const ARCHIVE: &str = "Archive";
pub const ARCHIVE_SURE: &str = "Take this workflow off the list? Its orders stay, and it can be put back.";
pub const UNARCHIVE: &str = "Put back on the list";
pub const ARCHIVED: &str = "Archived";
pub const SHOW_ARCHIVED: &str = "Show archived workflows";
pub const NONE: &str = "There are no workflows yet.";
pub const NO_ARCHIVED: &str = "No workflow is archived.";
pub const ACTIONS: &str = "Actions";
pub const VERSIONS: &str = "Versions";
pub const CURRENT: &str = "current";
pub const SHOW: &str = "Show";
pub const RESTORE: &str = "Restore as new";
pub const RESTORE_SURE: &str = "Make this version the newest one?";
pub const COMPARE: &str = "Compare";
pub const OLDER: &str = "Older";
pub const NEWER: &str = "Newer";
pub const DIFFERENCES: &str = "Differences";
pub const NO_DIFFERENCES: &str = "The two versions do the same, for the same price.";
pub const UNREADABLE: &str = "One of the two versions uses steps that this server does not know any more.";
pub const UNREADABLE_ONE: &str = "This version uses steps that this server does not know any more.";
pub const WHAT: &str = "What";
pub const WAS: &str = "Was";
pub const IS: &str = "Is";
pub const ADDED: &str = "Step added";
pub const REMOVED: &str = "Step removed";
pub const MOVED: &str = "Step moved";
pub const RENAMED: &str = "Step renamed";
pub const ON: &str = "on";
pub const OFF: &str = "off";
pub const NOTHING: &str = "none";
pub const OLD_VERSION: &str = "This is an older version.";
pub const SEE_CURRENT: &str = "Show the current one";
pub const ADMINS_ONLY: &str = "Admins of the organization change workflows; you may look and run.";
pub const DEFAULTS: &str = "as it comes";

pub const NEEDS_SCRIPTS: &str = "Editing needs scripts: allow them in the browser for this page.";
pub const SAVE: &str = "Save";
pub const CANCEL: &str = "Cancel";
pub const ADD_STEP: &str = "Add a step";
pub const PREVIEW: &str = "Preview";
pub const PREVIEW_HINT: &str = "On a reduced copy; costs nothing, keeps nothing.";
pub const SAMPLE: &str = "Sample";
pub const SAMPLE_PORTRAIT: &str = "Portrait";
pub const SAMPLE_PRODUCT: &str = "Product";
pub const SAMPLE_OWN: &str = "A picture of yours…";
pub const BEFORE: &str = "Before";
pub const AFTER: &str = "After";
pub const CHOOSE_PICTURE: &str = "Choose a picture";
pub const CLOSE: &str = "Close";
pub const CUT_GROUP: &str = "Cut-out, canvas, files";
pub const RETOUCH_GROUP: &str = "Retouching";

pub const RUN_TITLE: &str = "Run";
pub const DROP: &str = "Drop photos or whole folders here";
pub const PICK_FILES: &str = "Pick photos";
pub const PICK_FOLDER: &str = "Pick a folder";
pub const ORDER_NAME: &str = "Name of the order";
pub const START: &str = "Start";
pub const STOP: &str = "Stop";
pub const FILES: &str = "Photos";
pub const CLEAR: &str = "Clear the list";
pub const RUN_SCRIPTS: &str =
    "Sending photos from this page needs scripts. Programs can do it too: see the API page.";
pub const COST: &str = "Cost";
pub const BALANCE: &str = "Credits left";
pub const UNMETERED: &str = "not metered";

pub const PREVIEW_FAILED: &str = "No preview";
pub const TOO_BUSY: &str = "The server is busy: the preview comes when you change something again.";
pub const SAMPLE_GONE: &str = "The sample is not kept any more: choose it again.";
pub const NO_PICTURE: &str = "That did not work";
pub const IS_ARCHIVED: &str = "This workflow is archived: put it back on the list first.";

/// What forms of these pages have done.
pub const NOTICES: &[(&str, &str)] = &[
    ("workflow-saved", "Saved as the newest version."),
    ("workflow-restored", "The old version is the newest one now."),
    ("workflow-copied", "This is the copy."),
    ("workflow-archived", "Archived: it is off the list, and its orders stay."),
    ("workflow-back", "It is on the list again."),
];
