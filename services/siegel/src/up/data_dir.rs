use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The data directory of a sandbox, locked for this process.
pub struct DataDir {
    path: PathBuf,
    /// Absent when somebody only works on its databases.
    _lock: Option<File>,
}

impl DataDir {
    /// Creates the directory (mode 0700) and takes its lock.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let unusable = || format!("the data directory {} cannot be used", path.display());
        create_private(path).with_context(unusable)?;
        let lock = File::create(path.join("siegel.lock")).with_context(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another siegel runs on the data directory {}", path.display())
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(unusable),
        }
        Self::prepared(path, Some(lock))
    }

    /// The same without the lock: for what may be done while the suite runs.
    pub fn beside(path: &Path) -> anyhow::Result<Self> {
        if !path.is_dir() {
            bail!("there is no data directory {} (`siegel up` makes it)", path.display());
        }
        Self::prepared(path, None)
    }

    fn prepared(path: &Path, lock: Option<File>) -> anyhow::Result<Self> {
        let unusable = || format!("the data directory {} cannot be used", path.display());
        let path = path.canonicalize().with_context(unusable)?;
        create_private(&path.join("db")).with_context(unusable)?;
        create_private(&path.join("objects")).with_context(unusable)?;
        Ok(Self { path, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub fn key(&self, name: &str) -> PathBuf {
        self.path.join("keys").join(name)
    }

    /// Settings the operator of the sandbox put here.
    pub fn own_settings(&self) -> Option<PathBuf> {
        Some(self.file("siegel.toml")).filter(|f| f.exists())
    }

    /// Writes a file that only its owner reads, complete or not at all.
    pub fn write_private(&self, name: &str, text: &str) -> anyhow::Result<()> {
        use std::io::Write as _;
        let (path, draft) = (self.file(name), self.file(&format!("{name}.new")));
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file =
            options.open(&draft).with_context(|| format!("cannot write {}", path.display()))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &path).with_context(|| format!("cannot write {}", path.display()))
    }
}

fn create_private(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
