//! Bytes to pictures and back.
