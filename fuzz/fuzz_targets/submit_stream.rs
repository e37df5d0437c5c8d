//! A message of a submit stream from outside never panics, whatever is in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siegel_postbox::fuzzing::takes_message;

fuzz_target!(|bytes: &[u8]| {
    let _ = takes_message(bytes);
});
