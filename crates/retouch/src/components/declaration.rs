//! What a component declares about itself: its settings as data, and the values a workflow gives them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value as Json};

/// A component's declaration. Wire dialects, the studio and the documentation read this and nothing else.
#[derive(Debug, Serialize)]
pub struct Declaration {
    /// Type on the wire, kebab-case.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// Name for people.
    pub label: &'static str,
    /// What people expect of it, in one sentence.
    pub about: &'static str,
    /// What it must never do, in one sentence.
    pub never: &'static str,
    /// Its settings.
    pub settings: Cow<'static, [Setting]>,
}

impl Declaration {
    /// The declared setting with that key, and its place in the list.
    pub fn setting(&self, key: &str) -> Option<(usize, &Setting)> {
        self.settings.iter().enumerate().find(|(_, setting)| setting.key == key)
    }
}

/// One setting of a component.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// Key on the wire, camelCase.
    pub key: &'static str,
    /// Name for people.
    pub label: &'static str,
    /// What it does, with the unit.
    pub meaning: &'static str,
    /// Kind, range and default.
    #[serde(flatten)]
    pub kind: Kind,
}

/// Kind, range and default of a setting.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Kind {
    /// A real number; numbers outside the range are limited.
    Number {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
        /// Value when the workflow does not say.
        default: f64,
    },
    /// A whole number; others are rounded, numbers outside the range are limited.
    Whole {
        /// Smallest value.
        min: u32,
        /// Largest value.
        max: u32,
        /// Value when the workflow does not say.
        default: u32,
    },
    /// On or off: a boolean, or 0 and 1.
    Switch {
        /// Value when the workflow does not say.
        default: bool,
    },
    /// One of several words.
    Choice {
        /// The words.
        options: &'static [&'static str],
        /// Value when the workflow does not say.
        default: &'static str,
    },
    /// An sRGB colour, `#rrggbb` or `#rgb`.
    Colour {
        /// Value when the workflow does not say.
        default: &'static str,
    },
    /// A line of text.
    Text {
        /// Most characters.
        longest: usize,
        /// Value when the workflow does not say.
        default: &'static str,
    },
    /// The content hash of an uploaded file, or nothing.
    Asset,
}

/// The value of one setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of [`Kind::Number`].
    Number(f64),
    /// Of [`Kind::Whole`].
    Whole(u32),
    /// Of [`Kind::Switch`].
    Switch(bool),
    /// Of [`Kind::Choice`].
    Choice(&'static str),
    /// Of [`Kind::Colour`]: encoded sRGB, 0 to 255.
    Colour([u8; 3]),
    /// Of [`Kind::Text`].
    Text(String),
    /// Of [`Kind::Asset`].
    Asset(Option<String>),
}

impl Kind {
    /// The value when the workflow does not say.
    pub fn default_value(&self) -> Value {
        match self {
            Self::Number { default, .. } => Value::Number(*default),
            Self::Whole { default, .. } => Value::Whole(*default),
            Self::Switch { default } => Value::Switch(*default),
            Self::Choice { default, .. } => Value::Choice(default),
            Self::Colour { default } => Value::Colour(colour(default).unwrap_or([0; 3])),
            Self::Text { default, .. } => Value::Text((*default).to_owned()),
            Self::Asset => Value::Asset(None),
        }
    }

    /// Reads a value, limited to the range; `Err` says what it must be.
    ///
    /// # Errors
    /// When the value is of another type, no colour, none of the words or too long.
    pub fn read(&self, json: &Json) -> Result<Value, String> {
        match self {
            Self::Number { min, max, .. } => {
                let number = json.as_f64().ok_or("a number")?;
                // Six decimals: what is written is read as exactly the same number.
                Ok(Value::Number((number.clamp(*min, *max) * 1e6).round() / 1e6))
            }
            Self::Whole { min, max, .. } => {
                let number = json.as_f64().ok_or("a whole number")?;
                Ok(Value::Whole(number.round().clamp(f64::from(*min), f64::from(*max)) as u32))
            }
            Self::Switch { .. } => match json {
                Json::Bool(on) => Ok(Value::Switch(*on)),
                Json::Number(number) => Ok(Value::Switch(number.as_f64() != Some(0.0))),
                _ => Err("true or false".to_owned()),
            },
            Self::Choice { options, .. } => {
                let word =
                    json.as_str().and_then(|text| options.iter().find(|o| o.eq_ignore_ascii_case(text)));
                word.map(|word| Value::Choice(word)).ok_or_else(|| format!("one of {}", options.join(", ")))
            }
            Self::Colour { .. } => {
                let parsed = json.as_str().and_then(colour);
                parsed.map(Value::Colour).ok_or_else(|| "a colour such as \"#ffffff\"".to_owned())
            }
            Self::Text { longest, .. } => match json.as_str() {
                Some(text) if text.chars().count() <= *longest && !text.chars().any(char::is_control) => {
                    Ok(Value::Text(text.to_owned()))
                }
                _ => Err(format!("a line of at most {longest} characters")),
            },
            Self::Asset => match json {
                Json::Null => Ok(Value::Asset(None)),
                Json::String(hash) if hash.is_empty() => Ok(Value::Asset(None)),
                Json::String(hash) if hash.len() <= 128 => Ok(Value::Asset(Some(hash.clone()))),
                _ => Err("the content hash of an uploaded picture".to_owned()),
            },
        }
    }
}

impl Value {
    /// The value as it stands in a workflow.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Number(number) => Json::from(*number),
            Self::Whole(number) => Json::from(*number),
            Self::Switch(on) => Json::from(*on),
            Self::Choice(word) => Json::from(*word),
            Self::Colour([r, g, b]) => Json::from(format!("#{r:02x}{g:02x}{b:02x}")),
            Self::Text(text) => Json::from(text.as_str()),
            Self::Asset(hash) => hash.as_deref().map_or(Json::Null, Json::from),
        }
    }
}

/// `#rgb` or `#rrggbb`, the hash sign optional.
fn colour(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let nibbles: Option<Vec<u8>> =
        digits.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    match nibbles?.as_slice() {
        [r, g, b] => Some([r * 17, g * 17, b * 17]),
        [r1, r0, g1, g0, b1, b0] => Some([r1 * 16 + r0, g1 * 16 + g0, b1 * 16 + b0]),
        _ => None,
    }
}

/// The values of all settings of one component, in the order of its declaration.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    keys: Vec<&'static str>,
    values: Vec<Value>,
}

impl Values {
    /// The declared defaults.
    pub fn defaults(declaration: &Declaration) -> Self {
        let keys = declaration.settings.iter().map(|setting| setting.key).collect();
        let values = declaration.settings.iter().map(|setting| setting.kind.default_value()).collect();
        Self { keys, values }
    }

    /// Takes over what `settings` says; keys that are not declared are ignored.
    ///
    /// # Errors
    /// The key at fault and what its value must be.
    pub fn merge(
        &mut self,
        declaration: &Declaration,
        settings: &Map<String, Json>,
    ) -> Result<(), (&'static str, String)> {
        for (key, json) in settings {
            if let Some((place, setting)) = declaration.setting(key) {
                self.values[place] = setting.kind.read(json).map_err(|must| (setting.key, must))?;
            }
        }
        Ok(())
    }

    /// All values as a JSON object.
    pub fn to_json(&self) -> Map<String, Json> {
        self.keys.iter().zip(&self.values).map(|(key, value)| ((*key).to_owned(), value.to_json())).collect()
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.keys.iter().position(|k| *k == key).map(|place| &self.values[place])
    }

    /// A number, whole or real; 0 when the component declares no such number.
    pub fn number(&self, key: &str) -> f64 {
        match self.get(key) {
            Some(Value::Number(number)) => *number,
            Some(Value::Whole(number)) => f64::from(*number),
            _ => 0.0,
        }
    }

    /// A whole number; 0 when the component declares no such number.
    pub fn whole(&self, key: &str) -> usize {
        self.number(key) as usize
    }

    /// A switch; off when the component declares no such switch.
    pub fn is_on(&self, key: &str) -> bool {
        self.get(key) == Some(&Value::Switch(true))
    }

    /// A word or a text; empty when the component declares none.
    pub fn word(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Value::Choice(word)) => word,
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// A colour, encoded sRGB 0 to 1; black when the component declares none.
    pub fn colour(&self, key: &str) -> [f32; 3] {
        match self.get(key) {
            Some(Value::Colour(rgb)) => rgb.map(|v| f32::from(v) / 255.0),
            _ => [0.0; 3],
        }
    }

    /// The hash of an asset, if one is set.
    pub fn asset(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Value::Asset(hash)) => hash.as_deref(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn colours_have_three_or_six_digits() {
        assert_eq!(colour("#fff"), Some([255; 3]));
        assert_eq!(colour("0a10Ff"), Some([10, 16, 255]));
        assert_eq!(colour("#ff"), None);
        assert_eq!(colour("#ggg"), None);
    }

    #[test]
    fn numbers_are_limited_and_wrong_types_named() {
        let kind = Kind::Whole { min: 1, max: 9, default: 4 };
        assert_eq!(kind.read(&json!(1e30)), Ok(Value::Whole(9)));
        assert_eq!(kind.read(&json!(-3)), Ok(Value::Whole(1)));
        assert_eq!(kind.read(&json!("3")), Err("a whole number".to_owned()));
        let word = Kind::Choice { options: &["keep", "srgb"], default: "keep" };
        assert_eq!(word.read(&json!("sRGB")), Ok(Value::Choice("srgb")));
        assert!(word.read(&json!("p3")).is_err_and(|must| must.contains("keep, srgb")));
    }
}
