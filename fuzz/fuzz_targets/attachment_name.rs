//! A file name that is taken leads nowhere and hides nothing, and content is judged the same in
//! whatever pieces it comes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siegel_postbox::fuzzing::{is_of_type, takes_attachment};

const TYPES: [&str; 6] =
    ["application/pdf", "text/plain", "text/calendar", "application/xml", "application/json", "image/png"];

fuzz_target!(|input: (&str, u8, &[u8], usize)| {
    let (name, kind, content, cut) = input;
    let kind = TYPES[usize::from(kind) % TYPES.len()];
    if takes_attachment(name, kind) {
        assert!(!name.is_empty() && name.len() <= 255 && name.trim() == name);
        assert!(!name.contains(['/', '\\', '\0', '\n', '\r', '\u{202e}']) && name != "." && name != "..");
    }
    let (head, tail) = content.split_at(cut % (content.len() + 1));
    assert_eq!(is_of_type(kind, &[content]), is_of_type(kind, &[head, tail]));
});
