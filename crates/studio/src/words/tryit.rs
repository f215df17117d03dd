//! Words of the page where photos are tried.

pub const TITLE: &str = "Try it";
pub const DROP: &str = "Drop portraits here";
pub const CHOOSE: &str = "Choose photos";
pub const PRIVATE: &str = "Photos you try stay in the server's memory, seen by this session alone, and are forgotten after half an \
    hour. Only what you run at full size is kept, for as long as results are.";
pub const EARLIER: &str = "Earlier retouches";
pub const NO_SCRIPTS: &str =
    "This page needs scripts: pictures follow the sliders. Without them, send photos with a Retouch token.";
pub const UNNAMED: &str = "photo";
pub const STRIP: &str = "Photos";
pub const ADD_PHOTOS: &str = "Add photos";
pub const DRAWING: &str = "Drawing";

pub const PANEL: &str = "Settings";
pub const PRESET: &str = "Preset";
pub const PRESETS: [(&str, &str); 4] =
    [("slight", "Slight"), ("balanced", "Balanced"), ("heavy", "Heavy"), ("none", "None")];
pub const STACK: &str = "Plugins";
pub const STACK_EMPTY: &str = "Nothing is retouched: choose a preset, or add a plugin.";
pub const RESET: &str = "Reset";
pub const ADD: &str = "Add a plugin …";
pub const OVERLAYS: &str = "Show faces and regions";
pub const FACES: &str = "Faces and landmarks";

pub const FORM: &str = "Form of the result";
pub const FORMS: [(&str, &str); 3] =
    [("flat", "Picture"), ("layers", "Layers (ZIP)"), ("psd", "Layered PSD")];
pub const RUN: &str = "Run at full size";
pub const RUN_HINT: &str =
    "Costs a credit. The other forms of the same result can then be had without paying again.";
pub const COPY_CURL: &str = "Copy as curl";
pub const COPY_PAYLOAD: &str = "Copy payload JSON";
pub const CURL_HINT: &str = "The line reads your token from $ATELIER_TOKEN.";
pub const TOKENS: &str = "Retouch tokens";

pub const NOT_NOW: &str = "Not just now";
pub const NOT_TAKEN: &str = "Not taken";
pub const NOT_DRAWN: &str = "Not drawn";
pub const NOT_RUN: &str = "Not run";
pub const NO_ROOM: &str = "Too many photos are being tried on this server: try again in a few minutes.";

/// What may be dropped.
pub fn formats(max_bytes: u64, max_megapixels: f64) -> String {
    let megabytes = max_bytes as f64 / 1_048_576.0;
    format!(
        "JPEG, PNG, TIFF or WebP, 8 or 16 bits, up to {megabytes:.0} MB and {max_megapixels:.0} megapixels"
    )
}

/// The button of a photo that comes with the program.
pub fn sample(name: &str) -> &'static str {
    if name == "dark" { "Sample: dark skin" } else { "Sample: light skin" }
}
