//! News about applications: a sender tells, the recipient reads. No letter, no evidence.

use siegel_crypto::{DataKey, sha256};
use siegel_db::audit::{self, Entry};
use siegel_db::{Attempt, IdempotencyKey, begin_request, finish_request};
use siegel_kernel::Timestamp;

use super::handles::audit_subject;
use super::list::{PAGE, PAGE_MAX, read_token, write_token};
use super::reader::{ReadError, Reader};
use super::submit::{SenderClient, SubmitError};
use super::vault::{self, CaseWords};
use super::{Postbox, Trouble};
use crate::domain::case::CaseNews;
use crate::store::cases::{self, CaseRow};
use crate::store::{mailboxes, senders};

/// An update as its reader may see it.
#[derive(Clone, Debug)]
pub struct CaseShown {
    pub row: CaseRow,
    /// `None` below the update's level.
    pub words: Option<CaseWords>,
}

impl Postbox {
    /// Notes how far an application is; the time of the note.
    #[tracing::instrument(name = "postbox.update_case", skip_all)]
    pub async fn update_case(
        &self,
        who: &SenderClient,
        request_id: &str,
        news: &CaseNews,
    ) -> Result<Timestamp, SubmitError> {
        if request_id.is_empty() || request_id.chars().count() > 128 {
            return Err(SubmitError::field("request_id", "must have 1 to 128 characters"));
        }
        let violations = news.violations();
        if !violations.is_empty() {
            return Err(SubmitError::Malformed(violations));
        }
        let key = IdempotencyKey { caller: &who.name, request_id, digest: digest(news)? };
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let sender = senders::find(&mut tx, &who.client_id, &who.tenant).await?;
        let sender = sender.ok_or(SubmitError::SenderUnknown)?;
        match begin_request(&mut tx, &key, now.recorded).await? {
            Attempt::Fresh => {}
            Attempt::Repeated(answer) => {
                return Ok(serde_json::from_slice(&answer).map_err(Trouble::from)?);
            }
            Attempt::Conflict => return Err(SubmitError::RequestIdReused),
        }
        let mailbox = mailboxes::by_handle(&mut tx, news.handle, &sender.sector).await?;
        let mailbox = mailbox.ok_or(SubmitError::RecipientUnknown)?;
        let number = cases::next_number(&mut tx, mailbox.id).await?;
        let number = number.ok_or(SubmitError::RecipientUnknown)?;
        let mailbox_key = self.vault.mailbox_key(mailbox.id, &mailbox.wrapped_key)?;
        let words = CaseWords { case_id: news.case_id.clone(), note: news.note.clone() };
        let row = CaseRow {
            mailbox_id: mailbox.id,
            number,
            case_tag: vault::case_tag(&mailbox_key, &news.case_id),
            client_id: sender.client_id,
            tenant: sender.tenant,
            authority: sender.authority,
            service_id: sender.service_id,
            status: news.status.as_str().to_owned(),
            required_level: news.required_level,
            sealed: self.vault.seal_case(&mailbox_key, mailbox.id, number, &words)?,
            updated_at: now.legal,
        };
        cases::add(&mut tx, &row).await?;
        self.tell_case(&mut tx, (mailbox.id, number), now.legal).await?;
        let entry = Entry {
            kind: "postbox.case.updated",
            actor: &who.name,
            subject: &audit_subject(mailbox.owner()),
            level: None,
            outcome: "done",
            request_id,
            detail: &row.status,
            at: now.recorded,
        };
        audit::record(&mut tx, &entry).await?;
        let answer = serde_json::to_vec(&row.updated_at).map_err(Trouble::from)?;
        finish_request(&mut tx, &key, &answer).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(row.updated_at)
    }

    /// News in the reader's mailbox, newest first, with the token of the next page.
    #[tracing::instrument(name = "postbox.list_case_updates", skip_all)]
    pub async fn case_updates(
        &self,
        reader: &Reader,
        case_id: &str,
        (page_size, page_token): (i32, &str),
    ) -> Result<(Vec<CaseShown>, String), ReadError> {
        let before = read_token(page_token)?;
        let size = match i64::from(page_size) {
            n if n <= 0 => PAGE,
            n => n.min(PAGE_MAX),
        };
        let mut tx = self.db.read().await?;
        let Some((mailbox, key)) = self.mailbox_of(&mut tx, reader).await? else {
            return Ok((Vec::new(), String::new()));
        };
        let of_case =
            (!case_id.is_empty()).then(|| (vault::case_tag(&key, case_id), reader.who.level()));
        let mut rows = cases::page(&mut tx, mailbox.id, of_case, (before, size + 1)).await?;
        let more = i64::try_from(rows.len()).is_ok_and(|n| n > size);
        rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let last = rows.last().map(|row| row.number).filter(|_| more);
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            shown.push(self::shown(reader, &key, row)?);
        }
        Ok((shown, last.map(write_token).unwrap_or_default()))
    }
}

/// An update as this reader may see it.
pub(super) fn shown(reader: &Reader, key: &DataKey, row: CaseRow) -> Result<CaseShown, Trouble> {
    let words = if reader.who.level() >= row.required_level {
        Some(vault::open_case(key, row.mailbox_id, row.number, &row.sealed)?)
    } else {
        None
    };
    Ok(CaseShown { row, words })
}

fn digest(news: &CaseNews) -> Result<[u8; 32], Trouble> {
    let request = serde_json::json!({
        "handle": news.handle,
        "case_id": news.case_id,
        "status": news.status.as_str(),
        "note": news.note,
        "required_level": news.required_level.number(),
    });
    Ok(sha256(&serde_json_canonicalizer::to_vec(&request)?))
}
