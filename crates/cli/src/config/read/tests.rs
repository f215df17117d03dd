//! Tests of reading: precedence, mistakes, near misses, secrets.

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn with_file(text: &str, flags: &[(&'static str, &str)], variables: &[(&str, &str)]) -> Loaded {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("atelier.toml");
    fs::write(&path, text).expect("written");
    let set = flags.iter().map(|(key, text)| (*key, (*text).to_owned())).collect();
    load_from(&Flags { file: Some(path), set }, &environment(variables), Path::new("not there"))
}

fn alone(flags: &[(&'static str, &str)], variables: &[(&str, &str)]) -> Loaded {
    let set = flags.iter().map(|(key, text)| (*key, (*text).to_owned())).collect();
    load_from(&Flags { file: None, set }, &environment(variables), Path::new("not there"))
}

#[test]
fn every_default_is_right() {
    let loaded = alone(&[], &[]);
    assert_eq!(loaded.mistakes, Vec::<String>::new());
    assert!(loaded.given.iter().all(|given| given.source == Source::Default));
    assert_eq!(loaded.given.len(), SETTINGS.len());
    assert!(loaded.config.database().ends_with("/data/atelier.db"), "{}", loaded.config.database());
}

#[test]
fn a_flag_wins_over_the_environment_that_over_the_file_that_over_the_default() {
    let file = "keep = \"1h\"\nmax_jobs = 3\nmetrics = false\nhook_schedule = [\"1s\", \"2s\"]\n";
    let loaded = with_file(file, &[("keep", "3h")], &[("ATELIER_KEEP", "2h"), ("ATELIER_MAX_JOBS", "2")]);
    assert_eq!(loaded.mistakes, Vec::<String>::new());
    let config = &loaded.config;
    assert_eq!(config.keep.as_secs(), 3 * 3600);
    assert_eq!((config.max_jobs, config.metrics), (2, false));
    assert_eq!(config.hook_schedule.iter().map(|pause| pause.as_secs()).collect::<Vec<_>>(), [1, 2]);
    let source = |key: &str| {
        let given = loaded.given.iter().find(|given| given.setting.key == key);
        given.map(|given| given.source.to_string()).unwrap_or_default()
    };
    assert_eq!(source("keep"), "flag");
    assert_eq!(source("max_jobs"), "environment ATELIER_MAX_JOBS");
    assert!(source("metrics").starts_with("file "));
    assert_eq!(source("listen"), "default");
}

#[test]
fn an_unknown_key_is_a_mistake_with_the_nearest_name() {
    let loaded = with_file("max_megapixel = 10\nbanana = 1\n", &[], &[("ATELIER_LISTENN", "x")]);
    let mistakes = loaded.mistakes.join("\n");
    assert!(mistakes.contains("did you mean max_megapixels?"), "{mistakes}");
    assert!(mistakes.contains("banana is no setting; `atelier"), "{mistakes}");
    assert!(loaded.remarks[0].contains("did you mean ATELIER_LISTEN?"), "{:?}", loaded.remarks);
}

#[test]
fn a_wrong_value_says_where_it_stands_and_what_would_be_right() {
    let loaded = with_file("keep = 24\n", &[("listen", "here")], &[("ATELIER_STORE", "tape")]);
    assert_eq!(loaded.mistakes.len(), 3, "{:?}", loaded.mistakes);
    assert!(loaded.mistakes[0].starts_with("listen = \"here\" (flag): must be HOST:PORT"));
    assert!(loaded.mistakes[1].contains("(environment ATELIER_STORE): must be disk, or s3://"));
    assert!(loaded.mistakes[2].contains("must be a time with its unit"));
    let broken = with_file("a = 1\nkeep == 2\n", &[], &[]);
    assert!(broken.mistakes[0].contains("atelier.toml:2: "), "{:?}", broken.mistakes);
}

#[test]
fn settings_that_disagree_are_told() {
    let loaded = alone(&[("lease", "4s"), ("heartbeat", "3s"), ("store", "s3://b/p")], &[]);
    assert_eq!(loaded.mistakes.len(), 2, "{:?}", loaded.mistakes);
}

#[test]
fn secrets_are_never_shown() {
    let url = "postgres://user:sesame@host/name";
    let loaded = alone(&[("database_url", url), ("store_secret_key", "sesame")], &[]);
    let shown: Vec<String> = loaded.given.iter().map(|given| shown(given, &loaded.config)).collect();
    assert!(shown.iter().all(|text| !text.contains("sesame")), "{shown:?}");
    assert!(shown.contains(&"postgres://user:(hidden)@host/name".to_owned()), "{shown:?}");
    assert_eq!(hide_password("postgres://h/n?user=a&password=b"), "postgres://h/n?(hidden)");
    let wrong = alone(&[("database_url", "mysql://user:sesame@host/name")], &[]);
    assert!(!wrong.mistakes.join("").contains("sesame"), "{:?}", wrong.mistakes);
}

#[test]
fn words_are_as_far_apart_as_the_edits_between_them() {
    for (one, other, far) in
        [("", "", 0), ("keep", "keep", 0), ("kep", "keep", 1), ("listen", "lisent", 2), ("", "abc", 3)]
    {
        assert_eq!(distance(one, other), far, "{one} {other}");
    }
}
