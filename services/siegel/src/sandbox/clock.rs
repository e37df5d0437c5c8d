use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use siegel_kernel::{Clock, Timestamp};

use super::SandboxError;

/// How far ahead the clock may be, in years of 366 days: further is a typing error.
const FURTHEST_YEARS: i64 = 20;
const DAY_US: i64 = 86_400_000_000;

/// The sandbox's legal clock: the one below it, and as far ahead as somebody moved it. Never moves
/// back by itself, not even by a restart: the distance is kept in a file.
pub struct SandboxClock {
    base: Arc<dyn Clock>,
    ahead_us: AtomicI64,
    file: PathBuf,
    moving: Mutex<()>,
}

impl SandboxClock {
    /// Continues from `file`, or begins at the time of `base`.
    pub fn load(base: Arc<dyn Clock>, file: &Path) -> Result<Self, SandboxError> {
        let ahead_us = AtomicI64::new(read(file)?);
        Ok(Self { base, ahead_us, file: file.to_owned(), moving: Mutex::new(()) })
    }

    /// Moves forward by whole days of 24 hours; the time after it.
    pub fn move_by_days(&self, days: i64) -> Result<Timestamp, SandboxError> {
        self.move_by(days.saturating_mul(DAY_US))
    }

    /// Moves forward to an instant; the time after it.
    pub fn move_to(&self, to: Timestamp) -> Result<Timestamp, SandboxError> {
        self.move_by(to.as_micros().saturating_sub(self.now().as_micros()))
    }

    fn move_by(&self, us: i64) -> Result<Timestamp, SandboxError> {
        let _one_at_a_time = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = self.ahead_us.load(Ordering::SeqCst).saturating_add(us);
        if us < 0 || ahead > FURTHEST_YEARS * 366 * DAY_US {
            return Err(SandboxError::ClockMove(FURTHEST_YEARS));
        }
        // First the file: after a crash in between the clock is ahead, never back.
        write(&self.file, ahead).map_err(|e| failed(&self.file, e))?;
        self.ahead_us.store(ahead, Ordering::SeqCst);
        Ok(self.now())
    }
}

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        let base = self.base.now().as_micros();
        Timestamp::from_micros(base.saturating_add(self.ahead_us.load(Ordering::SeqCst)))
    }

    fn is_moved(&self) -> bool {
        self.ahead_us.load(Ordering::SeqCst) != 0
    }
}

/// Microseconds ahead, as decimal text; a missing file means none.
fn read(file: &Path) -> Result<i64, SandboxError> {
    match fs::read_to_string(file) {
        Ok(text) => match text.trim().parse() {
            Ok(ahead) if (0..=FURTHEST_YEARS * 366 * DAY_US).contains(&ahead) => Ok(ahead),
            _ => Err(SandboxError::ClockState(file.display().to_string())),
        },
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(e) => Err(failed(file, e)),
    }
}

/// Complete or not at all: written beside and renamed.
fn write(file: &Path, ahead: i64) -> std::io::Result<()> {
    let draft = file.with_extension("new");
    let mut out = fs::File::create(&draft)?;
    writeln!(out, "{ahead}")?;
    out.sync_all()?;
    fs::rename(&draft, file)
}

fn failed(file: &Path, error: std::io::Error) -> SandboxError {
    SandboxError::ClockFile(file.display().to_string(), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Still;
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::from_seconds(1_741_256_100)
        }
    }

    fn open(file: &Path) -> Result<SandboxClock, SandboxError> {
        SandboxClock::load(Arc::new(Still), file)
    }

    #[test]
    fn a_moved_clock_says_so_and_stays_ahead_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("clock");
        let clock = open(&file).unwrap();
        assert!(!clock.is_moved() && clock.now() == Still.now());
        let later = clock.move_by_days(3).unwrap();
        assert_eq!(later.since(Still.now()).as_secs(), 3 * 86_400);
        assert_eq!(clock.move_to(later).unwrap(), later, "to where it is: no move");
        let again = open(&file).unwrap();
        assert!(again.is_moved());
        assert_eq!(again.now(), later);
    }

    #[test]
    fn the_clock_moves_neither_back_nor_out_of_reach() {
        let dir = tempfile::tempdir().unwrap();
        let clock = open(&dir.path().join("clock")).unwrap();
        assert!(clock.move_by_days(-1).is_err());
        assert!(clock.move_to(Timestamp::from_seconds(0)).is_err());
        assert!(clock.move_by_days(i64::MAX).is_err());
        assert_eq!(clock.now(), Still.now());
    }

    #[test]
    fn a_file_of_something_else_is_an_error_and_not_a_fresh_start() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("clock");
        fs::write(&file, "yesterday").unwrap();
        assert!(matches!(open(&file), Err(SandboxError::ClockState(_))));
    }
}
