//! `skin-retouch`: even, living skin from the plugins that work on skin alone; moles stay or go.

use std::borrow::Cow;

use super::Component;
use super::declaration::{Declaration, Kind, Setting, Values};
use crate::plugin::{Key, Plugin};
use crate::plugins::find;
use crate::recipe::Task;

mod moles;

/// The component.
pub(super) struct SkinRetouch;

static DECLARATION: Declaration = Declaration {
    kind: Cow::Borrowed("skin-retouch"),
    label: "Skin Retouch",
    about: "Heals passing marks and evens light and tone of the skin; moles stay unless told otherwise.",
    never: "Touches nails, lips, nostrils, eyes, brows, beard, hair or what is worn, or blurs pores.",
    settings: Cow::Borrowed(&[
        Setting {
            key: "strength",
            label: "Strength",
            meaning: "0 changes nothing, 1 is a careful retouch, 2 a strong one",
            kind: Kind::Number { min: 0.0, max: 2.0, default: 1.0 },
        },
        Setting {
            key: "moles",
            label: "Remove moles",
            meaning: "takes moles off face and neck too; freckles stay",
            kind: Kind::Switch { default: false },
        },
    ]),
};

/// The plugins in their order, each with its first slider at strength 1 and at strength 2.
const PARTS: [(&str, [f32; 2]); 4] =
    [("Heal", [0.8, 1.0]), ("Mattifier", [0.4, 0.8]), ("Dodge Burn", [0.8, 1.5]), ("Skin Tone", [0.6, 1.2])];

impl Component for SkinRetouch {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn retouching(&self, values: &Values) -> Option<Vec<Task>> {
        let strength = values.number("strength") as f32;
        let mut tasks = Vec::new();
        for (name, [full, strong]) in PARTS {
            let plugin = find(name)?;
            let amount =
                if strength <= 1.0 { full * strength } else { full + (strong - full) * (strength - 1.0) };
            tasks.push(Task::new(plugin).with(Key::Alpha1, amount));
            if name == "Heal" && values.is_on("moles") {
                let moles: &'static dyn Plugin = &moles::Moles;
                tasks.push(Task::new(moles).with(Key::Alpha1, if strength > 0.0 { 1.0 } else { 0.0 }));
            }
        }
        Some(tasks)
    }
}
