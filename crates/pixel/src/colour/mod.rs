//! Colour spaces and perceptual colour.
pub mod profile;
