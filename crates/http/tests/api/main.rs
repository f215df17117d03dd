//! The doors over real HTTP, with the real service: every documented status, error, field and type; on SQLite with a
//! disk and, all of it once more, on PostgreSQL with S3.

mod account;
mod activate;
mod apart;
mod desk;
mod executions;
mod fetch;
mod follow;
mod house;
mod oauth;
mod odd_texts;
mod rates;
mod review;
mod shapes;
mod shop;
mod start;
mod start_refused;
mod stores;
mod tokens;
mod uploads;
