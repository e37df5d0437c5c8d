//! A note, checkpoint or key from outside never panics; what is read is written the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siegel_log::{Checkpoint, NoteVerifier, SignedNote, Witness};

const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

fuzz_target!(|text: &str| {
    if let Ok(note) = SignedNote::parse(text) {
        assert_eq!(SignedNote::parse(&note.to_string()), Ok(note.clone()));
        if let Ok(key) = NoteVerifier::parse(KEY) {
            let _ = key.verify(&note);
            assert!(Checkpoint::open(text, &key).is_err());
        }
        let _ = Checkpoint::from_text(&note.text);
    }
    if let Ok(head) = Checkpoint::from_text(text) {
        assert_eq!(Checkpoint::from_text(&head.text()), Ok(head));
    }
    let _ = NoteVerifier::parse(text);
    let _ = Witness::parse(text);
});
