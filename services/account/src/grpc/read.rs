//! From the wire.

use siegel_grpc::{caller, invalid};
use siegel_kernel::{AccountId, TrustLevel};
use siegel_oidc::catalogue::{self, Attribute};
use siegel_proto::account::v1 as pb;
use siegel_proto::convert;
use tonic::{Request, Status};

use super::status::status;
use crate::app::{App, Failure, Order, Proven};
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
    if request_id.is_empty() || request_id.len() > 128 {
        return Err(invalid(&[("request_id", "has not 1 to 128 characters")]));
    }
    let caller = caller(request)?;
    Ok(Order {
        kind,
        caller: caller.name(),
        request_id: request_id.to_owned(),
        digest: app.vault.digest(kind, &request.get_ref().encode_to_vec()),
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

fn text(field: &str, value: &str, may_be_empty: bool) -> Result<String, Status> {
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

/// The `i`-th attribute that an identification proved.
pub fn proven(i: usize, wire: &pb::Attribute) -> Result<Proven, Status> {
    let field = |name: &str| format!("attributes[{i}].{name}");
    let source = Source::from_number(i64::from(wire.source));
    let source = source.ok_or_else(|| invalid(&[(&field("source"), "is no source")]))?;
    Ok(Proven {
        attribute: attribute(&field("name"), &wire.name)?,
        value: wire.value.clone(),
        proof: Proof {
            source,
            level: convert::level(wire.level),
            verified_at: wire.verified_at.as_ref().map(convert::instant),
        },
    })
}
