//! Importing the accounts of a closed system: lines of a file become rows that wait for their
//! persons. A batch of lines is one transaction, and how far the file was read is part of it: whoever
//! is killed goes on there.

use siegel_db::audit::{self, Entry};
use siegel_db::{StoreError, Tx};
use siegel_kernel::{EntropyUnavailable, Timestamp};

use super::vault::SystemKey;
use super::{App, Failure, kinds};
use crate::domain::import::{BadLine, Line, parse};
use crate::store::imported::{self, ImportedId, NewImported};
use crate::store::imports::{self, Counts, Problem, Run, RunId, System};

/// Longest id of a system, and longest name, in characters.
const ID: usize = 64;
const NAME: usize = 100;

/// What is imported, by whom.
#[derive(Clone, Debug)]
pub struct Importing {
    /// The tenant that takes the accounts over; no other may import into the same system.
    pub tenant: String,
    /// Id of the closed system: lower-case letters, digits, `-`.
    pub system: String,
    /// How people know it; the source of every value that is taken over.
    pub name: String,
    /// Actor of the audit trail.
    pub operator: String,
    /// SHA-256 of the file: the same file again goes on where it stopped.
    pub file: [u8; 32],
    /// Until when the accounts may be claimed; a line may say earlier.
    pub valid_until: Timestamp,
}

/// Why an import does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("the id of a system is 1 to {ID} of a-z, 0-9 and -")]
    BadSystem,
    #[error("the name of a system has not 1 to {NAME} characters on one line")]
    BadName,
    #[error("the accounts would run out before they are there")]
    Over,
    #[error("another tenant imports from this system")]
    OtherTenant,
    #[error("another process is importing this file")]
    Elsewhere,
    #[error("the file changed while it was read")]
    FileChanged,
    #[error("the file cannot be read")]
    File(#[source] std::io::Error),
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// An import that is under way.
pub struct Import {
    pub run: Run,
    key: SystemKey,
}

/// A line with its number, from 1.
pub type Numbered = (i64, Vec<u8>);

impl Importing {
    fn check(&self, now: Timestamp) -> Result<(), ImportError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let id = &self.system;
        if id.is_empty() || id.len() > ID || !id.chars().all(plain) {
            return Err(ImportError::BadSystem);
        }
        let name = &self.name;
        let fits = name.chars().count() <= NAME && !name.chars().any(char::is_control);
        if name.trim().is_empty() || !fits {
            return Err(ImportError::BadName);
        }
        if self.valid_until <= now {
            return Err(ImportError::Over);
        }
        Ok(())
    }
}

impl App {
    /// Begins the import of a file, or takes it up where it stopped.
    pub async fn begin_import(&self, what: &Importing) -> Result<Import, ImportError> {
        let now = self.clock.now();
        what.check(now)?;
        let mut tx = self.db.begin().await?;
        let key = self.system_to_import(&mut tx, what).await?;
        let digest = self.vault.digest("import file", &what.file);
        let id = RunId::new(self.clock.as_ref(), self.entropy.as_ref()).map_err(entropy)?;
        let run = Run {
            id,
            system: what.system.clone(),
            file_digest: digest.to_vec(),
            operator: what.operator.clone(),
            valid_until: what.valid_until,
            begun_at: now,
            finished_at: None,
            lines_read: 0,
            staged: 0,
            known: 0,
            bad: 0,
        };
        if imports::add_run(&mut tx, &run).await? {
            record(&mut tx, kinds::IMPORT_BEGUN, &run, now).await?;
        }
        let run = imports::run_of_file(&mut tx, &what.system, &digest).await?;
        let run = run.ok_or_else(|| StoreError::corrupt("import_runs"))?;
        tx.commit().await?;
        self.committed();
        Ok(Import { run, key })
    }

    /// The key of the system, which is added when it is new and locked when it is not.
    async fn system_to_import(
        &self,
        tx: &mut Tx,
        what: &Importing,
    ) -> Result<SystemKey, ImportError> {
        let (fresh, wrapped) = self.vault.new_system_key(&what.system).map_err(Failure::from)?;
        let new = System {
            id: what.system.clone(),
            tenant: what.tenant.clone(),
            name: what.name.clone(),
            data_key: Some(wrapped),
        };
        if imports::add_system(tx, &new).await? {
            return Ok(fresh);
        }
        let held = imports::lock_system(tx, &what.system).await?;
        let held = held.ok_or_else(|| StoreError::corrupt("import_systems"))?;
        if held.tenant != what.tenant {
            return Err(ImportError::OtherTenant);
        }
        let Some(wrapped) = held.data_key else {
            imports::renew_system(tx, &new).await?;
            return Ok(fresh);
        };
        let key = self.vault.system_key(&what.system, &wrapped).map_err(Failure::from)?;
        imports::renew_system(tx, &System { data_key: Some(wrapped), ..new }).await?;
        Ok(key)
    }

    /// Reads the next lines; `to` is the number of the last one, empty ones included.
    pub async fn import_lines(
        &self,
        import: &mut Import,
        lines: &[Numbered],
        to: i64,
    ) -> Result<(), ImportError> {
        let now = self.clock.now();
        let run = &import.run;
        let (from, mut new, mut problems) = (run.lines_read, Vec::new(), Vec::new());
        for (number, line) in lines {
            match parse(line, now) {
                Ok(line) => new.push(self.sealed_line(import, *number, &line)?),
                Err(bad) => problems.push((*number, bad)),
            }
        }
        let mut tx = self.db.begin().await?;
        if !imports::advance(&mut tx, run.id, from, to).await? {
            return Err(ImportError::Elsewhere);
        }
        imported::add_all(&mut tx, &run.system, run.id, &new, now).await?;
        let added = imported::added(&mut tx, run.id, from, to).await?;
        let mut counts = Counts { staged: count(added.len()), ..Counts::default() };
        for one in new.iter().filter(|one| !added.contains(&one.line)) {
            match self.compare(&mut tx, run, one).await? {
                Some(bad) => problems.push((one.line, bad)),
                None => counts.known += 1,
            }
        }
        counts.bad = count(problems.len());
        imports::add_problems(&mut tx, run.id, &problems).await?;
        imports::count(&mut tx, run.id, counts).await?;
        tx.commit().await?;
        let run = &mut import.run;
        run.lines_read = to;
        run.staged += counts.staged;
        run.known += counts.known;
        run.bad += counts.bad;
        Ok(())
    }

    fn sealed_line(
        &self,
        import: &Import,
        number: i64,
        line: &Line,
    ) -> Result<NewImported, Failure> {
        let id = ImportedId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let plain = serde_json::to_vec(&line.staged).map_err(|_| Failure::StoredAnswer)?;
        let until = line.valid_until.unwrap_or(import.run.valid_until).min(import.run.valid_until);
        Ok(NewImported {
            id,
            line: number,
            old_id_index: self.vault.old_id_index(&import.run.system, &line.staged.old_id),
            email_index: self.vault.email_index(&line.staged.email),
            content_digest: self.vault.digest("imported account", &plain),
            level: line.staged.level,
            payload: import.key.seal(id, &plain)?,
            valid_until: until,
        })
    }

    /// A line about an account that was there: nothing, or why it is left out.
    async fn compare(
        &self,
        tx: &mut Tx,
        run: &Run,
        new: &NewImported,
    ) -> Result<Option<BadLine>, StoreError> {
        let earlier = imported::earlier(tx, &run.system, &new.old_id_index).await?;
        let earlier = earlier.ok_or_else(|| StoreError::corrupt("imported_accounts"))?;
        let same = earlier.content_digest.as_deref().is_none_or(|d| d == new.content_digest);
        let reason = if earlier.run_id == run.id { "ID_TWICE" } else { "IMPORTED_OTHERWISE" };
        Ok((!same).then(|| BadLine::new(reason, "id")))
    }

    /// Notes that the whole file was read; again, nothing happens.
    pub async fn finish_import(&self, import: &mut Import) -> Result<(), ImportError> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if imports::finish(&mut tx, import.run.id, now).await? {
            record(&mut tx, kinds::IMPORT_FINISHED, &import.run, now).await?;
        }
        tx.commit().await?;
        self.committed();
        import.run.finished_at.get_or_insert(now);
        Ok(())
    }

    /// Up to `limit` lines after `after` that were left out.
    pub async fn import_problems(
        &self,
        run: RunId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Problem>, ImportError> {
        let mut tx = self.db.read().await?;
        Ok(imports::problems(&mut tx, run, after, limit).await?)
    }
}

fn entropy(error: EntropyUnavailable) -> ImportError {
    ImportError::Failed(error.into())
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A line of the audit trail about a whole file.
async fn record(tx: &mut Tx, kind: &str, run: &Run, at: Timestamp) -> Result<(), StoreError> {
    let Run { lines_read, staged, known, bad, .. } = run;
    let entry = Entry {
        kind,
        actor: &run.operator,
        subject: &format!("import:{}", run.system),
        level: None,
        outcome: "done",
        request_id: &run.id.to_string(),
        detail: &format!("lines={lines_read} staged={staged} known={known} bad={bad}"),
        at,
    };
    audit::record(tx, &entry).await
}
