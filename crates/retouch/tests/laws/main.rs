//! The laws every plugin keeps, run over the one list of plugins on real portraits: a new plugin is covered as it is.

mod colour;
mod declarations;
mod files;
mod growth;
mod layered;
mod persons;
mod psd;
mod quiet;
mod subject;
mod trouble;
mod turned;
mod twins;
