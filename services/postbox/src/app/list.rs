//! Looking at a mailbox without legal effect.

use siegel_crypto::{DataKey, b64};
use siegel_kernel::berlin::LegalDay;

use super::access::{self, Looked};
use super::provide::effect;
use super::reader::{ReadError, Reader, Summary, summary};
use super::{Postbox, vault};
use crate::domain::LetterId;
use crate::domain::effect_text::{EffectText, before_opening};
use crate::domain::flags::Folder;
use crate::domain::state::Delivery;
use crate::store::letters::{self, Page};

/// Letters on a page when the caller names no number, and at most.
pub(super) const PAGE: i64 = 50;
pub(super) const PAGE_MAX: i64 = 200;
/// Letters about which `organisation` is asked at once, and how often for one page.
const LOOKED_AT: i64 = 200;
const LOOKS: usize = 5;

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// 0 for the usual number.
    pub page_size: i32,
    /// Empty for the newest letters.
    pub page_token: String,
    pub unread_only: bool,
    pub important_only: bool,
    pub folder: Folder,
    /// Empty for all letters.
    pub label: String,
    /// Empty for all letters.
    pub case_id: String,
    /// Empty for all letters; otherwise those that ask for something until this day.
    pub due_until: String,
}

/// One page, newest first.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    pub letters: Vec<Summary>,
    pub next_page_token: String,
    /// Letters outside the trash, kept as counters.
    pub total: i64,
    pub unread: i64,
}

impl Postbox {
    /// The letters of the reader's mailbox.
    #[tracing::instrument(name = "postbox.list_letters", skip_all)]
    pub async fn list(&self, reader: &Reader, listing: &Listing) -> Result<Listed, ReadError> {
        let before = read_token(&listing.page_token)?;
        let size = match i64::from(listing.page_size) {
            n if n <= 0 => PAGE,
            n => n.min(PAGE_MAX),
        };
        let due_until = match listing.due_until.as_str() {
            "" => None,
            day => Some(LegalDay::parse(day).ok_or(ReadError::BadDay)?.to_string()),
        };
        let mut tx = self.db.read().await?;
        let Some((mailbox, key)) = self.mailbox_of(&mut tx, reader).await? else {
            return Ok(Listed::default());
        };
        let page = Page {
            mailbox: mailbox.id,
            before,
            limit: size + 1,
            unread_only: listing.unread_only,
            important_only: listing.important_only,
            folder: listing.folder,
            label: Some(listing.label.trim())
                .filter(|label| !label.is_empty())
                .map(|label| vault::label_tag(&key, label)),
            case: (!listing.case_id.is_empty())
                .then(|| (vault::case_tag(&key, &listing.case_id), reader.who.level())),
            due_until,
        };
        drop(tx);
        if reader.sees_some() {
            return self.list_some(reader, &key, page).await;
        }
        let mut tx = self.db.read().await?;
        let mut rows = letters::page(&mut tx, &page).await?;
        let more = i64::try_from(rows.len()).is_ok_and(|n| n > size);
        rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let last = rows.last().and_then(|row| row.sequence);
        drop(tx);
        self.note_once(reader, Looked::around(access::LISTED)).await?;
        let letters = rows.into_iter().map(|row| summary(reader, &key, row));
        Ok(Listed {
            letters: letters.collect::<Result<_, _>>()?,
            next_page_token: last.filter(|_| more).map(write_token).unwrap_or_default(),
            total: mailbox.letters - mailbox.trashed,
            unread: mailbox.unread,
        })
    }

    /// The letters about which somebody may act, and nothing of any other: no counts, and pages
    /// that may hold few letters though more follow.
    async fn list_some(
        &self,
        reader: &Reader,
        key: &DataKey,
        mut page: Page,
    ) -> Result<Listed, ReadError> {
        let wanted = usize::try_from(page.limit - 1).unwrap_or(usize::MAX);
        page.limit = LOOKED_AT;
        let mut listed = Listed::default();
        for _ in 0..LOOKS {
            let mut tx = self.db.read().await?;
            let rows = letters::page(&mut tx, &page).await?;
            drop(tx);
            let Some(last) = rows.last().and_then(|row| row.sequence) else {
                page.before = 0;
                break;
            };
            let full = i64::try_from(rows.len()).is_ok_and(|n| n == page.limit);
            page.before = if full { last } else { 0 };
            for (who, row) in self.readers_of(reader, rows).await? {
                let (id, sequence) = (row.id, row.sequence);
                self.note_once(&who, Looked::at(access::LISTED, id)).await?;
                listed.letters.push(summary(&who, key, row)?);
                if listed.letters.len() >= wanted {
                    page.before = sequence.unwrap_or_default();
                    break;
                }
            }
            if page.before == 0 || listed.letters.len() >= wanted {
                break;
            }
        }
        if page.before > 0 {
            listed.next_page_token = write_token(page.before);
        }
        Ok(listed)
    }

    /// One letter, with what opening it will mean.
    #[tracing::instrument(name = "postbox.preview", skip_all, fields(letter.id = %letter))]
    pub async fn preview(
        &self,
        reader: &Reader,
        letter: LetterId,
    ) -> Result<(Summary, EffectText), ReadError> {
        let mut tx = self.db.read().await?;
        let found = self.mailbox_of(&mut tx, reader).await?;
        let (mailbox, key) = found.ok_or(ReadError::LetterUnknown)?;
        let row = letters::get(&mut tx, mailbox.id, letter).await?;
        let row = row.filter(|l| l.sequence.is_some()).ok_or(ReadError::LetterUnknown)?;
        let end = match row.delivery()? {
            Delivery::Ended { end, .. } => Some(end),
            _ => None,
        };
        let text = before_opening(effect(&row)?.as_ref(), row.opened_at.is_some(), end);
        drop(tx);
        self.note_once(reader, Looked::at(access::PREVIEWED, letter)).await?;
        Ok((summary(reader, &key, row)?, text))
    }
}

pub(super) fn write_token(sequence: i64) -> String {
    b64::encode(sequence.to_be_bytes())
}

/// The place in the sequence before which a page begins.
pub(super) fn read_token(token: &str) -> Result<i64, ReadError> {
    if token.is_empty() {
        return Ok(i64::MAX);
    }
    let bytes = b64::decode(token).and_then(|b| <[u8; 8]>::try_from(b).ok());
    bytes.map(i64::from_be_bytes).ok_or(ReadError::BadPageToken)
}
