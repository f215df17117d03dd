//! Any text as a workflow: components that can be written and read again, or an error of one line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retouch::Workflow;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Workflow::from_json(text) {
        Ok(workflow) => {
            let written = workflow.to_json().to_string();
            let again = Workflow::from_json(&written).expect("what we write we can read");
            assert_eq!(again.to_json().to_string(), written);
        }
        Err(error) => assert!(!error.to_string().is_empty() && !error.to_string().contains('\n')),
    }
});
