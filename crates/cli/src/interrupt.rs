//! Ctrl-C and termination: the first asks the run to stop cleanly, the second stops it at once.

use std::sync::atomic::{AtomicBool, Ordering};

/// Exit code of a run that was stopped, as shells expect it after Ctrl-C.
pub const EXIT_CODE: u8 = 130;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// True once a stop was asked for.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// Begins to listen. Without a listener (a second call, or a system that refuses) the signals stop the program at
/// once, which is safe too: results appear whole or not at all.
pub fn listen() {
    let _ = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(EXIT_CODE));
        }
    });
}
