//! What a plugin is: its declaration, its settings and the one function that draws its layer.

use serde::Serialize;

use crate::layer::Layer;
use crate::scene::Scene;

/// One retouching operation. A plugin draws a layer and never touches the picture.
pub trait Plugin: Sync {
    /// Everything people and programs must know about the plugin.
    fn spec(&self) -> &'static Spec;

    /// Draws what would lie in the plugin's layer over the picture as `scene` shows it.
    ///
    /// Called only when some effect is asked for; drawing nothing is always right when what
    /// the plugin works on is not in the picture. [`Need`]s of the declaration have been met.
    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer);
}

/// A plugin's declaration. The command line, both wire APIs, the studio and the documentation
/// read this and nothing else.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// Exact name on the wire.
    pub name: &'static str,
    /// What people expect of it, in one sentence.
    pub about: &'static str,
    /// What it must never do, in one sentence.
    pub never: &'static str,
    /// How its layer is laid over the picture.
    pub blend: Blend,
    /// What must be known about the picture before it can draw.
    pub needs: &'static [Need],
    /// Its knobs.
    pub params: &'static [Param],
}

impl Spec {
    /// The declared knob with that key.
    pub fn param(&self, key: Key) -> Option<&'static Param> {
        self.params.iter().find(|param| param.key == key)
    }
}

/// One knob of a plugin.
#[derive(Debug, Serialize)]
pub struct Param {
    /// Which field of the task sets it.
    pub key: Key,
    /// Name for people.
    pub label: &'static str,
    /// What turning it does.
    pub meaning: &'static str,
    /// Smallest value; smaller ones are raised to it.
    pub min: f32,
    /// Largest value; larger ones are lowered to it.
    pub max: f32,
    /// Value when the task does not say.
    pub default: f32,
}

impl Param {
    /// The `Scale` knob of plugins that measure by the person.
    pub const PERSON_SCALE: Param = Param {
        key: Key::Scale,
        label: "Person size",
        meaning: "0 measures each face, 1 close-up, 2 half body, 3 full body",
        min: 0.0,
        max: 3.0,
        default: 0.0,
    };

    /// The `Scale` knob of plugins that measure what they work on themselves: clients set it for every plugin.
    pub const SCALE_UNUSED: Param =
        Param { meaning: "accepted, without effect: size is measured on each face", ..Self::PERSON_SCALE };

    /// An `Alpha1` knob with its upper end; 1 is the natural full effect.
    pub const fn alpha1(label: &'static str, meaning: &'static str, max: f32) -> Param {
        Param { key: Key::Alpha1, label, meaning, min: 0.0, max, default: 1.0 }
    }

    /// An `Alpha2` knob with its upper end; off unless asked for.
    pub const fn alpha2(label: &'static str, meaning: &'static str, max: f32) -> Param {
        Param { key: Key::Alpha2, label, meaning, min: 0.0, max, default: 0.0 }
    }
}

/// The task fields a plugin can read (specification section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Key {
    /// Size of the person, or of the dirt.
    Scale,
    /// First slider.
    Alpha1,
    /// Second slider.
    Alpha2,
    /// Protect the person.
    Automask,
}

impl Key {
    /// Spelling on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scale => "Scale",
            Self::Alpha1 => "Alpha1",
            Self::Alpha2 => "Alpha2",
            Self::Automask => "Automask",
        }
    }
}

/// How a layer is laid over the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Blend {
    /// The layer's colour replaces the picture's.
    Normal,
    /// Photoshop's soft light.
    SoftLight,
    /// A selection; changes nothing.
    Mask,
    /// No picture at all, only findings.
    Metadata,
}

/// What a plugin must know about the picture. Found once a picture, and only when some task needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// Faces with their landmarks.
    Faces,
    /// Features and skin of each face, on that face's canvas.
    FaceRegions,
    /// Skin, hair, clothes and background of the whole picture.
    PictureRegions,
}

impl Need {
    /// Everything that can be known.
    pub const ALL: [Need; 3] = [Need::Faces, Need::FaceRegions, Need::PictureRegions];
}

/// Settings of one task, checked and limited to the plugin's ranges.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Size of the person or of the dirt.
    pub scale: Scale,
    /// First slider; 0 changes nothing.
    pub alpha1: f32,
    /// Second slider.
    pub alpha2: f32,
    /// Protect the person.
    pub automask: bool,
}

impl Settings {
    /// The declared defaults of a plugin.
    pub fn defaults(spec: &Spec) -> Self {
        let default = |key| spec.param(key).map_or(0.0, |param| param.default);
        Self {
            scale: Scale::from_number(default(Key::Scale)),
            alpha1: default(Key::Alpha1),
            alpha2: default(Key::Alpha2),
            automask: default(Key::Automask) > 0.5,
        }
    }

    /// True when the settings ask for no change at all.
    pub fn is_neutral(&self) -> bool {
        self.alpha1 <= 0.0 && self.alpha2 <= 0.0
    }
}

/// The `Scale` field: automatic, or a forced size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub enum Scale {
    /// 0: measured on each face.
    #[default]
    Auto,
    /// 1: close-up of a face; for dirt, the largest.
    Large,
    /// 2: half body.
    Medium,
    /// 3: full body; for dirt, the finest.
    Small,
}

impl Scale {
    /// The wire number, 0 to 3.
    pub fn number(self) -> u8 {
        match self {
            Self::Auto => 0,
            Self::Large => 1,
            Self::Medium => 2,
            Self::Small => 3,
        }
    }

    /// The nearest scale to a wire number.
    pub fn from_number(number: f32) -> Self {
        match number.round() as i32 {
            i32::MIN..=0 => Self::Auto,
            1 => Self::Large,
            2 => Self::Medium,
            _ => Self::Small,
        }
    }

    /// Face width in pixels to measure by, from the measured width and the picture's long edge.
    ///
    /// A forced scale names the usual size of a face in such a picture. It may correct the
    /// measurement, not overrule it: a wrong hint must not turn pores into blotches.
    pub fn face_width(self, measured: f32, long_edge: f32) -> f32 {
        let usual = match self {
            Self::Auto => return measured,
            Self::Large => 0.4 * long_edge,
            Self::Medium => 0.15 * long_edge,
            Self::Small => 0.06 * long_edge,
        };
        usual.clamp(measured * 0.75, measured * 1.33)
    }
}
