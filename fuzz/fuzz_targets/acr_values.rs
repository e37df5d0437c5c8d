//! Whatever list a client sends, the answer is never above what was achieved, and the floor holds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siegel_kernel::TrustLevel;
use siegel_oidc::acr::{Wanted, level_of};

fuzz_target!(|input: (&str, u8)| {
    let (values, n) = input;
    let wanted = Wanted::parse(values);
    let achieved = TrustLevel::ALL[usize::from(n % 4)];
    let answer = level_of(&wanted.answer(achieved)).expect("an own word or an alias");
    assert!(answer <= achieved);
    if let (Some(floor), Some(aim)) = (wanted.floor(), wanted.aim(achieved)) {
        assert!(aim >= floor);
        assert!(aim <= achieved || aim == floor);
    }
});
