//! From the wire.

use prost::Message;
use siegel_grpc::{caller, invalid};
use siegel_kernel::{AccountId, OrganisationId};
use tonic::{Request, Status};

use super::status::status;
use crate::app::{App, Failure, Order};
use crate::domain::Role;

/// Who orders what under which id; a person.
pub fn order<M: Message>(
    app: &App,
    kind: &'static str,
    request: &Request<M>,
    request_id: &str,
) -> Result<Order, Status> {
    let person = caller(request)?.person()?;
    let person = Some((person.account, person.level));
    Ok(Order { person, ..operator_order(app, kind, request, request_id)? })
}

/// The same for operators.
pub fn operator_order<M: Message>(
    app: &App,
    kind: &'static str,
    request: &Request<M>,
    request_id: &str,
) -> Result<Order, Status> {
    if request_id.is_empty() || request_id.len() > 128 {
        return Err(invalid(&[("request_id", "has not 1 to 128 characters")]));
    }
    let message = request.get_ref().encode_to_vec();
    let digest = match &app.desk.vault {
        Some(vault) => vault.digest(kind, &message),
        None => siegel_crypto::sha256_fields(&[kind.as_bytes(), &message]),
    };
    let caller = caller(request)?.name();
    Ok(Order { kind, caller, request_id: request_id.to_owned(), digest, person: None })
}

/// The person who looks.
pub fn account<M>(request: &Request<M>) -> Result<AccountId, Status> {
    Ok(caller(request)?.person()?.account)
}

/// What names no organisation names one that is not there.
pub fn organisation(text: &str) -> Result<OrganisationId, Status> {
    text.parse().map_err(|_| status(&Failure::UnknownOrganisation))
}

/// An id within an organisation; what is none names nothing, as `missing` says.
pub fn id<T: std::str::FromStr>(text: &str, missing: crate::app::Refusal) -> Result<T, Status> {
    text.parse().map_err(|_| status(&Failure::Refused(missing)))
}

/// An id that may be left out.
pub fn optional_id<T: std::str::FromStr>(
    text: &str,
    missing: crate::app::Refusal,
) -> Result<Option<T>, Status> {
    if text.is_empty() { Ok(None) } else { id(text, missing).map(Some) }
}

pub fn role(number: i32) -> Result<Role, Status> {
    Role::from_number(i64::from(number)).ok_or_else(|| invalid(&[("role", "is no role")]))
}
