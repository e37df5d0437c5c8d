//! What members arrange in their organisation: mailboxes, rights, substitutions, where letters go.

use siegel_crypto::{SystemEntropy, random_token};
use siegel_db::{Db, StoreError, on};
use siegel_grpc::AuthChannel;
use siegel_kernel::{AccountId, Clock as _, OrganisationId, SystemClock, Timestamp, write_id};
use siegel_proto::convert::timestamp;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::mailbox_rights_service_client::MailboxRightsServiceClient;
use uuid::Uuid;

/// Makes every call that changes something, as the owner of an organisation; `db` is that of the
/// service, for a second member.
pub async fn by_api(channel: AuthChannel, organisation: &str, db: &Db) -> anyhow::Result<()> {
    let fresh = || random_token(&SystemEntropy::new());
    let (owner, other) = members(db, organisation.parse()?).await?;
    let mut own = MailboxRightsServiceClient::new(channel);
    let create = pb::CreateMailboxRequest {
        request_id: fresh()?,
        organisation_id: organisation.to_owned(),
        kind: pb::MailboxKind::Function.into(),
        name: "Rechnungen".into(),
        ..Default::default()
    };
    let made = own.create_mailbox(create).await?.into_inner();
    let mailbox_id = made.mailbox.unwrap_or_default().mailbox_id;
    let holder = pb::mailbox_holder::Holder::MemberId(other.clone());
    let holder = Some(pb::MailboxHolder { holder: Some(holder) });
    let set = pb::SetMailboxRightsRequest {
        request_id: fresh()?,
        organisation_id: organisation.to_owned(),
        mailbox_id: mailbox_id.clone(),
        holder: holder.clone(),
        rights: vec![pb::MailboxRight::Read.into()],
    };
    own.set_mailbox_rights(set).await?;
    let remove = pb::RemoveMailboxRightsRequest {
        request_id: fresh()?,
        organisation_id: organisation.to_owned(),
        mailbox_id: mailbox_id.clone(),
        holder,
    };
    own.remove_mailbox_rights(remove).await?;
    let now = SystemClock.now();
    let stand_in = pb::CreateSubstitutionRequest {
        request_id: fresh()?,
        organisation_id: organisation.to_owned(),
        kind: pb::SubstitutionKind::Absence.into(),
        absent_member_id: owner,
        substitute_member_id: other,
        mailbox_id: None,
        from: Some(timestamp(now)),
        until: Some(timestamp(now.plus(std::time::Duration::from_hours(24)))),
    };
    let made = own.create_substitution(stand_in).await?.into_inner();
    let end = pb::EndSubstitutionRequest {
        request_id: fresh()?,
        organisation_id: organisation.to_owned(),
        substitution_id: made.substitution.unwrap_or_default().substitution_id,
    };
    own.end_substitution(end).await?;
    let route = pb::SetLetterRouteRequest {
        request_id: fresh()?,
        organisation_id: organisation.to_owned(),
        route_id: known_service(db, organisation.parse()?).await?,
        mailbox_id: mailbox_id.clone(),
    };
    own.set_letter_route(route).await?;
    let close = pb::CloseMailboxRequest {
        request_id: fresh()?,
        organisation_id: organisation.to_owned(),
        mailbox_id,
    };
    own.close_mailbox(close).await?;
    Ok(())
}

/// The owner's membership, and that of somebody who joins.
async fn members(db: &Db, organisation: OrganisationId) -> Result<(String, String), anyhow::Error> {
    const OWNER: &str = "SELECT id FROM memberships WHERE organisation_id = $1";
    const JOIN: &str = "INSERT INTO memberships \
        (id, organisation_id, account_id, role, began_at_us) VALUES ($1, $2, $3, 3, $4)";
    let account = AccountId::new(&SystemClock, &SystemEntropy::new())?;
    let joined = async {
        let mut tx = db.begin().await?;
        let owner: Uuid =
            on!(&mut tx, c => sqlx::query_scalar(OWNER).bind(organisation).fetch_one(c).await?);
        on!(&mut tx, c => sqlx::query(JOIN)
            .bind(account.as_uuid()).bind(organisation).bind(account)
            .bind(Timestamp::from_micros(1)).execute(c).await?.rows_affected());
        tx.commit().await?;
        Ok::<Uuid, StoreError>(owner)
    };
    Ok((write_id("mem", joined.await?), write_id("mem", account.as_uuid())))
}

/// An online service that writes to the organisation.
async fn known_service(db: &Db, organisation: OrganisationId) -> Result<String, anyhow::Error> {
    const KNOW: &str = "INSERT INTO letter_routes \
        (id, organisation_id, sector, name, mailbox_id, known_since_us) \
        VALUES ($1, $2, 'amt.example', 'Amt', $3, 1)";
    let id = AccountId::new(&SystemClock, &SystemEntropy::new())?.as_uuid();
    let known = async {
        let mut tx = db.begin().await?;
        on!(&mut tx, c => sqlx::query(KNOW)
            .bind(id).bind(organisation).bind(Uuid::nil()).execute(c).await?.rows_affected());
        tx.commit().await
    };
    known.await?;
    Ok(write_id("rte", id))
}
