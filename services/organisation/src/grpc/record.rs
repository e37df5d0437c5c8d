use siegel_grpc::invalid;
use siegel_kernel::TrustLevel;
use siegel_oidc::catalogue;
use siegel_proto::common::v1 as common;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::record_service_server::RecordService;
use tonic::{Request, Response, Status};

use super::read::{account, id, optional_id, order, organisation};
use super::status::status;
use super::values;
use crate::app::{App, NewContact, Refusal, kinds};
use crate::domain::fields::Held;
use crate::domain::mailbox::MembershipId;
use crate::domain::units::Unit;
use crate::domain::{is_line, legal_forms};

/// Members that one unit may have.
const MOST_MEMBERS: usize = 1_000;

/// The record, its units and contact points.
pub struct Records(pub App);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl RecordService for Records {
    #[tracing::instrument(name = "organisation.record.get", skip_all)]
    async fn get_record(
        &self,
        request: Request<pb::GetRecordRequest>,
    ) -> Answer<pb::GetRecordResponse> {
        let who = account(&request)?;
        let id = organisation(&request.get_ref().organisation_id)?;
        let record = self.0.record(who, id).await.map_err(|e| status(&e))?;
        let level = |level: TrustLevel| i32::from(common::TrustLevel::from(level));
        let proven = record.standing.cooling || record.standing.identification > TrustLevel::Basic;
        let written = |held: Held| {
            let fixed = proven && held.field.identifies();
            let field = values::written(held);
            pb::RecordField { editable: field.editable && !fixed, ..field }
        };
        Ok(Response::new(pb::GetRecordResponse {
            fields: record.fields.into_iter().map(written).collect(),
            identification_level: level(record.standing.identification),
            authentication_level: record.standing.authentication.map(level).unwrap_or_default(),
            role: record.standing.role.number(),
            equal_rights: record.standing.equal_rights,
            cooling: record.standing.cooling,
        }))
    }

    #[tracing::instrument(name = "organisation.field.set", skip_all)]
    async fn set_field(
        &self,
        request: Request<pb::SetFieldRequest>,
    ) -> Answer<pb::SetFieldResponse> {
        let order = order(&self.0, kinds::FIELD_SET, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let (id, field) = (organisation(&wire.organisation_id)?, values::field(wire.name)?);
        let done = self.0.set_field(&order, id, field, values::value(wire.value)).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::SetFieldResponse {}))
    }

    #[tracing::instrument(name = "organisation.legal_forms.list", skip_all)]
    async fn list_legal_forms(
        &self,
        request: Request<pb::ListLegalFormsRequest>,
    ) -> Answer<pb::ListLegalFormsResponse> {
        account(&request)?;
        let coded =
            |(code, text): (&str, &str)| pb::CodedText { code: code.into(), text: text.into() };
        let legal_forms = legal_forms::all().map(coded).collect();
        Ok(Response::new(pb::ListLegalFormsResponse { legal_forms }))
    }

    #[tracing::instrument(name = "organisation.field.history", skip_all)]
    async fn list_field_history(
        &self,
        request: Request<pb::ListFieldHistoryRequest>,
    ) -> Answer<pb::ListFieldHistoryResponse> {
        let who = account(&request)?;
        let wire = request.get_ref();
        let (id, field) = (organisation(&wire.organisation_id)?, values::field(wire.name)?);
        let found = self.0.field_history(who, id, field).await.map_err(|e| status(&e))?;
        let fields = found.into_iter().map(values::written).collect();
        Ok(Response::new(pb::ListFieldHistoryResponse { fields }))
    }

    #[tracing::instrument(name = "organisation.units.list", skip_all)]
    async fn list_units(
        &self,
        request: Request<pb::ListUnitsRequest>,
    ) -> Answer<pb::ListUnitsResponse> {
        let who = account(&request)?;
        let id = organisation(&request.get_ref().organisation_id)?;
        let found = self.0.units(who, id).await.map_err(|e| status(&e))?;
        let unit = |(unit, members): (Unit, Vec<MembershipId>)| pb::Unit {
            member_ids: members.iter().map(ToString::to_string).collect(),
            unit_id: unit.id.to_string(),
            name: unit.name,
            parent_unit_id: unit.parent.map(|id| id.to_string()).unwrap_or_default(),
        };
        Ok(Response::new(pb::ListUnitsResponse { units: found.into_iter().map(unit).collect() }))
    }

    #[tracing::instrument(name = "organisation.unit.create", skip_all)]
    async fn create_unit(
        &self,
        request: Request<pb::CreateUnitRequest>,
    ) -> Answer<pb::CreateUnitResponse> {
        let order = order(&self.0, kinds::UNIT_CREATED, &request, &request.get_ref().request_id)?;
        let wire = request.get_ref();
        let org = organisation(&wire.organisation_id)?;
        let parent = optional_id(&wire.parent_unit_id, Refusal::UnitUnknown)?;
        let done = self.0.create_unit(&order, org, &wire.name, parent).await;
        let made = self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::CreateUnitResponse { unit_id: made.to_string() }))
    }

    #[tracing::instrument(name = "organisation.unit.change", skip_all)]
    async fn change_unit(
        &self,
        request: Request<pb::ChangeUnitRequest>,
    ) -> Answer<pb::ChangeUnitResponse> {
        let order = order(&self.0, kinds::UNIT_CHANGED, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let org = organisation(&wire.organisation_id)?;
        let unit = Unit {
            id: id(&wire.unit_id, Refusal::UnitUnknown)?,
            name: wire.name,
            parent: optional_id(&wire.parent_unit_id, Refusal::UnitUnknown)?,
        };
        let done = self.0.change_unit(&order, org, unit).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::ChangeUnitResponse {}))
    }

    #[tracing::instrument(name = "organisation.unit.close", skip_all)]
    async fn close_unit(
        &self,
        request: Request<pb::CloseUnitRequest>,
    ) -> Answer<pb::CloseUnitResponse> {
        let order = order(&self.0, kinds::UNIT_CLOSED, &request, &request.get_ref().request_id)?;
        let wire = request.get_ref();
        let org = organisation(&wire.organisation_id)?;
        let unit = id(&wire.unit_id, Refusal::UnitUnknown)?;
        let done = self.0.close_unit(&order, org, unit).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::CloseUnitResponse {}))
    }

    #[tracing::instrument(name = "organisation.unit.members", skip_all)]
    async fn set_unit_members(
        &self,
        request: Request<pb::SetUnitMembersRequest>,
    ) -> Answer<pb::SetUnitMembersResponse> {
        let wire = request.get_ref();
        let order = order(&self.0, kinds::UNIT_MEMBERS_SET, &request, &wire.request_id)?;
        if wire.member_ids.len() > MOST_MEMBERS {
            return Err(invalid(&[("member_ids", "are more than 1,000")]));
        }
        let org = organisation(&wire.organisation_id)?;
        let unit = id(&wire.unit_id, Refusal::UnitUnknown)?;
        let members = wire.member_ids.iter().map(|one| id(one, Refusal::MemberUnknown));
        let mut members: Vec<MembershipId> = members.collect::<Result<_, _>>()?;
        members.sort_unstable();
        members.dedup();
        let done = self.0.set_unit_members(&order, (org, unit), &members).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::SetUnitMembersResponse {}))
    }

    #[tracing::instrument(name = "organisation.contact_points.list", skip_all)]
    async fn list_contact_points(
        &self,
        request: Request<pb::ListContactPointsRequest>,
    ) -> Answer<pb::ListContactPointsResponse> {
        let who = account(&request)?;
        let id = organisation(&request.get_ref().organisation_id)?;
        let found = self.0.contact_points(who, id).await.map_err(|e| status(&e))?;
        let written = found.into_iter().map(|one| pb::ContactPoint {
            contact_point_id: one.id.to_string(),
            kind: i32::try_from(one.kind).unwrap_or_default(),
            value: one.value,
            label: one.label,
            unit_id: one.unit_id.map(|id| id.to_string()).unwrap_or_default(),
        });
        let contact_points = written.collect();
        Ok(Response::new(pb::ListContactPointsResponse { contact_points }))
    }

    #[tracing::instrument(name = "organisation.contact_point.add", skip_all)]
    async fn add_contact_point(
        &self,
        request: Request<pb::AddContactPointRequest>,
    ) -> Answer<pb::AddContactPointResponse> {
        let order = order(&self.0, kinds::CONTACT_ADDED, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let org = organisation(&wire.organisation_id)?;
        if !is_contact(wire.kind(), &wire.value) {
            return Err(invalid(&[("value", "is no contact of this kind")]));
        }
        let new = NewContact {
            kind: wire.kind,
            unit: optional_id(&wire.unit_id, Refusal::UnitUnknown)?,
            value: wire.value,
            label: wire.label,
        };
        let done = self.0.add_contact_point(&order, org, new).await;
        let made = self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        let contact_point_id = made.to_string();
        Ok(Response::new(pb::AddContactPointResponse { contact_point_id }))
    }

    #[tracing::instrument(name = "organisation.contact_point.remove", skip_all)]
    async fn remove_contact_point(
        &self,
        request: Request<pb::RemoveContactPointRequest>,
    ) -> Answer<pb::RemoveContactPointResponse> {
        let kind = kinds::CONTACT_REMOVED;
        let order = order(&self.0, kind, &request, &request.get_ref().request_id)?;
        let wire = request.get_ref();
        let org = organisation(&wire.organisation_id)?;
        let point = id(&wire.contact_point_id, Refusal::ContactPointUnknown)?;
        let done = self.0.remove_contact_point(&order, org, point).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::RemoveContactPointResponse {}))
    }

    #[tracing::instrument(name = "organisation.dissolve", skip_all)]
    async fn dissolve_organisation(
        &self,
        request: Request<pb::DissolveOrganisationRequest>,
    ) -> Answer<pb::DissolveOrganisationResponse> {
        let order = order(&self.0, kinds::DISSOLVED, &request, &request.get_ref().request_id)?;
        let id = organisation(&request.get_ref().organisation_id)?;
        let done = self.0.dissolve(&order, id).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::DissolveOrganisationResponse {}))
    }
}

/// The rule for addresses is account's.
fn is_contact(kind: pb::ContactKind, value: &str) -> bool {
    match kind {
        pb::ContactKind::Unspecified => false,
        pb::ContactKind::Email => {
            matches!(catalogue::attribute("email").map(|row| row.check(value)), Some(Ok(())))
        }
        pb::ContactKind::Telephone => {
            let known = |c: char| c.is_ascii_digit() || "+ -/()".contains(c);
            (3..=40).contains(&value.len())
                && value.chars().all(known)
                && value.chars().any(|c| c.is_ascii_digit())
        }
        pb::ContactKind::Web => {
            let host = value.strip_prefix("https://").unwrap_or_default();
            is_line(value, 200) && host.contains('.') && !host.contains(['"', '<', '>', ' ', '@'])
        }
    }
}
