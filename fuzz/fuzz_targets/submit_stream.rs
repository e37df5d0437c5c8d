//! A submit stream from outside never panics, in whatever order its messages come, and what is taken
//! of it is what was declared.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siegel_postbox::fuzzing::{holds, takes_stream};

fuzz_target!(|bytes: &[u8]| {
    let _ = takes_stream(bytes);
    // The same behind a head that was taken: up to four attachments of small sizes.
    if let Some((sizes, messages)) = bytes.split_first_chunk::<4>() {
        let sizes: Vec<u64> = sizes.iter().copied().map(u64::from).filter(|size| *size > 0).collect();
        let _ = holds(&sizes, messages);
    }
});
