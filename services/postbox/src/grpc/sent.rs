//! What a sender may know before writing, and the list of what it wrote.

use siegel_grpc::invalid;
use siegel_proto::convert::{instant, level, timestamp};
use siegel_proto::postbox::v1 as pb;
use tonic::Status;

use super::{convert, status};
use crate::app::Postbox;
use crate::app::check::{Checked, OptOut};
use crate::app::sent::{SentLine, SentListing};
use crate::app::submit::SenderClient;
use crate::domain::state::End;

pub async fn check(
    postbox: &Postbox,
    who: &SenderClient,
    message: pb::CheckRecipientsRequest,
) -> Result<pb::CheckRecipientsResponse, Status> {
    let handles: Vec<_> = message.handles.iter().map(|handle| convert::id(handle)).collect();
    let level = match message.required_level {
        0 => None,
        number => Some(level(number).ok_or_else(|| invalid(&[("required_level", "is no level")]))?),
    };
    let checked = postbox.check_recipients(who, &handles, level).await;
    let checked = checked.map_err(|e| status::submit(&e))?;
    let recipients = message.handles.into_iter().zip(checked).map(recipient).collect();
    Ok(pb::CheckRecipientsResponse { recipients })
}

fn recipient((handle, checked): (String, Checked)) -> pb::RecipientCheck {
    let Some(checked) = checked else {
        return pb::RecipientCheck {
            handle,
            reason: "RECIPIENT_UNKNOWN".to_owned(),
            ..pb::RecipientCheck::default()
        };
    };
    let opt_out = match checked.opt_out {
        OptOut::Nothing => pb::RecipientOptOut::Unspecified,
        OptOut::All => pb::RecipientOptOut::All,
        OptOut::Sender => pb::RecipientOptOut::Sender,
    };
    let level = match checked.reached {
        None => pb::RecipientLevel::Unspecified,
        Some(true) => pb::RecipientLevel::Reached,
        Some(false) => pb::RecipientLevel::NotReached,
    };
    pb::RecipientCheck {
        handle,
        reachable: true,
        reason: String::new(),
        opt_out: opt_out.into(),
        level: level.into(),
    }
}

pub async fn list(
    postbox: &Postbox,
    who: &SenderClient,
    message: pb::ListSentLettersRequest,
) -> Result<pb::ListSentLettersResponse, Status> {
    let state = pb::DeliveryState::try_from(message.state)
        .map_err(|_| invalid(&[("state", "is no delivery state")]))?;
    let listing = SentListing {
        page_size: message.page_size,
        page_token: message.page_token,
        case_id: message.case_id,
        state: stored(state),
        since: message.since.as_ref().map(instant),
    };
    let found = postbox.sent_letters(who, &listing).await;
    let (lines, next_page_token) = found.map_err(|e| status::read(&e))?;
    let letters = lines.into_iter().map(summary).collect();
    Ok(pb::ListSentLettersResponse { letters, next_page_token })
}

/// The stored name of a state; `None` for any.
fn stored(state: pb::DeliveryState) -> Option<&'static str> {
    use pb::DeliveryState as P;
    Some(match state {
        P::Unspecified => return None,
        P::Accepted => "accepted",
        P::Scheduled => "scheduled",
        P::Provided => "provided",
        P::Opened => "opened",
        P::DeemedAnnounced => "deemed_announced",
        P::DeemedServed => "deemed_served",
        P::ProvisionEnded => "provision_ended",
        P::ExpiredUnread => "expired_unread",
        P::Confirmed => "confirmed",
        P::Refused => "refused",
        P::Recalled => "recalled",
        P::Undeliverable => "undeliverable",
        P::Rejected => "rejected",
    })
}

fn summary(line: SentLine) -> pb::SentLetterSummary {
    let row = line.letter;
    let rejected = row.state == End::Rejected.as_str();
    pb::SentLetterSummary {
        letter_id: row.id.to_string(),
        request_id: line.request_id,
        sender_reference: line.head.sender_reference,
        case_id: line.head.case_id,
        delivery_type: convert::wire_delivery_type(&row).into(),
        state: convert::state(&row.state).into(),
        accepted_at: Some(timestamp(row.accepted_at)).filter(|_| !rejected),
        provided_at: row.provided_at.map(timestamp),
        announced_on: row.announced_on.unwrap_or_default(),
        required_level: siegel_proto::common::v1::TrustLevel::from(row.required_level).into(),
        replies: line.replies,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_found_under_the_name_it_is_stored_by() {
        for number in 1.. {
            let Ok(state) = pb::DeliveryState::try_from(number) else { break };
            assert_eq!(convert::state(stored(state).unwrap()), state);
        }
    }
}
