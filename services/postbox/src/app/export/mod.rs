//! Taking a whole mailbox out: opened letters with all that belongs to them, all others as entries
//! without content. Opens nothing and has no legal effect; what is downloaded counts as downloaded.

mod page;

use serde_json::{Value, json};
use siegel_db::audit::{self, Entry};
use siegel_proto::organisation::v1::Action;
use siegel_receipt_pdf::Language;
use tokio::sync::mpsc;

use super::access::{Looked, MAILBOX_EXPORTED};
use super::acting::Recheck;
use super::archive::{Archive, Broken, Piece, run};
use super::download::Range;
use super::list::{read_token, write_token};
use super::proof::Holder;
use super::reader::{ReadError, Reader, Summary, letter_key, summary};
use super::{Postbox, Trouble, vault};
use crate::domain::LetterId;
use crate::domain::canon::Content;
use crate::store::{attachments, export, letters};

/// `format` of the index.
const FORMAT: &str = "siegel-mailbox/1";
/// Kind of the audit line.
const EXPORTED: &str = "postbox.mailbox.exported";
/// Status of a letter whose content is in the archive.
const INCLUDED: &str = "included";
/// Letters looked up at a time.
const BATCH: i64 = 50;

/// What to take out.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Letters after this place.
    pub after: i64,
    /// At most so many.
    pub limit: i64,
}

impl Wish {
    /// An empty cursor is the beginning, a limit of 0 none.
    pub fn new(cursor: &str, limit: i32) -> Result<Self, ReadError> {
        let after = if cursor.is_empty() { 0 } else { read_token(cursor)? };
        let limit = if limit <= 0 { i64::MAX } else { i64::from(limit) };
        Ok(Self { after, limit })
    }
}

/// Where an export ended, for its next one.
pub fn cursor(sequence: i64) -> String {
    write_token(sequence)
}

/// A letter as the archive has it.
struct Taken {
    summary: Summary,
    /// Only of opened letters at the reader's level that are not gone.
    content: Option<(Content, String)>,
    /// Whether the content is there, or why not.
    status: &'static str,
}

/// What the archive's index says of a letter.
struct Told {
    value: Value,
    page: page::Row,
}

impl Postbox {
    /// Notes that the mailbox is taken out, and begins to write.
    #[tracing::instrument(name = "postbox.export_mailbox", skip_all)]
    pub async fn export(
        &self,
        reader: &Reader,
        wish: Wish,
    ) -> Result<mpsc::Receiver<Result<Piece, ReadError>>, ReadError> {
        let now = self.now();
        let mut tx = self.db.begin().await?;
        let entry = Entry {
            kind: EXPORTED,
            actor: &reader.name(),
            subject: &reader.subject(),
            level: Some(reader.who.level()),
            outcome: "done",
            request_id: "",
            detail: "",
            at: now.recorded,
        };
        audit::record(&mut tx, &entry).await?;
        self.note_access(&mut tx, reader, Looked::around(MAILBOX_EXPORTED), now).await?;
        tx.commit().await?;
        self.feed.committed();
        let (out, pieces) = mpsc::channel(4);
        let (postbox, reader) = (self.clone(), reader.clone());
        run(out, move |archive| async move {
            Box::pin(postbox.write_mailbox(&reader, wish, archive)).await
        });
        Ok(pieces)
    }

    async fn write_mailbox(
        &self,
        reader: &Reader,
        wish: Wish,
        mut archive: Archive,
    ) -> Result<(), Broken> {
        let mut told = Vec::new();
        let mut still = Recheck::new(self, Action::DownloadMail);
        let (mut at, mut left, mut more) = (wish.after, wish.limit, false);
        loop {
            let batch = self.next_letters(reader, at, left.min(BATCH)).await?;
            let Some((last, _)) = batch.last().copied() else { break };
            for (sequence, letter) in &batch {
                still.check(self, reader).await?;
                told.push(self.letter(reader, *letter, &mut archive).await?);
                archive.say(Piece::After(*sequence)).await?;
            }
            at = last;
            left -= i64::try_from(batch.len()).unwrap_or(i64::MAX);
            if left <= 0 {
                more = !self.next_letters(reader, at, 1).await?.is_empty();
                break;
            }
        }
        if wish.after == 0 {
            self.cases(reader, &mut archive).await?;
        }
        let (values, rows): (Vec<_>, Vec<_>) =
            told.into_iter().map(|told| (told.value, told.page)).unzip();
        archive.file("index.html", page::html(&rows).as_bytes()).await?;
        let index = json!({
            "format": FORMAT,
            "issuer": self.notary.origin,
            "made_at": self.now().recorded.to_rfc3339(),
            "level": reader.who.level().number(),
            "after": wish.after,
            "complete": !more,
            "letters": values,
            "files": archive.entries(),
        });
        archive.file("index.json", &pretty(&index)?).await?;
        archive.finish(more).await
    }

    async fn next_letters(
        &self,
        reader: &Reader,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(i64, LetterId)>, Trouble> {
        let mut tx = self.db.read().await?;
        let Some((mailbox, _)) = self.mailbox_of(&mut tx, reader).await? else {
            return Ok(Vec::new());
        };
        Ok(export::after(&mut tx, mailbox.id, after, limit).await?)
    }

    async fn letter(
        &self,
        reader: &Reader,
        letter: LetterId,
        archive: &mut Archive,
    ) -> Result<Told, Broken> {
        let taken = self.take(reader, letter).await?;
        let row = &taken.summary.letter;
        let folder = format!("letters/{:06}-{letter}/", row.sequence.unwrap_or_default());
        let mut files = Vec::new();
        if let Some((content, canonical)) = &taken.content {
            archive.file(&format!("{folder}letter.json"), canonical.as_bytes()).await?;
            archive.file(&format!("{folder}letter.txt"), page::text(content).as_bytes()).await?;
            files = self.attachments(reader, letter, &folder, archive).await?;
        }
        // Receipts of a hidden letter name its sender: they need its level, as the letter does.
        let proof = !row.hide_preview || reader.check_reach(row).is_ok();
        if proof {
            let holder = Holder::Recipient(reader);
            let held = self.held(holder, letter).await?;
            let package = self.package(holder, held, Language::German).await?;
            package.write_into(archive, &format!("{folder}proof/")).await?;
        }
        Ok(told(&taken, &folder, &files, proof))
    }

    /// Reads a letter without touching it.
    async fn take(&self, reader: &Reader, letter: LetterId) -> Result<Taken, ReadError> {
        let mut tx = self.db.read().await?;
        let found = self.mailbox_of(&mut tx, reader).await?;
        let (mailbox, key) = found.ok_or(ReadError::LetterUnknown)?;
        let row = letters::get(&mut tx, mailbox.id, letter).await?;
        let row = row.filter(|l| l.sequence.is_some()).ok_or(ReadError::LetterUnknown)?;
        let level = reader.check_reach(&row);
        let withdrawn = row.is_purged() || reader.check_time(&row).is_err();
        let status = match (level, row.delivery()?.open(), row.opened_at) {
            (Err(_), ..) => "level_too_low",
            (Ok(()), ..) if withdrawn => "not_available",
            (Ok(()), Err(_), None) => "never_opened",
            (Ok(()), Err(_), Some(_)) => "not_available",
            (Ok(()), Ok(_), None) => "unopened",
            (Ok(()), Ok(_), Some(_)) => INCLUDED,
        };
        let content = if status == INCLUDED {
            let sealed = letters::sealed_content(&mut tx, mailbox.id, letter).await?;
            let own = letter_key(&key, &row)?;
            Some(vault::open_content(&own, mailbox.id, letter, &sealed)?)
        } else {
            None
        };
        Ok(Taken { summary: summary(reader, &key, row)?, content, status })
    }

    /// Hands the attachments out as any download does, piece by piece.
    async fn attachments(
        &self,
        reader: &Reader,
        letter: LetterId,
        folder: &str,
        archive: &mut Archive,
    ) -> Result<Vec<String>, Broken> {
        let mut tx = self.db.read().await?;
        let found = self.mailbox_of(&mut tx, reader).await?;
        let (mailbox, _) = found.ok_or(ReadError::LetterUnknown)?;
        let rows = attachments::of_letter(&mut tx, mailbox.id, letter).await?;
        drop(tx);
        let mut written = Vec::new();
        for (number, row) in (1..).zip(&rows) {
            let number: u32 = number;
            let mut download = match self.download(reader, letter, row.id, Range::ALL).await {
                Ok(download) => download,
                // One file that is not handed out keeps nobody from the rest.
                Err(ReadError::AttachmentBlocked) => continue,
                Err(error) => return Err(error.into()),
            };
            // Names are checked at submission: none can leave its folder.
            let path = format!("{folder}attachments/{number:02}-{}", download.part.name);
            let mut file = archive.begin(&path, download.part.size_bytes)?;
            while let Some(bytes) = self.next_bytes(&mut download).await? {
                file.push(&bytes).await?;
            }
            file.end();
            written.push(path);
        }
        Ok(written)
    }

    /// News about applications, newest first, as far as the reader's level lets them be read.
    async fn cases(&self, reader: &Reader, archive: &mut Archive) -> Result<(), Broken> {
        let mut updates = Vec::new();
        let mut token = String::new();
        loop {
            let (page, next) = self.case_updates(reader, "", (200, &token)).await?;
            updates.extend(page.into_iter().map(|shown| {
                let words = shown.words.as_ref();
                json!({
                    "case_id": words.map(|w| &w.case_id),
                    "note": words.map(|w| &w.note),
                    "authority": words.map(|_| &shown.row.authority),
                    "status": shown.row.status,
                    "updated_at": shown.row.updated_at.to_rfc3339(),
                    "required_level": shown.row.required_level.number(),
                })
            }));
            if next.is_empty() {
                break;
            }
            token = next;
        }
        archive.file("cases.json", &pretty(&json!({ "updates": updates }))?).await
    }
}

fn told(taken: &Taken, folder: &str, files: &[String], proof: bool) -> Told {
    let (summary, row) = (&taken.summary, &taken.summary.letter);
    let value = json!({
        "letter_id": row.id,
        "sequence": row.sequence,
        "folder": folder,
        "content": taken.status,
        "authority": summary.authority,
        "subject": summary.subject,
        "case_id": summary.case_id,
        "labels": summary.labels,
        "lies_in": row.folder,
        "state": row.state,
        "provided_at": row.provided_at.map(siegel_kernel::Timestamp::to_rfc3339),
        "opened_at": row.opened_at.map(siegel_kernel::Timestamp::to_rfc3339),
        "announced_on": row.announced_on,
        "required_level": row.required_level.number(),
        "attachments": files,
        "proof": proof,
    });
    let page = page::Row {
        folder: folder.to_owned(),
        authority: summary.authority.clone(),
        subject: summary.subject.clone(),
        provided_at: row.provided_at.map(siegel_kernel::Timestamp::to_rfc3339).unwrap_or_default(),
        content: taken.status,
        files: files.to_vec(),
        proof,
    };
    Told { value, page }
}

fn pretty(value: &Value) -> Result<Vec<u8>, Trouble> {
    Ok(serde_json::to_vec_pretty(value)?)
}
