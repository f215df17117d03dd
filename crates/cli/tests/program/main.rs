//! Tests of the program as its users run it.

mod desk;
mod listing;
mod retouch;
mod trouble;
