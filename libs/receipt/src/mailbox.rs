//! Heads of mailboxes: a chain over all letters of a mailbox, in their order.

use siegel_crypto::{Sha256, sha256_fields};

/// Begins what is hashed: the format's name.
const FORMAT: &[u8] = b"siegel-mailbox-head/1";

/// One letter's place in its mailbox, and what was there before.
#[derive(Clone, Copy, Debug)]
pub struct MailboxLink<'a> {
    /// `mbx_…`
    pub mailbox_id: &'a str,
    /// From 1, without a gap.
    pub sequence: u64,
    /// The head before; empty for the first.
    pub previous: &'a [u8],
    /// `ltr_…`
    pub letter_id: &'a str,
    /// SHA-256 of the canonical letter.
    pub content_digest: &'a [u8],
    /// SHA-256 of the token of the receipt `provided`.
    pub provided_digest: &'a [u8],
}

impl MailboxLink<'_> {
    /// The head after this letter: SHA-256 over the format's name and the fields in their order,
    /// each behind its length in eight bytes, big-endian.
    pub fn head(&self) -> [u8; 32] {
        sha256_fields(&[
            FORMAT,
            self.mailbox_id.as_bytes(),
            &self.sequence.to_be_bytes(),
            self.previous,
            self.letter_id.as_bytes(),
            self.content_digest,
            self.provided_digest,
        ])
    }
}

/// What stands for a head in the public log: SHA-256(salt ‖ head).
pub fn head_leaf(salt: &[u8], head: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(head);
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_commits_to_every_field() {
        let link = MailboxLink {
            mailbox_id: "mbx_1",
            sequence: 2,
            previous: &[1; 32],
            letter_id: "ltr_1",
            content_digest: &[2; 32],
            provided_digest: &[3; 32],
        };
        let others = [
            MailboxLink { mailbox_id: "mbx_2", ..link },
            MailboxLink { sequence: 3, ..link },
            MailboxLink { previous: &[], ..link },
            MailboxLink { letter_id: "ltr_2", ..link },
            MailboxLink { content_digest: &[4; 32], ..link },
            MailboxLink { provided_digest: &[4; 32], ..link },
        ];
        for other in others {
            assert_ne!(other.head(), link.head(), "{other:?}");
        }
    }
}
