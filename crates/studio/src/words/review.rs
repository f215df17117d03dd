//! Words of the review page.

pub const TITLE: &str = "Review";
pub const NOTHING: &str = "Nothing waits for a verdict.";
pub const NOTHING_HINT: &str = "Results of workflows with review come here before they count.";
pub const QUEUE: &str = "Waiting";
pub const PICTURE: &str = "Picture";
pub const ORDER: &str = "Order";
pub const ANY_ORDER: &str = "Any order";
pub const WORKFLOW: &str = "Workflow";
pub const ANY_WORKFLOW: &str = "Any workflow";
pub const FILTER: &str = "Filter";
pub const APPROVE: &str = "Approve";
pub const REJECT: &str = "Reject";
pub const REJECT_TITLE: &str = "Reject this result";
pub const REASON: &str = "Reason";
pub const COMMENT: &str = "Comment";
pub const CANCEL: &str = "Back";
pub const PREVIOUS: &str = "Previous";
pub const NEXT: &str = "Next";
pub const REVIEW_PANEL: &str = "Verdict";
pub const TOGGLE: &str = "Before / after";
pub const MARK: &str = "Mark";
pub const MARKS: &str = "Markings";
pub const MARK_HINT: &str = "Click for a pin, drag for a rectangle.";
pub const SELECT_ALL: &str = "Select all";
pub const APPROVE_SELECTED: &str = "Approve selected";
pub const APPROVE_ORDER: &str = "Approve the whole order";
pub const KEYS: &str = "Keys";
pub const COMPARE_WITH: &str = "Compare with";
pub const ORIGINAL: &str = "the original";
pub const ROUNDS: &str = "Rounds";
pub const CLOSE: &str = "Close";
pub const ADMINS_ONLY: &str = "Admins of the organization decide on results; you may look.";
pub const LOOK: &str = "Look";
pub const CLAIMED_BY: &str = "being reviewed by";

/// The reasons at hand, before a comment.
pub const REASONS: [&str; 7] = [
    "Skin too smooth",
    "Mole or freckle removed",
    "Colour shifted",
    "Edge or halo",
    "Cut-out wrong",
    "Missed spot",
    "Other",
];

/// The keys: what to press, what it does.
pub const KEY_LIST: [(&str, &str); 9] = [
    ("Space", "before and after in turn"),
    ("← →", "previous and next picture"),
    ("A", "approve"),
    ("R", "reject with a reason"),
    ("M", "mark a place"),
    ("S", "select for approving several"),
    ("0 1 4", "fit, 100 %, 400 % (with the picture focused)"),
    ("D", "divider, side by side, difference in turn"),
    ("?", "these keys"),
];

/// What forms of this page have done.
pub const NOTICES: &[(&str, &str)] = &[
    ("approved", "Approved."),
    ("rejected", "Rejected; its credits came back."),
    ("not-in-review", "Nothing done: somebody has decided already."),
    ("claimed", "Nothing done: somebody else is looking at this result."),
];
