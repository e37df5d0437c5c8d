//! From the wire.

use siegel_grpc::{caller, fault, invalid, refusal};
use siegel_proto::convert;
use siegel_proto::notification::v1::{
    CodePurpose, NotifyRequest, SendCodeRequest, SetContactRequest, Template as WireTemplate,
};
use tonic::{Code as StatusCode, Request, Status};

use crate::app::{App, Failure, Write};
use crate::domain::{
    BadField, Code, Contact, EmailAddress, Locale, Notice, OriginPath, Purpose, Template,
};

/// Who orders what under which id.
pub fn write<M: prost::Message>(
    app: &App,
    kind: &'static str,
    request: &Request<M>,
    request_id: &str,
) -> Result<Write, Status> {
    if request_id.is_empty() || request_id.len() > 128 {
        return Err(invalid(&[("request_id", "has not 1 to 128 characters")]));
    }
    Ok(Write {
        kind,
        caller: caller(request)?.name(),
        request_id: request_id.to_owned(),
        digest: app.vault.digest(kind, &request.get_ref().encode_to_vec()),
    })
}

/// What a code mail says. A code that comes with `ALREADY_REGISTERED` is dropped here.
pub fn purpose(wire: &SendCodeRequest) -> Result<Purpose, BadField> {
    match wire.purpose() {
        CodePurpose::Registration => Code::parse(&wire.code).map(Purpose::Registration),
        CodePurpose::PasswordReset => Code::parse(&wire.code).map(Purpose::PasswordReset),
        CodePurpose::AlreadyRegistered => Ok(Purpose::AlreadyRegistered),
        CodePurpose::Unspecified => Err(BadField { field: "purpose", problem: "is no purpose" }),
    }
}

/// `None`: the contact is to be removed.
pub fn contact(wire: &SetContactRequest) -> Result<Option<Contact>, BadField> {
    if wire.email.is_empty() {
        return Ok(None);
    }
    let email = EmailAddress::parse(&wire.email)?;
    Ok(Some(Contact { email, locale: Locale::parse(&wire.locale)? }))
}

pub fn notice(wire: &NotifyRequest) -> Result<Notice, BadField> {
    let template = match wire.template() {
        WireTemplate::LetterProvided => Template::LetterProvided,
        WireTemplate::LetterReminder => Template::LetterReminder,
        WireTemplate::Unspecified => {
            return Err(BadField { field: "template", problem: "is no template" });
        }
    };
    let required_level = convert::level(wire.required_level);
    if required_level.is_none() && wire.required_level != 0 {
        return Err(BadField { field: "required_level", problem: "is no level" });
    }
    Ok(Notice { template, required_level, path: OriginPath::parse(&wire.path)? })
}

/// How a failure looks to the caller.
pub fn status(failure: &Failure) -> Status {
    use Failure as F;
    match failure {
        F::Malformed(bad) => invalid(&[(bad.field, bad.problem)]),
        F::RequestIdReused => refusal(StatusCode::AlreadyExists, "REQUEST_ID_REUSED", failure, []),
        F::UnknownOrder => refusal(StatusCode::NotFound, "ORDER_UNKNOWN", failure, []),
        F::Store(_) | F::Seal(_) | F::Entropy(_) | F::StoredValue => fault(failure),
    }
}

pub fn malformed(bad: BadField) -> Status {
    status(&Failure::from(bad))
}
