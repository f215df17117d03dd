//! Reading the configuration: a flag wins over the environment, that over the file, that over the default.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, FromArgMatches};

use super::list::{SETTINGS, Setting};
use super::{Config, StorePlace, value};

/// The file that is read when none is named and it is there.
const USUAL_FILE: &str = "atelier.toml";
/// Names the file in the environment.
const FILE_VARIABLE: &str = "ATELIER_CONFIG";
/// What the example clients read; no settings, and no mistakes either.
const CLIENTS: [&str; 2] = ["ATELIER_URL", "ATELIER_TOKEN"];
/// The settings that say where the data is: all that the operator's commands need.
const REACH: [&str; 2] = ["data_dir", "database_url"];

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag,
    /// This environment variable.
    Environment(String),
    /// This file.
    File(PathBuf),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => to.write_str("flag"),
            Self::Environment(name) => write!(to, "environment {name}"),
            Self::File(path) => write!(to, "file {}", path.display()),
            Self::Default => to.write_str("default"),
        }
    }
}

/// One setting with its text as it was written.
pub struct Given {
    /// The setting.
    pub setting: &'static Setting,
    /// Its text.
    pub text: String,
    /// Where the text stands.
    pub source: Source,
}

/// What came of reading: a configuration, every value's source, and all that is wrong.
pub struct Loaded {
    /// The configuration; what is wrong has its default.
    pub config: Config,
    /// All settings in the order of the list.
    pub given: Vec<Given>,
    /// One line a mistake, each saying what to do.
    pub mistakes: Vec<String>,
    /// One line a thing that is odd but stops nothing.
    pub remarks: Vec<String>,
}

/// What the command line says: the file, and settings by their flags.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    file: Option<PathBuf>,
    set: Vec<(&'static str, String)>,
}

/// Flags for all settings.
#[derive(Clone, Debug, Default)]
pub struct SettingFlags(pub Flags);

/// Flags that say where the data is.
#[derive(Clone, Debug, Default)]
pub struct ReachFlags(pub Flags);

impl clap::Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        augment(command, false, |_| true)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(flags(matches, |_| true)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for ReachFlags {
    fn augment_args(command: Command) -> Command {
        augment(command, true, |key| REACH.contains(&key))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ReachFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(flags(matches, |key| REACH.contains(&key))))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn augment(command: Command, global: bool, wanted: impl Fn(&str) -> bool) -> Command {
    let file = Arg::new("config").long("config").value_name("FILE").global(global).help(format!(
        "Read settings from this file [default: {USUAL_FILE} where it is there]; {FILE_VARIABLE}"
    ));
    let file = file.value_parser(clap::value_parser!(PathBuf));
    SETTINGS.iter().filter(|setting| wanted(setting.key)).fold(command.arg(file), |command, setting| {
        let default = match (setting.stands_for, setting.default) {
            ("", default) => default,
            (stands_for, _) => stands_for,
        };
        let about = format!("{} ({}) [default: {}]", sentence(setting.about), setting.range, default);
        command.arg(
            Arg::new(setting.key)
                .long(setting.flag())
                .value_name("VALUE")
                .allow_hyphen_values(true)
                .global(global)
                .help(about.replace('`', "")),
        )
    })
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn flags(matches: &ArgMatches, wanted: impl Fn(&str) -> bool) -> Flags {
    let set = SETTINGS
        .iter()
        .filter(|setting| wanted(setting.key))
        .filter_map(|setting| matches.get_one::<String>(setting.key).map(|text| (setting.key, text.clone())));
    Flags { file: matches.get_one::<PathBuf>("config").cloned(), set: set.collect() }
}

/// Reads file and environment of this process under the flags.
pub fn load(flags: &Flags) -> Loaded {
    load_from(flags, &std::env::vars().collect::<Vec<_>>(), Path::new(USUAL_FILE))
}

fn load_from(flags: &Flags, environment: &[(String, String)], usual: &Path) -> Loaded {
    let variable = |name: &str| environment.iter().find(|(own, _)| own == name).map(|(_, text)| text.clone());
    let named = flags.file.clone().or_else(|| variable(FILE_VARIABLE).map(PathBuf::from));
    let (mut mistakes, mut remarks) = (Vec::new(), Vec::new());
    let file = named.or_else(|| usual.is_file().then(|| usual.to_owned()));
    let filed = file.as_deref().map(|path| read_file(path, &mut mistakes)).unwrap_or_default();
    for (name, _) in environment {
        let own = name
            .strip_prefix("ATELIER_")
            .filter(|_| name != FILE_VARIABLE && !CLIENTS.contains(&name.as_str()));
        if let Some(own) = own.filter(|own| find(&own.to_ascii_lowercase()).is_none()) {
            remarks.push(format!(
                "environment {name} is no setting{}",
                near_miss(&own.to_ascii_lowercase(), |setting| setting.variable())
            ));
        }
    }

    let mut config = blank();
    let mut given = Vec::with_capacity(SETTINGS.len());
    for setting in SETTINGS {
        let by_flag = flags.set.iter().find(|(key, _)| *key == setting.key);
        let by_flag = by_flag.map(|(_, text)| (text.clone(), Source::Flag));
        let by_variable =
            || variable(&setting.variable()).map(|text| (text, Source::Environment(setting.variable())));
        let by_file = || {
            let text = filed.iter().find(|(key, _)| key == setting.key).map(|(_, text)| text.clone());
            text.zip(file.clone().map(Source::File))
        };
        let found = by_flag.or_else(by_variable).or_else(by_file);
        let (text, source) = found.unwrap_or_else(|| (setting.default.to_owned(), Source::Default));
        if let Err(wanted) = (setting.put)(&mut config, &text) {
            let shown = if setting.secret { String::new() } else { format!(" = {text:?}") };
            mistakes.push(format!("{}{shown} ({source}): {wanted}", setting.key));
            // The rest is still worth checking; the default of every setting is right, which a test holds.
            let _ = (setting.put)(&mut config, setting.default);
        }
        given.push(Given { setting, text, source });
    }
    mistakes.extend(config.disagreements());
    Loaded { config, given, mistakes, remarks }
}

/// Every field is written from the list right after; these values are never seen.
fn blank() -> Config {
    let none = std::time::Duration::ZERO;
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        public_url: None,
        data_dir: PathBuf::new(),
        database_url: None,
        store: StorePlace::Disk,
        store_endpoint: None,
        store_region: String::new(),
        store_access_key: String::new(),
        store_secret_key: String::new(),
        max_upload_mb: 0,
        max_megapixels: 0.0,
        memory_budget: 0,
        run_jobs: false,
        max_jobs: 0,
        lease: none,
        heartbeat: none,
        attempt_delays: Vec::new(),
        keep: none,
        keep_uploads: none,
        device_clients: Vec::new(),
        time_limit_base: none,
        time_limit_per_megapixel: none,
        sweep_every: none,
        jpeg_quality: 0,
        first_credits: 0,
        hook_timeout: none,
        hook_schedule: Vec::new(),
        hook_jobs: 0,
        hook_jobs_per_host: 0,
        rate_per_token: 0,
        rate_per_address: 0,
        rate_per_job: 0,
        rate_burst: none,
        max_connections: 0,
        max_connections_per_address: 0,
        client_timeout: none,
        stall_timeout: none,
        upload_pause: none,
        upload_time: none,
        trusted_header: None,
        metrics: false,
        metrics_token: None,
        metrics_listen: None,
        otlp_endpoint: None,
        otlp_sample: 0.0,
        shutdown_time: none,
        log_format: super::LogFormat::Text,
        log_level: String::new(),
    }
}

fn read_file(path: &Path, mistakes: &mut Vec<String>) -> Vec<(String, String)> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            mistakes.push(format!("{}: {}", path.display(), crate::delivery::advice(&error)));
            return Vec::new();
        }
    };
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            let line =
                error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            mistakes.push(format!("{}:{line}: {}", path.display(), error.message().replace('\n', ", ")));
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for (key, value) in table {
        match (find(&key), plain_text(&value)) {
            (None, _) => mistakes.push(format!(
                "{}: {key} is no setting{}; `atelier check-config --markdown` lists all",
                path.display(),
                near_miss(&key, |setting| setting.key.to_owned())
            )),
            (Some(_), None) => {
                mistakes.push(format!("{}: {key} must be a text, a number, true or false", path.display()));
            }
            (Some(_), Some(text)) => found.push((key, text)),
        }
    }
    found
}

fn plain_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(switch) => Some(switch.to_string()),
        toml::Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(plain_text).collect();
            Some(items?.join(","))
        }
        toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// "; did you mean …" for the nearest setting, when one is near.
fn near_miss(key: &str, shown: impl Fn(&Setting) -> String) -> String {
    let key = key.to_ascii_lowercase().replace('-', "_");
    let nearest =
        SETTINGS.iter().map(|setting| (distance(&key, setting.key), setting)).min_by_key(|(far, _)| *far);
    match nearest {
        Some((far, setting)) if far <= 2.max(key.len() / 4) => format!("; did you mean {}?", shown(setting)),
        _ => String::new(),
    }
}

/// Edits between two words (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], line + 1);
        for (column, own) in other.iter().enumerate() {
            let changed = corner + usize::from(letter != *own);
            corner = row[column + 1];
            row[column + 1] = changed.min(corner + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// The text to show for a value: secrets hidden, shares told in bytes.
pub fn shown(given: &Given, config: &Config) -> String {
    match (given.setting.key, given.text.as_str()) {
        (_, "") if !given.setting.stands_for.is_empty() => {
            format!("({})", given.setting.stands_for.replace('`', ""))
        }
        ("database_url", text) => hide_password(text),
        (_, text) if given.setting.secret && !text.is_empty() => "(hidden)".to_owned(),
        ("memory_budget", text) => format!("{text} ({})", value::spoken_bytes(config.memory_budget)),
        ("max_jobs", "0") => format!("0 (one a core: {})", config.max_jobs),
        (_, text) => text.to_owned(),
    }
}

fn hide_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "(hidden)".to_owned() };
    let rest = match rest.rsplit_once('@') {
        Some((login, place)) => match login.split_once(':') {
            Some((user, _)) => format!("{user}:(hidden)@{place}"),
            None => rest.to_owned(),
        },
        None => rest.to_owned(),
    };
    match rest.split_once('?') {
        Some((place, query)) if query.contains("password") => format!("{scheme}://{place}?(hidden)"),
        _ => format!("{scheme}://{rest}"),
    }
}

#[cfg(test)]
mod tests;
