//! Documents of proof on the wire.

use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, unfold};
use siegel_grpc::{Caller, caller};
use siegel_kernel::TrustLevel;
use siegel_proto::convert::timestamp;
use siegel_proto::organisation::v1::Action;
use siegel_proto::postbox::v1 as pb;
use siegel_receipt_pdf::Language;
use tokio::sync::mpsc;
use tonic::{Request, Status};

use super::addressed::{Addressed, reader};
use super::{convert, status};
use crate::app::Postbox;
use crate::app::access::Shown;
use crate::app::archive::Piece;
use crate::app::proof::Holder;
use crate::app::reader::{ReadError, Reader};
use crate::app::submit::SenderClient;
use crate::domain::LetterId;

/// A stream of messages.
pub type Messages<T> = BoxStream<'static, Result<T, Status>>;

/// Whoever may hold receipts: a sender, or a person for themself or an organisation.
pub enum Party {
    Sender(SenderClient),
    Recipient(Box<Reader>),
}

impl Party {
    /// Whoever takes a receipt out of a mailbox of others has the right to.
    pub async fn of<T: Addressed>(
        postbox: &Postbox,
        request: &Request<T>,
        action: Action,
    ) -> Result<Self, Status> {
        let caller = caller(request)?;
        if let Caller::Client { client_id, tenant, .. } = caller {
            return Ok(Self::Sender(SenderClient {
                client_id: client_id.clone(),
                tenant: tenant.clone(),
                name: caller.name(),
            }));
        }
        Ok(Self::Recipient(Box::new(reader(postbox, request, action).await?)))
    }

    pub const fn holder(&self) -> Holder<'_> {
        match self {
            Self::Sender(who) => Holder::Sender(who),
            Self::Recipient(reader) => Holder::Recipient(reader),
        }
    }
}

pub fn letter(text: &str) -> Result<LetterId, Status> {
    convert::id(text).ok_or_else(|| status::read(&ReadError::LetterUnknown))
}

/// One receipt in the caller's copy.
pub async fn receipt(
    postbox: &Postbox,
    party: &Party,
    message: &pb::GetReceiptRequest,
) -> Result<pb::GetReceiptResponse, Status> {
    let id = letter(&message.letter_id)?;
    let found = postbox.one_receipt(party.holder(), id, &message.receipt_id).await;
    let (_, receipt) = found.map_err(|e| status::read(&e))?;
    Ok(pb::GetReceiptResponse { receipt: Some(convert::receipt(&receipt)) })
}

/// One receipt as a document.
pub async fn document(
    postbox: &Postbox,
    party: &Party,
    message: &pb::GetReceiptDocumentRequest,
) -> Result<pb::GetReceiptDocumentResponse, Status> {
    let id = letter(&message.letter_id)?;
    let found = postbox.one_receipt(party.holder(), id, &message.receipt_id).await;
    let (known, (row, file)) = found.map_err(|e| status::read(&e))?;
    let language = Language::of_tag(&message.language);
    let made = postbox.document(&file, &known, language).await;
    Ok(pb::GetReceiptDocumentResponse {
        document: made.map_err(|e| status::read(&e))?.pdf,
        media_type: "application/pdf".into(),
        file_name: format!("receipt-{}-{}.pdf", row.kind, row.id),
    })
}

/// The proof of a letter, piece by piece.
pub async fn proof<T: Send + 'static>(
    postbox: &Postbox,
    holder: Holder<'_>,
    (letter_id, language): (&str, &str),
    wire: fn(Vec<u8>) -> T,
) -> Result<Messages<T>, Status> {
    let id = letter(letter_id)?;
    let pieces = postbox.proof(holder, id, Language::of_tag(language)).await;
    let pieces = messages(pieces.map_err(|e| status::open(&e))?);
    let bytes = pieces.filter_map(move |piece| async move {
        match piece {
            Ok(Piece::Bytes(bytes)) => Some(Ok(wire(bytes.to_vec()))),
            Ok(Piece::After(_) | Piece::End { .. }) => None,
            Err(status) => Some(Err(status)),
        }
    });
    Ok(bytes.boxed())
}

/// A whole mailbox, piece by piece, each with where to go on.
pub fn mailbox(
    pieces: mpsc::Receiver<Result<Piece, ReadError>>,
    from: String,
) -> Messages<pb::ExportMailboxResponse> {
    let told = messages(pieces).scan(from, |cursor, piece| {
        let message = piece.map(|piece| {
            let mut message = pb::ExportMailboxResponse::default();
            match piece {
                Piece::Bytes(bytes) => message.chunk = bytes.to_vec(),
                Piece::After(sequence) => *cursor = crate::app::export::cursor(sequence),
                Piece::End { more } => (message.complete, message.more) = (true, more),
            }
            message.cursor.clone_from(cursor);
            message
        });
        std::future::ready(Some(message))
    });
    told.boxed()
}

fn messages(pieces: mpsc::Receiver<Result<Piece, ReadError>>) -> Messages<Piece> {
    let next = |mut pieces: mpsc::Receiver<Result<Piece, ReadError>>| async move {
        let piece = pieces.recv().await?;
        Some((piece.map_err(|e| status::open(&e)), pieces))
    };
    unfold(pieces, next).boxed()
}

fn wire_bytes(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

pub fn access(shown: Shown) -> pb::Access {
    use pb::AccessKind as K;
    let kind = match shown.kind.as_str() {
        "listed" => K::Listed,
        "previewed" => K::Previewed,
        "opened" => K::Opened,
        "read" => K::Read,
        "confirmed" => K::Confirmed,
        "refused" => K::Refused,
        "downloaded" => K::Downloaded,
        "proof_exported" => K::ProofExported,
        "mailbox_exported" => K::MailboxExported,
        _ => K::Unspecified,
    };
    let level = TrustLevel::try_from(i64::from(shown.level)).ok();
    pb::Access {
        letter_id: shown.letter.map(|l| l.to_string()).unwrap_or_default(),
        kind: kind.into(),
        accessed_at: Some(timestamp(shown.at)),
        own: shown.own,
        person: shown.person,
        path: shown.path,
        trust_level: level
            .map(|level| siegel_proto::common::v1::TrustLevel::from(level).into())
            .unwrap_or_default(),
        client_id: shown.client_id,
        attachment_id: shown.attachment.map(|a| a.to_string()).unwrap_or_default(),
        offset_bytes: shown.part.map_or(0, |(offset, _)| wire_bytes(offset)),
        length_bytes: shown.part.map_or(0, |(_, length)| wire_bytes(length)),
        outcome: shown.outcome,
        member_id: shown.member,
        mandate_version: shown.mandate.as_ref().map_or(0, |(_, version)| *version),
        mandate_id: shown.mandate.map(|(id, _)| id).unwrap_or_default(),
    }
}
