//! From the wire.

use siegel_grpc::{caller, invalid};
use siegel_oidc::catalogue;
use siegel_proto::convert;
use siegel_proto::notification::v1 as pb;
use tonic::{Request, Status};

use crate::app::{App, NewContact, Order};
use crate::domain::{Bell, CodeKind, Mail, Recipient, is_code, is_path};

/// Who orders what under which id.
pub fn order<M: prost::Message>(
    app: &App,
    kind: &'static str,
    request: &Request<M>,
    request_id: &str,
) -> Result<Order, Status> {
    if request_id.is_empty() || request_id.len() > 128 {
        return Err(invalid(&[("request_id", "has not 1 to 128 characters")]));
    }
    Ok(Order {
        kind,
        caller: caller(request)?.name(),
        request_id: request_id.to_owned(),
        digest: app.vault.digest(kind, &request.get_ref().encode_to_vec()),
    })
}

pub fn code_mail(wire: pb::SendCodeRequest) -> Result<Mail, Status> {
    let purpose = wire.purpose();
    let (email, locale) = (email(wire.email)?, locale(wire.locale)?);
    let kind = match purpose {
        pb::CodePurpose::Registration => CodeKind::Registration,
        pb::CodePurpose::PasswordReset => CodeKind::PasswordReset,
        pb::CodePurpose::EmailChangeNew => CodeKind::EmailChangeNew,
        pb::CodePurpose::EmailChangeOld => CodeKind::EmailChangeOld,
        pb::CodePurpose::DeviceRelease => CodeKind::DeviceRelease,
        pb::CodePurpose::Invitation => CodeKind::Invitation,
        pb::CodePurpose::AlreadyRegistered if wire.code.is_empty() => {
            return Ok(Mail::AlreadyRegistered { email, locale });
        }
        pb::CodePurpose::AlreadyRegistered => {
            return Err(invalid(&[("code", "has no place in this mail")]));
        }
        pb::CodePurpose::Unspecified => return Err(invalid(&[("purpose", "is no purpose")])),
    };
    if !is_code(&wire.code) {
        return Err(invalid(&[("code", "has not 4 to 32 letters and digits")]));
    }
    Ok(Mail::Code { email, locale, kind, code: wire.code })
}

pub fn contact(wire: pb::SetContactRequest) -> Result<NewContact, Status> {
    let recipient = recipient(&wire.recipient)?;
    if wire.email.is_empty() {
        // A removed address needs no language.
        return Ok(NewContact { recipient, email: None, locale: "de".to_owned() });
    }
    let (email, locale) = (Some(email(wire.email)?), locale(wire.locale)?);
    Ok(NewContact { recipient, email, locale })
}

pub fn notice(wire: pb::NotifyRequest) -> Result<(Recipient, Mail), Status> {
    let recipient = recipient(&wire.recipient)?;
    let bell = match wire.template() {
        pb::Template::LetterProvided => Bell::LetterProvided,
        pb::Template::LetterReminder => Bell::LetterReminder,
        pb::Template::CredentialAdded => Bell::CredentialAdded,
        pb::Template::CredentialRemoved => Bell::CredentialRemoved,
        pb::Template::PasswordChanged => Bell::PasswordChanged,
        pb::Template::RecoveryCodesCreated => Bell::RecoveryCodesCreated,
        pb::Template::RecoveryCodeUsed => Bell::RecoveryCodeUsed,
        pb::Template::LetterDeemedServed => Bell::LetterDeemedServed,
        pb::Template::AccountLinked => Bell::AccountLinked,
        pb::Template::AccountUnlinked => Bell::AccountUnlinked,
        pb::Template::AccountInactive => Bell::AccountInactive,
        pb::Template::DeletionAsked => Bell::DeletionAsked,
        pb::Template::DeletionCancelled => Bell::DeletionCancelled,
        pb::Template::DataTakenOver => Bell::DataTakenOver,
        pb::Template::AccountsMerged => Bell::AccountsMerged,
        pb::Template::Unspecified => return Err(invalid(&[("template", "is no template")])),
    };
    let level = convert::level(wire.required_level);
    let level = level.ok_or_else(|| invalid(&[("required_level", "is no level")]))?;
    if !is_path(&wire.path) {
        return Err(invalid(&[("path", "is no path of our own")]));
    }
    if !wire.reminder_of.is_empty()
        && (bell != Bell::LetterReminder || wire.reminder_of.len() > 128)
    {
        return Err(invalid(&[("reminder_of", "is for reminders, at most 128 bytes")]));
    }
    let mail = Mail::Notice {
        recipient: recipient.to_string(),
        bell,
        level,
        path: wire.path,
        reminder_of: wire.reminder_of,
        days: wire.days,
    };
    Ok((recipient, mail))
}

fn recipient(text: &str) -> Result<Recipient, Status> {
    text.parse().map_err(|_| invalid(&[("recipient", "is no account or organisation")]))
}

/// The rule is account's: what it takes for an address must be one here.
fn email(text: String) -> Result<String, Status> {
    let checked = catalogue::attribute("email").map(|row| row.check(&text));
    match checked {
        Some(Ok(())) => Ok(text),
        _ => Err(invalid(&[("email", "is not an e-mail address")])),
    }
}

fn locale(text: String) -> Result<String, Status> {
    match text.as_str() {
        "de" | "en" => Ok(text),
        _ => Err(invalid(&[("locale", "is neither de nor en")])),
    }
}
