//! The letters a sender sent, newest first.

use siegel_crypto::b64;
use siegel_db::Tx;
use siegel_kernel::Timestamp;

use super::list::{PAGE, PAGE_MAX};
use super::reader::ReadError;
use super::submit::SenderClient;
use super::vault::Head;
use super::{Postbox, Trouble};
use crate::domain::LetterId;
use crate::store::letters::{self, LetterRow};
use crate::store::replies;
use crate::store::sent::{self, SentPage};

/// Lines looked at for one page: a rare state does not make one request read a whole book.
const LOOKED_AT: usize = 2_000;

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct SentListing {
    /// 0 for the usual number.
    pub page_size: i32,
    /// Empty for the newest letters.
    pub page_token: String,
    /// Empty for all.
    pub case_id: String,
    /// `None` for all.
    pub state: Option<&'static str>,
    pub since: Option<Timestamp>,
}

/// A letter in the list.
#[derive(Clone, Debug)]
pub struct SentLine {
    pub letter: LetterRow,
    pub request_id: String,
    pub head: Head,
    pub replies: i64,
}

impl Postbox {
    /// The letters of this sender and the token of the next page.
    #[tracing::instrument(name = "postbox.list_sent", skip_all)]
    pub async fn sent_letters(
        &self,
        who: &SenderClient,
        listing: &SentListing,
    ) -> Result<(Vec<SentLine>, String), ReadError> {
        let mut before = read_token(&listing.page_token)?;
        let size = match i64::from(listing.page_size) {
            n if n <= 0 => PAGE,
            n => n.min(PAGE_MAX),
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let case_tag = self.vault.sent_case_tag(who, &listing.case_id);
        let since = listing.since.unwrap_or(Timestamp::from_micros(i64::MIN));
        let (mut lines, mut looked) = (Vec::new(), 0);
        let mut tx = self.db.read().await?;
        while lines.len() < size && looked < LOOKED_AT {
            let page = SentPage {
                client_id: &who.client_id,
                before,
                since,
                case_tag: case_tag.clone(),
                limit: PAGE_MAX,
            };
            let rows = sent::page(&mut tx, &page).await?;
            let last_page = i64::try_from(rows.len()).is_ok_and(|n| n < PAGE_MAX);
            for row in rows {
                if lines.len() == size {
                    return Ok((lines, write_token(before)));
                }
                before = (row.accepted_at, row.letter_id);
                looked += 1;
                let letter = letters::get(&mut tx, row.mailbox_id, row.letter_id).await?;
                let letter = letter.ok_or(Trouble::Contradiction("a sent letter is gone"))?;
                let wanted = listing.state.is_none_or(|state| state == letter.state);
                if wanted && letter.tenant == who.tenant {
                    lines.push(self.line(&mut tx, letter, row.request_id).await?);
                }
            }
            if last_page {
                return Ok((lines, String::new()));
            }
        }
        Ok((lines, write_token(before)))
    }

    async fn line(
        &self,
        tx: &mut Tx,
        letter: LetterRow,
        request_id: String,
    ) -> Result<SentLine, Trouble> {
        let replies = replies::count(tx, letter.mailbox_id, letter.id).await?;
        Ok(SentLine { head: self.own_words(tx, &letter).await?, letter, request_id, replies })
    }
}

/// Where a page ends: instant and letter, opaque to clients.
fn write_token((at, letter): (Timestamp, LetterId)) -> String {
    let mut bytes = at.as_micros().to_be_bytes().to_vec();
    bytes.extend_from_slice(letter.as_uuid().as_bytes());
    b64::encode(bytes)
}

fn read_token(token: &str) -> Result<(Timestamp, LetterId), ReadError> {
    if token.is_empty() {
        let newest = Timestamp::from_micros(i64::MAX);
        return Ok((newest, LetterId::from_uuid(uuid::Uuid::max())));
    }
    let bytes = b64::decode(token).and_then(|b| <[u8; 24]>::try_from(b).ok());
    let bytes = bytes.ok_or(ReadError::BadPageToken)?;
    let (at, letter) = bytes.split_at(8);
    let at = <[u8; 8]>::try_from(at).map_err(|_| ReadError::BadPageToken)?;
    let letter = uuid::Uuid::from_slice(letter).map_err(|_| ReadError::BadPageToken)?;
    Ok((Timestamp::from_micros(i64::from_be_bytes(at)), LetterId::from_uuid(letter)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_place_and_others_are_refused() {
        let place = (Timestamp::from_micros(77), LetterId::from_uuid(uuid::Uuid::from_u128(9)));
        assert_eq!(read_token(&write_token(place)).unwrap(), place);
        for bad in ["x", "AQ", "!"] {
            assert!(matches!(read_token(bad), Err(ReadError::BadPageToken)), "{bad}");
        }
    }
}
