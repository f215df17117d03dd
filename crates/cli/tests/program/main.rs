//! Tests of the program as its users run it.

mod desk;
mod listing;
mod overwriting;
mod piping;
mod retouch;
mod trouble;
