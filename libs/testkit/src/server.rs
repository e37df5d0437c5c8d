/// Where a real server for tests is, as the stage that started it says (`tests/storage/run`);
/// `None`, and a word about it, elsewhere.
pub fn server(variable: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the test runner speaks through the environment")]
    let found = std::env::var(variable).ok();
    if found.is_none() {
        eprintln!("skipped: {variable} is not set (./tests/run --only storage sets it)");
    }
    found
}
