//! Reminders: what senders wish for, and what `notification` asks before one leaves.

use siegel_proto::convert::instant;
use siegel_proto::postbox::v1::reminder_service_server::ReminderService;
use siegel_proto::postbox::v1::{self as pb, CheckReminderRequest, CheckReminderResponse};
use tonic::{Request, Response, Status};

use super::status;
use crate::app::Postbox;
use crate::domain::letter::Violation;
use crate::domain::reminder::Reminder;

/// Reads what a sender wishes about telling the recipient; what is wrong with it goes into `bad`.
pub fn wish(wire: Option<&pb::NotificationWish>, bad: &mut Vec<Violation>) -> Option<Reminder> {
    let wire = wire?;
    let mail = i32::from(pb::NotificationChannel::Email);
    if wire.channels.iter().any(|channel| *channel != mail) {
        bad.push(Violation::new("letter.notification.channels", "is not a channel"));
    }
    let at = wire.reminder_at.as_ref().map(instant);
    match (wire.reminder_after_days, at) {
        (0, at) => at.map(Reminder::At),
        (days, None) => Some(Reminder::AfterDays(days)),
        (_, Some(_)) => {
            let field = "letter.notification.reminder_at";
            bad.push(Violation::new(field, "must not stand beside reminder_after_days"));
            None
        }
    }
}

/// `ReminderService`
#[derive(Clone)]
pub struct ReminderServer(pub Postbox);

#[tonic::async_trait]
impl ReminderService for ReminderServer {
    async fn check_reminder(
        &self,
        request: Request<CheckReminderRequest>,
    ) -> Result<Response<CheckReminderResponse>, Status> {
        let asked = self.0.still_unopened(&request.get_ref().subject_id).await;
        let still_unopened = asked.map_err(|e| status::trouble(&e))?;
        Ok(Response::new(CheckReminderResponse { still_unopened }))
    }
}
