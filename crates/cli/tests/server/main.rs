//! Tests of the server as operators and clients know it: the real program, its processes killed, its stores gone.

mod admin;
mod autoretouch;
mod browser;
mod bucket;
mod clients;
mod crash;
mod disk_full;
mod first_start;
mod hooks;
mod house;
mod outage;
mod pictures;
mod published;
mod remote;
mod retouch4me;
mod settings;
mod shop;
mod shutdown;
mod traces;
mod wire;
mod workers;
