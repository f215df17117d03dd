//! Tests of the server as operators and clients know it: the real program, its processes killed, its stores gone.

mod admin;
mod bucket;
mod clients;
mod crash;
mod disk_full;
mod first_start;
mod hooks;
mod house;
mod outage;
mod pictures;
mod settings;
mod shutdown;
mod wire;
mod workers;
