//! Any bytes as whatever HTTP brings in: forms, JSON bodies, queries, headers. The first byte says how a form is cut.
#![no_main]

use http_doors::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        fuzzing::start_form(rest, usize::from(*first)).await;
        fuzzing::balance(rest).await;
    });
    fuzzing::bodies(rest);
    fuzzing::texts(rest);
});
