//! What can go wrong while looking at a picture.

use thiserror::Error;

/// Why a picture could not be analysed. The picture itself is never the cause: any pixels are accepted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum VisionError {
    /// The embedded weights could not be read; the build is damaged.
    #[error("cannot load the network `{network}`: {reason}; reinstall or rebuild the program")]
    Load {
        /// Name of the network.
        network: &'static str,
        /// What the runtime says.
        reason: String,
    },
    /// A network stopped while it ran, most likely for want of memory.
    #[error("the network `{network}` failed: {reason}; try again with fewer pictures at a time")]
    Run {
        /// Name of the network.
        network: &'static str,
        /// What the runtime says.
        reason: String,
    },
    /// The picture has no pixels.
    #[error("the picture is empty; give one with at least one pixel")]
    Empty,
}
