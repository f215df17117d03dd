//! What is on the picture: faces, landmarks, persons and their parts, and the region mattes made from them.
//!
//! Everything is stated in full-resolution upright pixels: the place (x, y) is the centre of column x,
//! row y of the upright picture. The crate reads no files; the network weights are embedded.

pub mod detect;
pub mod error;
pub mod faces;
pub mod landmarks;
pub mod networks;
pub mod parts;
pub mod regions;
pub mod sight;
pub mod view;

pub use error::VisionError;
pub use faces::Face;
pub use landmarks::Mesh;
pub use networks::Networks;
pub use parts::{Part, Parts};
pub use regions::{Canvas, FaceRegions, Person, PictureRegions, face_regions, picture_regions};
pub use sight::{Answers, Sight};
pub use view::{Look, Overview};
