//! Filters over planes.
