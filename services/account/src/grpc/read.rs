//! From the wire.

use siegel_crypto::b64;
use siegel_grpc::{Caller, caller, invalid};
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_oidc::catalogue::{self, Attribute};
use siegel_proto::account::v1 as pb;
use siegel_proto::convert;
use tonic::{Request, Status};
use uuid::Uuid;

use super::status::status;
use crate::app::{App, Failure, Order, Proven};
use crate::domain::document::Head;
use crate::domain::receipt::{Page, PageLine};
use crate::domain::{Asked, Names, Proof, Source};

/// Longest client id, client name and purpose, in characters.
const TEXT: usize = 255;

/// Who writes what under which id.
pub fn order<M: prost::Message>(
    app: &App,
    kind: &'static str,
    request: &Request<M>,
    request_id: &str,
) -> Result<Order, Status> {
    order_by(app, kind, caller(request)?, request.get_ref(), request_id)
}

/// As [`order`], where the message is not the whole request.
pub fn order_by<M: prost::Message>(
    app: &App,
    kind: &'static str,
    caller: &Caller,
    message: &M,
    request_id: &str,
) -> Result<Order, Status> {
    if request_id.is_empty() || request_id.len() > 128 {
        return Err(invalid(&[("request_id", "has not 1 to 128 characters")]));
    }
    Ok(Order {
        kind,
        caller: caller.name(),
        request_id: request_id.to_owned(),
        digest: app.vault.digest(kind, &message.encode_to_vec()),
        level: caller.level(),
    })
}

/// The account of the person who calls.
pub fn own_account<M>(request: &Request<M>) -> Result<AccountId, Status> {
    Ok(caller(request)?.person()?.account)
}

pub fn account_id(text: &str) -> Result<AccountId, Status> {
    text.parse().map_err(|_| invalid(&[("account_id", "is no account id")]))
}

pub fn attribute(field: &str, name: &str) -> Result<&'static Attribute, Status> {
    catalogue::attribute(name).ok_or_else(|| invalid(&[(field, "is no attribute")]))
}

pub fn level(field: &str, number: i32) -> Result<TrustLevel, Status> {
    convert::level(number).ok_or_else(|| invalid(&[(field, "is no level")]))
}

pub fn text(field: &str, value: &str, may_be_empty: bool) -> Result<String, Status> {
    let fits = value.chars().count() <= TEXT && !value.chars().any(char::is_control);
    if !fits || (value.is_empty() && !may_be_empty) {
        return Err(invalid(&[(field, "has not 1 to 255 characters on one line")]));
    }
    Ok(value.to_owned())
}

/// Who asks for what; the name is empty where nobody is shown it.
pub fn asked(
    client_id: &str,
    client_name: &str,
    attributes: &[String],
    purpose: &str,
) -> Result<Asked, Status> {
    Ok(Asked {
        client_id: text("client_id", client_id, false)?,
        client_name: text("client_name", client_name, true)?,
        attributes: names("attributes", attributes)?,
        purpose: text("purpose", purpose, true)?,
    })
}

pub fn names(field: &str, names: &[String]) -> Result<Names, Status> {
    Names::parse(field, names).map_err(|bad| status(&Failure::from(bad)))
}

/// The page of a consent; a caller without one shows nothing.
pub fn page(wire: Option<pb::ConsentPage>, level: i32) -> Result<Page, Status> {
    let wire = wire.unwrap_or_default();
    let line = |(i, line): (usize, pb::ConsentPageLine)| {
        let field = |name: &str| format!("page.lines[{i}].{name}");
        Ok(PageLine {
            name: attribute(&field("name"), &line.name)?.name.to_owned(),
            label: text(&field("label"), &line.label, true)?,
            purpose: text(&field("purpose"), &line.purpose, true)?,
            required: line.required,
        })
    };
    Ok(Page {
        text_version: text("page.text_version", &wire.text_version, true)?,
        locale: text("page.locale", &wire.locale, true)?,
        lines: wire.lines.into_iter().enumerate().map(line).collect::<Result<_, Status>>()?,
        level: convert::level(level),
    })
}

pub fn document_head(wire: pb::DocumentHead) -> Head {
    Head {
        name: wire.name,
        media_type: wire.media_type,
        size: wire.size_bytes,
        sha256: wire.sha256,
    }
}

/// 50 when absent, at most 200.
pub fn page_size(asked: i32) -> Result<i64, Status> {
    match asked {
        0 => Ok(50),
        1.. => Ok(i64::from(asked).min(200)),
        _ => Err(invalid(&[("page_size", "is negative")])),
    }
}

/// The place in a list that the page before ended with.
pub fn page_token(token: &str) -> Result<i64, Status> {
    if token.is_empty() {
        return Ok(i64::MAX);
    }
    let bytes = b64::decode(token).and_then(|bytes| bytes.try_into().ok());
    bytes.map(i64::from_be_bytes).ok_or_else(not_ours)
}

/// As [`page_token`], for lists in the order of time and id.
pub fn time_token(token: &str) -> Result<(Timestamp, Uuid), Status> {
    if token.is_empty() {
        return Ok((Timestamp::from_micros(i64::MAX), Uuid::max()));
    }
    let bytes = b64::decode(token).ok_or_else(not_ours)?;
    let (time, id) = bytes.split_at_checked(8).ok_or_else(not_ours)?;
    let time = time.try_into().map(i64::from_be_bytes).map_err(|_| not_ours())?;
    let id = Uuid::from_slice(id).map_err(|_| not_ours())?;
    Ok((Timestamp::from_micros(time), id))
}

fn not_ours() -> Status {
    invalid(&[("page_token", "was not given out by this service")])
}

/// The `i`-th attribute that an identification proved.
pub fn proven(i: usize, wire: &pb::Attribute) -> Result<Proven, Status> {
    let field = |name: &str| format!("attributes[{i}].{name}");
    let source = Source::from_number(i64::from(wire.source));
    let source = source.ok_or_else(|| invalid(&[(&field("source"), "is no source")]))?;
    Ok(Proven {
        attribute: attribute(&field("name"), &wire.name)?,
        value: wire.value.clone(),
        not_applicable: wire.not_applicable,
        proof: Proof {
            source,
            detail: wire.source_detail.clone(),
            level: convert::level(wire.level),
            verified_at: wire.verified_at.as_ref().map(convert::instant),
            valid_until: wire.valid_until.as_ref().map(convert::instant),
        },
    })
}
