use siegel_grpc::{caller, digest, fault, invalid, refusal};
use siegel_proto::convert::{instant, timestamp};
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::mailbox_directory_service_server::MailboxDirectoryService;
use siegel_proto::organisation::v1::mailbox_holder::Holder as Wire;
use siegel_proto::organisation::v1::mailbox_rights_service_server::MailboxRightsService;
use siegel_proto::organisation::v1::{
    CloseMailboxRequest, CloseMailboxResponse, CreateMailboxRequest, CreateMailboxResponse,
    CreateSubstitutionRequest, CreateSubstitutionResponse, EndSubstitutionRequest,
    EndSubstitutionResponse, ListLetterRoutesRequest, ListLetterRoutesResponse,
    ListMailboxRightsRequest, ListMailboxRightsResponse, ListMailboxesRequest,
    ListMailboxesResponse, ListReadableMailboxesRequest, ListReadableMailboxesResponse,
    ListSubstitutionsRequest, ListSubstitutionsResponse, RemoveMailboxRightsRequest,
    RemoveMailboxRightsResponse, SetLetterRouteRequest, SetLetterRouteResponse,
    SetMailboxRightsRequest, SetMailboxRightsResponse,
};
use tonic::{Code, Request, Response, Status};

use crate::app::mailbox_rights::SeenGrant;
use crate::app::mailboxes::{Change, MailboxFailure, Readable, Seen};
use crate::app::substitutions::Wanted;
use crate::app::{App, Founder};
use crate::domain::mailbox::{Kind, Place, Right, Rights};
use crate::domain::mailbox_right::{Holder, Reason};
use crate::domain::{BadField, Role};
use crate::store::letter_routes::Route;
use crate::store::substitutions::SubstitutionRow;

/// Mailboxes and rights as members see them.
pub struct Mailboxes(pub App);

/// What `postbox` asks about mailboxes.
pub struct Directory(pub App);

fn status(failure: &MailboxFailure) -> Status {
    use MailboxFailure as F;
    let code = match failure {
        F::Malformed(bad) => return invalid(&[(bad.field, bad.problem)]),
        F::UnknownOrganisation
        | F::UnknownMailbox
        | F::UnknownMember
        | F::UnknownUnit
        | F::UnknownSubstitution
        | F::UnknownRoute => Code::NotFound,
        F::RightMissing => Code::PermissionDenied,
        F::Exists | F::OwnerRights => Code::FailedPrecondition,
        F::TooMany => Code::ResourceExhausted,
        F::RequestIdReused => Code::AlreadyExists,
        F::Store(_) | F::Entropy(_) | F::StoredAnswer => return fault(failure),
    };
    refusal(code, failure.reason(), failure, [])
}

fn unknown(failure: MailboxFailure) -> impl FnOnce(siegel_kernel::BadId) -> Status {
    move |_| status(&failure)
}

/// What every change names.
fn change<'a>(
    by: &'a Founder,
    (organisation, request_id): (&str, &'a str),
    (kind, digest): (&'static str, [u8; 32]),
) -> Result<Change<'a>, Status> {
    if request_id.is_empty() || request_id.len() > 128 {
        return Err(invalid(&[("request_id", "has not 1 to 128 characters")]));
    }
    let organisation = organisation.parse();
    let organisation = organisation.map_err(unknown(MailboxFailure::UnknownOrganisation))?;
    Ok(Change { by, organisation, request_id, digest, kind })
}

fn founder<T>(request: &Request<T>) -> Result<Founder, Status> {
    let caller = caller(request)?;
    let person = caller.person()?;
    Ok(Founder { account: person.account, level: person.level, caller: caller.name() })
}

fn place(text: &str) -> Result<Place, Status> {
    Place::parse(text).ok_or_else(|| status(&MailboxFailure::UnknownMailbox))
}

fn holder(wire: Option<&pb::MailboxHolder>) -> Result<Holder, Status> {
    match wire.and_then(|wire| wire.holder.as_ref()) {
        Some(Wire::MemberId(id)) => {
            Ok(Holder::Member(id.parse().map_err(unknown(MailboxFailure::UnknownMember))?))
        }
        Some(Wire::UnitId(id)) => {
            Ok(Holder::Unit(id.parse().map_err(unknown(MailboxFailure::UnknownUnit))?))
        }
        Some(Wire::Role(number)) => {
            let role = Role::from_number(i64::from(*number));
            Ok(Holder::Role(role.ok_or_else(|| invalid(&[("holder.role", "is no role")]))?))
        }
        None => Err(invalid(&[("holder", "must be there")])),
    }
}

fn rights(numbers: &[i32]) -> Result<Rights, Status> {
    let read = |number: &i32| {
        Right::from_number(*number).ok_or_else(|| invalid(&[("rights", "hold one that is none")]))
    };
    Ok(Rights::of(numbers.iter().map(read).collect::<Result<Vec<_>, _>>()?))
}

fn kind(message: &CreateMailboxRequest) -> Result<Kind, Status> {
    let bad = |bad: BadField| status(&MailboxFailure::from(bad));
    match message.kind() {
        pb::MailboxKind::Unit => {
            let unit = message.unit_id.parse();
            Ok(Kind::Unit(unit.map_err(unknown(MailboxFailure::UnknownUnit))?))
        }
        pb::MailboxKind::Function => Kind::function(&message.name).map_err(bad),
        pb::MailboxKind::Personal => {
            let member = message.member_id.parse();
            Ok(Kind::Personal(member.map_err(unknown(MailboxFailure::UnknownMember))?))
        }
        pb::MailboxKind::Central | pb::MailboxKind::Unspecified => {
            Err(invalid(&[("kind", "must be unit, function or personal")]))
        }
    }
}

#[tonic::async_trait]
impl MailboxRightsService for Mailboxes {
    #[tracing::instrument(name = "organisation.mailbox.create", skip_all)]
    async fn create_mailbox(
        &self,
        request: Request<CreateMailboxRequest>,
    ) -> Result<Response<CreateMailboxResponse>, Status> {
        let by = founder(&request)?;
        let message = request.get_ref();
        let names = (message.organisation_id.as_str(), message.request_id.as_str());
        let change = change(&by, names, ("organisation.mailbox.created", digest(message)))?;
        let seen = self.0.create_mailbox(change, kind(message)?).await;
        let seen = seen.map_err(|e| status(&e))?;
        Ok(Response::new(CreateMailboxResponse { mailbox: Some(mailbox(&seen)) }))
    }

    #[tracing::instrument(name = "organisation.mailbox.close", skip_all)]
    async fn close_mailbox(
        &self,
        request: Request<CloseMailboxRequest>,
    ) -> Result<Response<CloseMailboxResponse>, Status> {
        let by = founder(&request)?;
        let message = request.get_ref();
        let names = (message.organisation_id.as_str(), message.request_id.as_str());
        let change = change(&by, names, ("organisation.mailbox.closed", digest(message)))?;
        let id = message.mailbox_id.parse().map_err(unknown(MailboxFailure::UnknownMailbox))?;
        self.0.close_mailbox(change, id).await.map_err(|e| status(&e))?;
        Ok(Response::new(CloseMailboxResponse {}))
    }

    #[tracing::instrument(name = "organisation.mailbox.list", skip_all)]
    async fn list_mailboxes(
        &self,
        request: Request<ListMailboxesRequest>,
    ) -> Result<Response<ListMailboxesResponse>, Status> {
        let account = caller(&request)?.person()?.account;
        let organisation = request.get_ref().organisation_id.parse();
        let organisation = organisation.map_err(unknown(MailboxFailure::UnknownOrganisation))?;
        let all = self.0.mailboxes(account, organisation).await.map_err(|e| status(&e))?;
        Ok(Response::new(ListMailboxesResponse {
            mailboxes: all.mailboxes.iter().map(mailbox).collect(),
            may_manage: all.may_manage,
            own_member_id: all.member.member.to_string(),
        }))
    }

    #[tracing::instrument(name = "organisation.mailbox.set_rights", skip_all)]
    async fn set_mailbox_rights(
        &self,
        request: Request<SetMailboxRightsRequest>,
    ) -> Result<Response<SetMailboxRightsResponse>, Status> {
        let by = founder(&request)?;
        let message = request.get_ref();
        let names = (message.organisation_id.as_str(), message.request_id.as_str());
        let change = change(&by, names, ("organisation.mailbox.rights_set", digest(message)))?;
        let of = (place(&message.mailbox_id)?, holder(message.holder.as_ref())?);
        let set = self.0.set_rights(change, of, Some(rights(&message.rights)?)).await;
        let set = set.map_err(|e| status(&e))?;
        Ok(Response::new(SetMailboxRightsResponse { grant: Some(grant(&set)) }))
    }

    #[tracing::instrument(name = "organisation.mailbox.remove_rights", skip_all)]
    async fn remove_mailbox_rights(
        &self,
        request: Request<RemoveMailboxRightsRequest>,
    ) -> Result<Response<RemoveMailboxRightsResponse>, Status> {
        let by = founder(&request)?;
        let message = request.get_ref();
        let names = (message.organisation_id.as_str(), message.request_id.as_str());
        let change = change(&by, names, ("organisation.mailbox.rights_removed", digest(message)))?;
        let of = (place(&message.mailbox_id)?, holder(message.holder.as_ref())?);
        self.0.set_rights(change, of, None).await.map_err(|e| status(&e))?;
        Ok(Response::new(RemoveMailboxRightsResponse {}))
    }

    #[tracing::instrument(name = "organisation.mailbox.list_rights", skip_all)]
    async fn list_mailbox_rights(
        &self,
        request: Request<ListMailboxRightsRequest>,
    ) -> Result<Response<ListMailboxRightsResponse>, Status> {
        let account = caller(&request)?.person()?.account;
        let message = request.get_ref();
        let organisation = message.organisation_id.parse();
        let organisation = organisation.map_err(unknown(MailboxFailure::UnknownOrganisation))?;
        // Whose organisation it is not learns nothing of how its mailboxes are called.
        let place = Place::parse(&message.mailbox_id);
        let place = place.unwrap_or(Place::of_uuid(uuid::Uuid::max()));
        let found = self.0.rights(account, organisation, place).await;
        let (grants, may_manage) = found.map_err(|e| status(&e))?;
        let grants = grants.iter().map(grant).collect();
        Ok(Response::new(ListMailboxRightsResponse { grants, may_manage }))
    }

    #[tracing::instrument(name = "organisation.substitution.create", skip_all)]
    async fn create_substitution(
        &self,
        request: Request<CreateSubstitutionRequest>,
    ) -> Result<Response<CreateSubstitutionResponse>, Status> {
        let by = founder(&request)?;
        let message = request.get_ref();
        let names = (message.organisation_id.as_str(), message.request_id.as_str());
        let change = change(&by, names, ("organisation.substitution.created", digest(message)))?;
        let made = self.0.substitute(change, wanted(message)?).await;
        let made = made.map_err(|e| status(&e))?;
        Ok(Response::new(CreateSubstitutionResponse { substitution: Some(substitution(&made)) }))
    }

    #[tracing::instrument(name = "organisation.substitution.end", skip_all)]
    async fn end_substitution(
        &self,
        request: Request<EndSubstitutionRequest>,
    ) -> Result<Response<EndSubstitutionResponse>, Status> {
        let by = founder(&request)?;
        let message = request.get_ref();
        let names = (message.organisation_id.as_str(), message.request_id.as_str());
        let change = change(&by, names, ("organisation.substitution.ended", digest(message)))?;
        let id = message.substitution_id.parse();
        let id = id.map_err(unknown(MailboxFailure::UnknownSubstitution))?;
        self.0.end_substitution(change, id).await.map_err(|e| status(&e))?;
        Ok(Response::new(EndSubstitutionResponse {}))
    }

    #[tracing::instrument(name = "organisation.substitution.list", skip_all)]
    async fn list_substitutions(
        &self,
        request: Request<ListSubstitutionsRequest>,
    ) -> Result<Response<ListSubstitutionsResponse>, Status> {
        let account = caller(&request)?.person()?.account;
        let organisation = request.get_ref().organisation_id.parse();
        let organisation = organisation.map_err(unknown(MailboxFailure::UnknownOrganisation))?;
        let rows = self.0.substitutions(account, organisation).await.map_err(|e| status(&e))?;
        let substitutions = rows.iter().map(substitution).collect();
        Ok(Response::new(ListSubstitutionsResponse { substitutions }))
    }

    #[tracing::instrument(name = "organisation.letters.list_routes", skip_all)]
    async fn list_letter_routes(
        &self,
        request: Request<ListLetterRoutesRequest>,
    ) -> Result<Response<ListLetterRoutesResponse>, Status> {
        let account = caller(&request)?.person()?.account;
        let organisation = request.get_ref().organisation_id.parse();
        let organisation = organisation.map_err(unknown(MailboxFailure::UnknownOrganisation))?;
        let found = self.0.letter_routes(account, organisation).await;
        let (routes, may_manage) = found.map_err(|e| status(&e))?;
        let routes = routes.into_iter().map(route).collect();
        Ok(Response::new(ListLetterRoutesResponse { routes, may_manage }))
    }

    #[tracing::instrument(name = "organisation.letters.set_route", skip_all)]
    async fn set_letter_route(
        &self,
        request: Request<SetLetterRouteRequest>,
    ) -> Result<Response<SetLetterRouteResponse>, Status> {
        let by = founder(&request)?;
        let message = request.get_ref();
        let names = (message.organisation_id.as_str(), message.request_id.as_str());
        let change = change(&by, names, ("organisation.letters.routed", digest(message)))?;
        let id = message.route_id.parse().map_err(unknown(MailboxFailure::UnknownRoute))?;
        let set = self.0.set_letter_route(change, (id, place(&message.mailbox_id)?)).await;
        let set = set.map_err(|e| status(&e))?;
        Ok(Response::new(SetLetterRouteResponse { route: Some(route(set)) }))
    }
}

#[tonic::async_trait]
impl MailboxDirectoryService for Directory {
    #[tracing::instrument(name = "organisation.mailbox.list_readable", skip_all)]
    async fn list_readable_mailboxes(
        &self,
        request: Request<ListReadableMailboxesRequest>,
    ) -> Result<Response<ListReadableMailboxesResponse>, Status> {
        let account = request.get_ref().account_id.parse();
        let account = account.map_err(|_| invalid(&[("account_id", "is no account id")]))?;
        let found = self.0.readable(account).await.map_err(|e| status(&e))?;
        let mailboxes = found.into_iter().map(readable).collect();
        Ok(Response::new(ListReadableMailboxesResponse { mailboxes }))
    }
}

fn wanted(message: &CreateSubstitutionRequest) -> Result<Wanted, Status> {
    let member = |id: &str| id.parse().map_err(unknown(MailboxFailure::UnknownMember));
    let reason = Reason::from_number(i64::from(message.kind));
    let (Some(from), Some(until)) = (&message.from, &message.until) else {
        return Err(invalid(&[("from", "and `until` must be there")]));
    };
    Ok(Wanted {
        reason: reason.ok_or_else(|| invalid(&[("kind", "must say why")]))?,
        absent: member(&message.absent_member_id)?,
        substitute: member(&message.substitute_member_id)?,
        place: message.mailbox_id.as_deref().map(place).transpose()?,
        from: instant(from),
        until: instant(until),
    })
}

fn mailbox(seen: &Seen) -> pb::Mailbox {
    let row = &seen.row;
    let (mut name, mut unit_id, mut member_id) = (String::new(), String::new(), String::new());
    match &row.kind {
        Kind::Central => {}
        Kind::Unit(unit) => unit_id = unit.to_string(),
        Kind::Function(function) => name.clone_from(function),
        Kind::Personal(member) => member_id = member.to_string(),
    }
    pb::Mailbox {
        mailbox_id: row.place.text(),
        organisation_id: row.organisation.to_string(),
        kind: row.kind.number(),
        name,
        unit_id,
        member_id,
        created_at: row.created_at.map(timestamp),
        own_rights: numbers(seen.rights),
    }
}

fn numbers(rights: Rights) -> Vec<i32> {
    rights.list().map(Right::number).collect()
}

fn grant(seen: &SeenGrant) -> pb::MailboxGrant {
    let holder = match seen.holder {
        Holder::Member(member) => Wire::MemberId(member.to_string()),
        Holder::Role(role) => Wire::Role(role.number()),
        Holder::Unit(unit) => Wire::UnitId(unit.to_string()),
    };
    pb::MailboxGrant {
        holder: Some(pb::MailboxHolder { holder: Some(holder) }),
        rights: numbers(seen.rights),
        by_default: seen.since.is_none(),
        since: seen.since.map(timestamp),
    }
}

fn substitution(row: &SubstitutionRow) -> pb::Substitution {
    let stand_in = &row.stand_in;
    pb::Substitution {
        substitution_id: row.id.to_string(),
        kind: stand_in.reason as i32,
        absent_member_id: stand_in.absent.member.to_string(),
        substitute_member_id: stand_in.substitute.to_string(),
        mailbox_id: stand_in.place.map(Place::text),
        from: Some(timestamp(stand_in.from)),
        until: Some(timestamp(stand_in.until)),
    }
}

fn route(row: Route) -> pb::LetterRoute {
    pb::LetterRoute {
        route_id: row.id.to_string(),
        name: row.name,
        mailbox_id: row.place.text(),
        known_since: Some(timestamp(row.known_since)),
        set_at: row.set_at.map(timestamp),
    }
}

fn readable(found: Readable) -> pb::ReadableMailbox {
    pb::ReadableMailbox {
        mailbox: Some(mailbox(&found.seen)),
        organisation_name: found.organisation_name,
        path: found.path,
    }
}
