//! The doors over real HTTP, with the real service on SQLite and disk: every documented status, error, field and type.

mod account;
mod activate;
mod apart;
mod desk;
mod executions;
mod fetch;
mod follow;
mod house;
mod oauth;
mod published;
mod rates;
mod review;
mod shapes;
mod shop;
mod start;
mod start_refused;
mod tokens;
mod uploads;
