//! Standard input and output in the place of a file: `-`, as programs in a pipe have it.

use std::ffi::OsStr;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

/// True for the name that stands for standard input where something is read, for standard output where it is written. A
/// file of that name is `./-`.
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == OsStr::new("-")
}

/// What comes in.
pub fn input() -> impl Read {
    io::stdin().lock()
}

/// Sends `bytes` out, all of them or an error.
///
/// # Errors
/// When whoever reads has gone, or what it writes to is full.
pub fn send(bytes: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(bytes)?;
    output.flush()
}

/// True when a person would see what goes out.
pub fn is_shown() -> bool {
    io::stdout().is_terminal()
}
