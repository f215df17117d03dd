//! Filters over planes. Sizes are Gaussian sigmas in samples; edges are continued outwards.

mod distance;
mod gauss;
mod guided;
mod label;
mod resample;

pub use distance::{dilate, distance_inside, distance_outside, erode, erode_soft};
pub use gauss::{MaskedBlur, gauss, gauss_masked};
pub use guided::{Guide, GuidedModel, guided_colour, guided_masked};
pub use label::{Components, label};
pub use resample::{
    enlarge, enlarge_combined, reduce, reduce_part_here, resize_bilinear, sample_grid, sample_grid_here,
};
