//! Blend modes and their inverses.
