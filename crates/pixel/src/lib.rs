//! Pictures in memory: samples, geometry, colour, filters, blending and codecs.
//!
//! This crate knows no files, no threads of its own, no faces and no plugins.
//! Coordinates are pixels, origin top left, x to the right, y down.

pub mod blend;
pub mod codec;
pub mod colour;
pub mod filter;
pub mod geometry;
mod lanes;
pub mod picture;
pub mod plane;
mod ramp;
pub mod rank;

pub use geometry::{Orientation, Rect, Size};
pub use lanes::{add, wide_lanes};
pub use picture::{Picture, Samples};
pub use plane::Plane;
pub use ramp::ramp;
