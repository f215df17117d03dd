//! The house at work on a real database, a real disk and, where it matters, the real engine.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod attempts;
mod clocks;
mod fairness;
mod hooks;
mod members;
mod memory;
mod outage;
mod people;
mod setting;
mod shutdown;
mod start;
mod submitting;
mod sweeping;
mod tempo;
