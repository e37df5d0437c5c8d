//! Whose mailbox a request is about.

use siegel_grpc::{Caller, caller, invalid};
use siegel_proto::organisation::v1::Action;
use siegel_proto::postbox::v1 as pb;
use tonic::{Request, Status};

use super::{convert, status};
use crate::app::Postbox;
use crate::app::reader::{Reader, Who};
use crate::ports::access::Represented;

/// A request that names a mailbox.
pub trait Addressed {
    /// Organisation, its mailbox, and a represented person; empty where they are not named.
    fn whom(&self) -> [&str; 3];
    /// The one letter it is about.
    fn letter(&self) -> Option<&str>;
}

macro_rules! addressed {
    ($($request:ident),+ $(,)?) => { addressed!(@each |_m| None; $($request),+); };
    (letter: $($request:ident),+ $(,)?) => {
        addressed!(@each |m| Some(m.letter_id.as_str()); $($request),+);
    };
    (@each |$m:ident| $letter:expr; $($request:ident),+) => {
        $(impl Addressed for pb::$request {
            fn whom(&self) -> [&str; 3] {
                [&self.organisation_id, &self.mailbox_id, &self.principal_account_id]
            }

            fn letter(&self) -> Option<&str> {
                let $m = self;
                $letter
            }
        })+
    };
}

addressed! {
    ListLettersRequest, ListCaseUpdatesRequest, GetCountsRequest, SearchRequest,
    WatchMailboxRequest, ExportMailboxRequest, GetMailboxHeadRequest, ListHandlesRequest,
    RevokeHandleRequest, ListSendersRequest, SetOptOutRequest, ListOptOutsRequest,
    CreateUploadRequest, UploadAttachmentHead, GetUploadRequest, CancelUploadRequest,
}

addressed! { letter:
    PreviewRequest, OpenRequest, ConfirmRequest, RefuseRequest, DownloadAttachmentRequest,
    DownloadAllRequest, SetFlagsRequest, ArchiveRequest, TrashRequest, RestoreRequest,
    ListReceiptsRequest, GetReceiptRequest, GetReceiptDocumentRequest, ListAccessesRequest,
    MailboxServiceExportProofRequest, ReplyRequest, GetOwnReplyRequest,
}

/// Nobody but its owner fills a safe: only the caller's own mailbox.
impl Addressed for pb::DepositAttachmentRequest {
    fn whom(&self) -> [&str; 3] {
        [""; 3]
    }

    fn letter(&self) -> Option<&str> {
        Some(&self.letter_id)
    }
}

/// Reads whom a request is about; `None` is the caller.
pub fn represented(whom: [&str; 3]) -> Result<Option<Represented>, Status> {
    let [organisation, mailbox, person] = whom;
    let bad = |field, problem| Err(invalid(&[(field, problem)]));
    if !person.is_empty() {
        if !organisation.is_empty() || !mailbox.is_empty() {
            return bad("principal_account_id", "and an organisation cannot both be there");
        }
        let account = person.parse();
        let account =
            account.map_err(|_| invalid(&[("principal_account_id", "is not an account id")]))?;
        return Ok(Some(Represented::Person(account)));
    }
    let Some(organisation) = convert::organisation(organisation)? else {
        return if mailbox.is_empty() {
            Ok(None)
        } else {
            bad("organisation_id", "must be there with `mailbox_id`")
        };
    };
    if mailbox.is_empty() {
        return Ok(Some(Represented::Organisation(organisation)));
    }
    match mailbox.parse() {
        Ok(mailbox) => Ok(Some(Represented::Mailbox(organisation, mailbox))),
        Err(_) => bad("mailbox_id", "is not a mailbox id"),
    }
}

/// The calling person or program.
pub fn who(caller: &Caller) -> Result<Who, Status> {
    match caller {
        Caller::Program(program) => Ok(Who::Program(program.clone())),
        other => other.person().cloned().map(Who::from),
    }
}

/// Who calls, for whom the request names, with the right to do this. What is done by a
/// mandate, looking aside, is among its uses then.
pub async fn reader<T: Addressed>(
    postbox: &Postbox,
    request: &Request<T>,
    action: Action,
) -> Result<Reader, Status> {
    let reader = reader_with_any_right(postbox, request).await?;
    let reader = reader.to(action).map_err(|e| status::read(&e))?;
    let letter = request.get_ref().letter();
    let id = letter.and_then(convert::id);
    if action == Action::ReadMail || letter.is_some() && id.is_none() {
        return Ok(reader);
    }
    postbox.uses(reader, action, id).await.map_err(|e| status::read(&e))
}

/// The same, whatever they may do beside reading.
pub async fn reader_with_any_right<T: Addressed>(
    postbox: &Postbox,
    request: &Request<T>,
) -> Result<Reader, Status> {
    let who = who(caller(request)?)?;
    let message = request.get_ref();
    let whom = represented(message.whom())?;
    let letter = message.letter().and_then(convert::id);
    postbox.reader(&who, whom, letter).await.map_err(|e| status::read(&e))
}

#[cfg(test)]
mod tests {
    use siegel_kernel::OrganisationMailboxId;

    use super::*;

    #[test]
    fn a_request_names_one_owner_or_none() {
        let organisation = format!("org_{}", "1".repeat(32));
        let mailbox = format!("omb_{}", "2".repeat(32));
        let person = format!("acc_{}", "3".repeat(32));
        assert_eq!(represented(["", "", ""]).unwrap(), None);
        let beside = represented([&organisation, &mailbox, ""]).unwrap();
        let id: OrganisationMailboxId = mailbox.parse().unwrap();
        assert_eq!(beside, Some(Represented::Mailbox(organisation.parse().unwrap(), id)));
        let found = represented(["", "", &person]).unwrap();
        assert_eq!(found, Some(Represented::Person(person.parse().unwrap())));
        for bad in [
            [organisation.as_str(), "", &person],
            ["", &mailbox, ""],
            [&organisation, "mbx_1", ""],
            ["", "", "somebody"],
        ] {
            assert_eq!(represented(bad).unwrap_err().code(), tonic::Code::InvalidArgument);
        }
    }
}
