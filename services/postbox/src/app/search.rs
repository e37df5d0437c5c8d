//! Searching a mailbox by a blind index: the store holds keyed hashes of words, never words.

use std::collections::BTreeSet;

use siegel_crypto::{DataKey, hkdf_sha256, hmac_sha256};
use siegel_db::Tx;
use siegel_kernel::TrustLevel;

use super::list::{PAGE, PAGE_MAX, read_token, write_token};
use super::reader::{ReadError, Reader, Summary, head, letter_key, summary};
use super::{Postbox, Trouble, vault};
use crate::domain::flags::Folder;
use crate::domain::words as text;
use crate::store::letters::{self, LetterRow};
use crate::store::words::{self, Of, Wanted};

/// Bytes of a tag: so many that no two words of a mailbox share one.
const TAG: usize = 16;
/// Beyond this, letters found are not counted.
const COUNTED: i64 = 1000;

/// What to search for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// All of these words, as the index folds them.
    pub words: BTreeSet<String>,
    /// 0 for the usual number.
    pub page_size: i32,
    pub page_token: String,
    pub unread_only: bool,
    pub important_only: bool,
    /// `None`: everywhere but in the trash.
    pub folder: Option<Folder>,
}

/// One page, newest first.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub letters: Vec<Summary>,
    pub next_page_token: String,
    /// On all pages together, told with the first one; `None` when there are more than a thousand.
    pub total: Option<i64>,
}

impl Postbox {
    /// The letters of the reader's mailbox that hold all words of a search. Finds a letter only by
    /// what its list entry shows this reader, or what they could open.
    #[tracing::instrument(name = "postbox.search", skip_all)]
    pub async fn search(&self, reader: &Reader, search: &Search) -> Result<Found, ReadError> {
        let before = read_token(&search.page_token)?;
        let size = match i64::from(search.page_size) {
            n if n <= 0 => PAGE,
            n => n.min(PAGE_MAX),
        };
        let mut tx = self.db.read().await?;
        let Some((mailbox, key)) = self.mailbox_of(&mut tx, reader).await? else {
            return Ok(Found { total: Some(0), ..Found::default() });
        };
        let index = WordKey::of(&key);
        let wanted = Wanted {
            mailbox: mailbox.id,
            tags: search.words.iter().map(|word| index.tag(word)).collect(),
            level: reader.who.level(),
            folder: search.folder,
            unread_only: search.unread_only,
            important_only: search.important_only,
            at: reader.at,
        };
        let mut rows = words::page(&mut tx, &wanted, before, size + 1).await?;
        let total = if search.page_token.is_empty() {
            let found = words::found(&mut tx, &wanted, COUNTED + 1).await?;
            Some(found).filter(|n| *n <= COUNTED)
        } else {
            None
        };
        let more = i64::try_from(rows.len()).is_ok_and(|n| n > size);
        rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let last = rows.last().and_then(|row| row.sequence).filter(|_| more);
        let letters = rows.into_iter().map(|row| summary(reader, &key, row));
        Ok(Found {
            letters: letters.collect::<Result<_, _>>()?,
            next_page_token: last.map(write_token).unwrap_or_default(),
            total,
        })
    }

    /// Lets a letter that is now provided be found by what lists show of it.
    pub(super) async fn index_head(
        &self,
        tx: &mut Tx,
        letter: &LetterRow,
        mailbox_key: &DataKey,
    ) -> Result<(), Trouble> {
        let Some(sequence) = letter.sequence.filter(|_| !letter.hide_preview) else {
            return Ok(());
        };
        let head = head(mailbox_key, letter)?;
        let texts = [head.subject.as_str(), &head.case_id, &letter.authority];
        let tags = WordKey::of(mailbox_key).tags(texts);
        let place = (letter.mailbox_id, sequence);
        Ok(words::add(tx, place, (TrustLevel::Basic, Of::Head), &tags).await?)
    }

    /// Lets a letter that is now opened be found by all its texts, at its level, for as long as
    /// they can be read.
    pub(super) async fn index_content(
        &self,
        tx: &mut Tx,
        letter: &LetterRow,
        mailbox_key: &DataKey,
    ) -> Result<(), Trouble> {
        let Some(sequence) = letter.sequence else { return Ok(()) };
        let sealed = letters::sealed_content(tx, letter.mailbox_id, letter.id).await?;
        let key = letter_key(mailbox_key, letter)?;
        let (content, _) = vault::open_content(&key, letter.mailbox_id, letter.id, &sealed)?;
        let head = [content.subject.as_str(), &content.case_id, &content.sender.authority];
        let bodies = content.bodies.iter().flat_map(|b| [b.plain_text.as_str(), &b.easy_text]);
        let names = content.attachments.iter().map(|a| a.name.as_str());
        let texts = [content.sender_reference.as_str()].into_iter().chain(names).chain(bodies);
        let (index, place) = (WordKey::of(mailbox_key), (letter.mailbox_id, sequence));
        let level = letter.required_level;
        words::add(tx, place, (level, Of::Head), &index.tags(head)).await?;
        Ok(words::add(tx, place, (level, Of::Content), &index.tags(texts)).await?)
    }
}

/// Makes the tags of one mailbox. Gone with the mailbox's key.
struct WordKey([u8; 32]);

impl WordKey {
    fn of(mailbox_key: &DataKey) -> Self {
        Self(hkdf_sha256(mailbox_key.as_bytes(), b"", b"siegel postbox word index"))
    }

    fn tag(&self, word: &str) -> Vec<u8> {
        let tag = hmac_sha256(&self.0, word.as_bytes());
        tag.into_iter().take(TAG).collect()
    }

    /// In the order of the tags, not of the words: rows say nothing about what stood beside what.
    fn tags<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Vec<Vec<u8>> {
        let mut tags: Vec<_> = text::words(texts).iter().map(|word| self.tag(word)).collect();
        tags.sort_unstable();
        tags
    }
}
