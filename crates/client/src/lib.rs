//! A client of servers that speak the AutoRetouch API: signing in, uploads, executions, whole folders, hot folders.
//!
//! The wire is that of the specification (sections 4 to 6); ours and the cloud's servers answer alike.

mod account;
mod error;
mod folder;
mod hot;
mod journal;
mod result_file;
mod server;
mod sign_in;
mod whole;
mod wire;

pub use account::{Accounts, Profile};
pub use error::ClientError;
pub use folder::{Done, Item, Order, Patience, Seen, process};
pub use hot::watch;
pub use journal::Journal;
pub use server::Server;
pub use sign_in::{Confirmation, SignIn};
pub use wire::{Execution, Organization, Status, Workflow};
