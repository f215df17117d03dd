//! The list of plugins, in the recommended order. To add one: write its file, add its line here.

mod clean_backdrop;
mod dodge_burn;
mod eye_brilliance;
mod eye_vessels;
mod fabric;
mod face_detection;
mod heal;
mod mattifier;
mod portrait_volumes;
mod skin_mask;
mod skin_tone;
mod white_teeth;
#[cfg(test)]
mod whole_picture;

use crate::plugin::Plugin;

/// Every plugin, in the order in which a retoucher works (specification section 5).
static ALL: &[&dyn Plugin] = &[
    &face_detection::FaceDetection,
    &skin_mask::SkinMask,
    &clean_backdrop::CleanBackdrop,
    &heal::Heal,
    &fabric::Fabric,
    &eye_vessels::EyeVessels,
    &eye_brilliance::EyeBrilliance,
    &white_teeth::WhiteTeeth,
    &mattifier::Mattifier,
    &dodge_burn::DodgeBurn,
    &skin_tone::SkinTone,
    &portrait_volumes::PortraitVolumes,
];

/// Every plugin, in the order in which a retoucher works.
pub fn plugins() -> &'static [&'static dyn Plugin] {
    ALL
}

/// The plugin with exactly this name.
pub fn find(name: &str) -> Option<&'static dyn Plugin> {
    ALL.iter().copied().find(|plugin| plugin.spec().name == name)
}

#[cfg(test)]
mod tests;
