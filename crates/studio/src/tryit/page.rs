//! The page; its scripts fill it.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, PreEscaped, html};
use retouch::{Preset, Recipe, plugins};
use serde_json::{Map, Value, json};

use super::{payload, told, upload};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::page::{Page, Place};
use crate::visitor::Visitor;
use crate::words::tryit as words;

/// What the file chooser offers.
const ACCEPT: &str = ".jpg,.jpeg,.png,.tif,.tiff,.webp,image/jpeg,image/png,image/tiff,image/webp";

pub async fn show(State(desk): State<Desk>, visitor: Visitor) -> Result<Response, Failure> {
    let engine = desk.engine().clone();
    // Nobody waits for it: a picture that comes sooner loads what it needs by itself.
    drop(tokio::task::spawn_blocking(move || engine.warm()));
    let proofs: Vec<_> = desk.proofs().of(&visitor.cookie).iter().map(|proof| told(proof)).collect();
    let data = json!({
        "plugins": plugins().iter().map(|plugin| plugin.spec()).collect::<Vec<_>>(),
        "presets": presets(),
        "proofs": proofs,
        "start": "/api/v1/retoucher/start",
    });
    let content = html! {
        div #try .try data-empty {
            h1 .out-of-sight { (words::TITLE) }
            (drop_zone(&desk))
            div .try-work {
                div #viewer .try-viewer {}
                div .try-status { p #status role="status" {} progress #drawing value="0" aria-label=(words::DRAWING) hidden {} }
                (strip())
            }
            (panel())
        }
        noscript { p .notice { (words::NO_SCRIPTS) } }
        script #try-data type="application/json" { (PreEscaped(script_json(&data))) }
    };
    Ok(Page::new(words::TITLE, Place::Try, &visitor)
        .styles(&["viewer/viewer.css", "try/try.css"])
        .scripts(&["try/try.js"])
        .wide()
        .show(content))
}

/// Settings of the presets, as tasks of a payload.
fn presets() -> Map<String, Value> {
    let tasks = |preset| payload::write(&Recipe::preset(preset))["tasks"].take();
    Preset::ALL.into_iter().map(|preset| (preset.name().to_owned(), tasks(preset))).collect()
}

/// JSON that may stand in a page: nothing in it ends the element early.
fn script_json(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

fn drop_zone(desk: &Desk) -> Markup {
    let limits = desk.service().settings().picture_limits();
    html! {
        section #drop .try-drop aria-labelledby="drop-title" {
            svg .try-drop-sign viewBox="0 0 64 48" aria-hidden="true" {
                rect x="9" y="3" width="46" height="36" rx="3" {}
                circle cx="32" cy="17" r="6" {}
                path d="M19 39c0-8 6-13 13-13s13 5 13 13M32 3v36" {}
            }
            h2 #drop-title { (words::DROP) }
            p .soft { (words::formats(limits.max_bytes, limits.max_megapixels)) }
            div .row {
                label .button .main .try-choose { (words::CHOOSE) input #files .out-of-sight type="file" accept=(ACCEPT) multiple; }
                @for sample in upload::samples() {
                    button type="button" data-sample=(sample) { (words::sample(sample)) }
                }
            }
            p .soft { (words::PRIVATE) }
            p { a href="/studio/jobs" { (words::EARLIER) } }
        }
    }
}

fn strip() -> Markup {
    html! {
        nav .try-strip aria-label=(words::STRIP) {
            ul #strip {}
            button #add-photos .quiet .small type="button" title=(words::ADD_PHOTOS) aria-label=(words::ADD_PHOTOS) { "+" }
        }
    }
}

fn panel() -> Markup {
    html! {
        aside .try-panel aria-label=(words::PANEL) {
            section .try-presets {
                h2 #presets-title { (words::PRESET) }
                div .try-segments role="group" aria-labelledby="presets-title" {
                    @for (name, word) in words::PRESETS {
                        button .small type="button" data-preset=(name) aria-pressed="false" { (word) }
                    }
                }
            }
            section .try-stack-part {
                div .row .try-stack-head {
                    h2 .grow { (words::STACK) }
                    button #reset .quiet .small type="button" { (words::RESET) }
                }
                ol #stack .try-stack aria-label=(words::STACK) {}
                p #stack-empty .soft hidden { (words::STACK_EMPTY) }
                label .try-add { span .out-of-sight { (words::ADD) } select #add { option value="" { (words::ADD) } } }
                p #stack-said .out-of-sight role="status" {}
            }
            details #overlays .try-overlays {
                summary { (words::OVERLAYS) }
                p #overlays-said .soft {}
                label .try-check { input #faces type="checkbox"; " " (words::FACES) }
                div #regions .try-regions {}
            }
            section .try-run {
                div .try-segments role="group" aria-label=(words::FORM) {
                    @for (form, word) in words::FORMS {
                        button .small type="button" data-form=(form) aria-pressed=(if form == "flat" { "true" } else { "false" }) { (word) }
                    }
                }
                button #run .main type="button" { (words::RUN) }
                p .hint { (words::RUN_HINT) }
                ul #runs .try-runs {}
                div .row {
                    button #copy-curl .small type="button" { (words::COPY_CURL) }
                    button #copy-payload .small type="button" { (words::COPY_PAYLOAD) }
                }
                p .hint { (words::CURL_HINT) " " a href="/studio/tokens" { (words::TOKENS) } " · " a href="/studio/jobs" { (words::EARLIER) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_its_element() {
        let text = script_json(&json!({ "name": "</script><b>" }));
        assert!(!text.contains('<'));
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON")["name"], "</script><b>");
    }

    #[test]
    fn every_preset_has_a_button() {
        let named: Vec<_> =
            words::PRESETS.iter().map(|(name, _)| *name).filter(|name| *name != "none").collect();
        assert_eq!(named, Preset::ALL.map(Preset::name));
        assert_eq!(presets().len(), named.len());
    }
}
