//! Telling the settings: the page of the documentation, and the values in effect.

use std::fmt::Write;

use super::list::SETTINGS;
use super::read::{Loaded, shown};

/// The reference page.
pub fn markdown() -> String {
    let mut page = String::from(
        "<!-- Written by `make docs` from the list of settings; change that, not this page. -->\n\n# Settings\n\n\
         Each setting has a key in the file (`atelier.toml` in the current folder, or the one named with `--config` or\n\
         `ATELIER_CONFIG`), an environment variable and a flag of `serve`, `worker` and `check-config`. A flag wins over\n\
         the environment, that over the file, that over the default. Times carry their unit: `250ms`, `10s`, `5m`, `24h`,\n\
         `7d`. `atelier check-config` shows what is in effect and says what is wrong.\n\n\
         | key | environment | flag | default | unit and range | what it is for |\n|---|---|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        let default = match (setting.stands_for, setting.default) {
            ("", "") => "-".to_owned(),
            ("", default) => format!("`{default}`"),
            (stands_for, _) => stands_for.to_owned(),
        };
        let _ = writeln!(
            page,
            "| `{}` | `{}` | `--{}` | {default} | {} | {} |",
            setting.key,
            setting.variable(),
            setting.flag(),
            setting.range,
            setting.about
        );
    }
    page
}

/// A line a setting: its value in effect and where that comes from.
pub fn overview(loaded: &Loaded) -> String {
    let values: Vec<String> = loaded.given.iter().map(|given| shown(given, &loaded.config)).collect();
    let width = values.iter().map(|value| value.chars().count()).max().unwrap_or(0).min(48);
    let mut text = String::new();
    for (given, value) in loaded.given.iter().zip(&values) {
        let _ = writeln!(text, "{:<24} {value:<width$}  {}", given.setting.key, given.source);
    }
    text
}
