//! A clock that fault runs move: hours go by, or the machine's clock is set back. Only `siegel up`
//! takes one, and that refuses to run when the profile is production.

use std::path::PathBuf;

use siegel_kernel::{Clock, SystemClock, Timestamp};

/// The machine's clock, and so many microseconds more or fewer as a file says at that moment: one
/// decimal number. Nobody is told, as nobody is when a machine's clock is set.
#[derive(Clone, Debug)]
pub struct FaultsClock {
    file: PathBuf,
}

impl FaultsClock {
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into() }
    }

    /// Moves everybody who reads the same file.
    pub fn move_by(&self, us: i64) -> std::io::Result<()> {
        let draft = self.file.with_extension("new");
        std::fs::write(&draft, self.ahead_us().saturating_add(us).to_string())?;
        std::fs::rename(&draft, &self.file)
    }

    /// None before the first move.
    fn ahead_us(&self) -> i64 {
        let text = std::fs::read_to_string(&self.file);
        text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }
}

impl Clock for FaultsClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(SystemClock.now().as_micros().saturating_add(self.ahead_us()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_with_the_same_file_has_the_same_time() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (FaultsClock::new(dir.path().join("c")), SystemClock);
        assert!(one.now().since(two.now()).as_secs() < 10, "the machine's, before the first move");
        one.move_by(3_600_000_000).unwrap();
        let other = FaultsClock::new(dir.path().join("c"));
        other.move_by(-90_000_000).unwrap();
        let ahead = one.now().since(two.now()).as_secs();
        assert!((3_509..3_520).contains(&ahead), "{ahead}");
    }
}
