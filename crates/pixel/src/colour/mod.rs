//! Colour spaces and perceptual colour.
