use serde::Deserialize;

/// The table `[organisation]`; it has no keys of its own yet.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {}
