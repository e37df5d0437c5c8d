//! The directory of an archive from outside never panics and takes no memory of its own choosing; the
//! outcome does not depend on how the bytes came.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siegel_postbox::fuzzing::takes_archive;

fuzz_target!(|bytes: &[u8]| {
    let (one, other) = bytes.split_at(bytes.len() / 3);
    assert_eq!(takes_archive(&[bytes]), takes_archive(&[one, other]));
});
