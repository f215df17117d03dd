//! The payload: a mode and its tasks become the service's work.

use retouch::{Recipe, RecipeError};
use serde_json::Value;
use service::Work;

use super::errors::Refusal;

/// How much of a name that is unknown is shown again, in characters.
const LONGEST_SHOWN: usize = 80;

/// What a payload asks for.
///
/// # Errors
/// 400 for a text that is not JSON, 462 for JSON that is no task this server runs; the message names task and field.
pub fn work(payload: &str) -> Result<Work, Refusal> {
    let payload = payload.trim_start_matches('\u{feff}').trim();
    if payload.is_empty() {
        return Err(Refusal::bad("payload is missing: send the task list as JSON in the field payload"));
    }
    let recipe = Recipe::from_json(payload).map_err(refusal)?;
    if mode(payload).as_deref() == Some("facefeatures") {
        Ok(Work::Features)
    } else {
        Ok(Work::Retouch(recipe))
    }
}

fn mode(payload: &str) -> Option<String> {
    let value: Value = serde_json::from_str(payload).ok()?;
    value.get("mode").and_then(Value::as_str).map(str::to_owned)
}

fn refusal(error: RecipeError) -> Refusal {
    let short =
        |name: String| name.chars().filter(|c| !c.is_control()).take(LONGEST_SHOWN).collect::<String>();
    match error {
        RecipeError::NotJson(_) => Refusal::bad(error.to_string()),
        RecipeError::UnknownPlugin { index, name } => Refusal::invalid_task(format!(
            "tasks[{index}].Plugin: \"{}\" is not a plugin: /docs/api lists them",
            short(name)
        )),
        RecipeError::UnknownMode(mode) => {
            Refusal::invalid_task(RecipeError::UnknownMode(short(mode)).to_string())
        }
        error => Refusal::invalid_task(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(payload: &str) -> (u16, String) {
        let refusal = work(payload).expect_err("must be refused");
        (refusal.status(), refusal.message().to_owned())
    }

    #[test]
    fn modes_become_work() {
        assert!(matches!(work(r#"{"mode":"facefeatures"}"#), Ok(Work::Features)));
        assert!(
            matches!(work(r#"{"mode":"retouch4fun"}"#), Ok(Work::Retouch(recipe)) if recipe.tasks.len() == 8)
        );
        let heal = r#" {"mode":"professional","tasks":[{"Plugin":"Heal","Alpha1":1.0,"Layer":true}]} "#;
        assert!(matches!(work(heal), Ok(Work::Retouch(recipe)) if recipe.wants_zip()));
    }

    #[test]
    fn what_is_not_json_is_400_and_what_is_no_task_462() {
        for payload in ["", "  ", "{", "mode=professional"] {
            assert_eq!(refused(payload).0, 400, "{payload}");
        }
        let task = |task: &str| format!(r#"{{"mode":"professional","tasks":[{task}]}}"#);
        for payload in [
            "[]".to_owned(),
            "7".to_owned(),
            "{}".to_owned(),
            r#"{"mode":"painting"}"#.to_owned(),
            r#"{"mode":"professional"}"#.to_owned(),
            task(""),
            task("7"),
            task(r#"{"Plugin":"Heel"}"#),
            task(r#"{"Plugin":"Crop"}"#),
            task(r#"{"Plugin":"Heal","Alpha1":"1"}"#),
            task(r#"{"Plugin":"Heal","Layer":"yes"}"#),
            task(&vec![r#"{"Plugin":"Heal"}"#; 33].join(",")),
        ] {
            assert_eq!(refused(&payload).0, 462, "{payload}");
        }
    }

    #[test]
    fn what_is_unknown_is_shown_on_one_short_line() {
        let long = "y\\n".repeat(3000);
        let plugin = format!(r#"{{"mode":"professional","tasks":[{{"Plugin":"{long}"}}]}}"#);
        for payload in [format!(r#"{{"mode":"{long}"}}"#), plugin] {
            let message = refused(&payload).1;
            assert!(message.contains("yyy") && message.len() < 200 && !message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn the_message_names_task_and_field_in_the_words_of_the_wire() {
        let payload = r#"{"mode":"professional","tasks":[{"Plugin":"Heal"},{"Plugin":"Heel"}]}"#;
        let message = refused(payload).1;
        assert!(
            message.starts_with("tasks[1].Plugin: \"Heel\"") && message.contains("/docs/api"),
            "{message}"
        );
    }
}
