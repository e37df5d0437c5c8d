//! What the access table promises about audit events, checked in the databases after the calls.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use siegel_crypto::{SystemEntropy, random_token};
use siegel_db::on;
use siegel_grpc::AuthChannel;
use siegel_identity::store::upstream_links;
use siegel_kernel::{Clock as _, Entropy, SystemClock, TrustLevel};
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::account_service_client::AccountServiceClient;
use siegel_proto::account::v1::document_service_client::DocumentServiceClient;
use siegel_proto::account::v1::privacy_service_client::PrivacyServiceClient;
use siegel_proto::account::v1::upload_document_request::Part;
use siegel_proto::identity::v1 as identity;
use siegel_proto::identity::v1::self_service_client::SelfServiceClient;
use siegel_proto::organisation::v1 as organisation;
use siegel_proto::organisation::v1::organisation_service_client::OrganisationServiceClient;

use crate::world::World;
use crate::{
    own_credentials, own_letters, own_mailboxes, own_mandates, own_organisation, own_sending,
    uploads,
};

const SERVICES: [&str; 6] =
    ["identity", "account", "organisation", "postbox", "eid", "notification"];

/// Promised for calls that no journey makes: the sandbox has no operators of the postbox. One needs
/// a day of failures first. The postbox's own tests look for each of them.
const UNCALLED: [&str; 16] = [
    // No sandbox client is staff; documents, cards that say something else and register roles have
    // journeys of their own. The account service's own tests look for each.
    "account.staff.looked_up",
    "account.document.redeemed",
    "account.change.decided",
    "organisation.fact.recorded",
    "organisation.fact.ended",
    "postbox.webhook.redelivered",
    "postbox.attachment_limits.set",
    "postbox.quota.set",
    "postbox.retention_class.set",
    "postbox.legal_hold.placed",
    "postbox.legal_hold.release_proposed",
    "postbox.rule.proposed",
    "postbox.rule.confirmation_proposed",
    "postbox.outage.declared",
    "postbox.proposal.approved",
    "postbox.proposal.rejected",
];

/// What the suite's own portal asks for.
pub const OWN: [(&str, &str); 5] = [
    (
        "scope",
        "openid account.read account.write organisation.read organisation.write identity.self \
         offline_access",
    ),
    ("acr_values", "substantial"),
    ("resource", "urn:siegel:account"),
    ("resource", "urn:siegel:organisation"),
    ("resource", "urn:siegel:identity"),
];
/// What a person is asked to allow a portal.
const PORTAL: [(&str, &str); 1] = [("scope", "openid postbox")];

/// Makes every state-changing call that the walk does not make anyway, then looks for the event
/// of every row of the access table.
pub async fn every_state_changing_rpc_leaves_its_audit_event(
    world: &mut World,
) -> anyhow::Result<()> {
    // Letters, handles, identification, consent and mails: the demo's walk and the checks before.
    walk(world).await?;
    own_letters::by_api(world).await?;
    uploads::by_api(world).await?;
    own_sending::by_api(world).await?;
    own_account(world).await?;
    own_mandates::by_api(world).await?;
    own_organisation::by_api(world).await?;
    own_credentials::by_api(world, 1).await?;
    // Within the second of it no token of the person counts; what follows needs none.
    own_ends(world, 1).await?;
    own_credentials::another_address(world, 1).await?;
    let mut missing = BTreeSet::new();
    // Some calls are made from outboxes.
    for _ in 0..100 {
        missing = missing_kinds(world).await?;
        if missing.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    ensure!(missing.is_empty(), "no audit event of {missing:?}");
    Ok(())
}

/// What the access table promises and no database has.
async fn missing_kinds(world: &World) -> anyhow::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for service in SERVICES {
        found.extend(kinds(world, service).await?);
    }
    let promised = siegel_grpc::access_table().rules().filter_map(|rule| rule.audit.clone());
    let uncalled =
        |kind: &str| UNCALLED.contains(&kind) || own_organisation::UNCALLED.contains(&kind);
    let promised = promised.filter(|kind| !uncalled(kind));
    Ok(promised.filter(|kind| !found.contains(kind)).collect())
}

async fn walk(world: &World) -> anyhow::Result<()> {
    let files = siegel::demo::attachments(&[])?;
    let letter = world.authority.submit(&world.erika.handle, &files).await?;
    let mut quiet = siegel::demo::Timeline::new(true);
    let origin = world.suite.origin();
    siegel::demo::open(&origin, &world.erika, &letter.letter_id, &files, &mut quiet).await?;
    Ok(())
}

async fn own_account(world: &World) -> anyhow::Result<()> {
    let fresh = || random_token(&SystemEntropy::new());
    let visit = world.visit(&world.own_portal()?, 0, &OWN).await?;
    let key = &visit.client.dpop_key;
    let token = visit.token_for("account").await?;
    let mut accounts = AccountServiceClient::new(world.channel(&token.access_token, key)?);
    let set = account::SetAttributeRequest {
        request_id: fresh()?,
        name: "telephone".into(),
        value: "+49 30 123456".into(),
        not_applicable: false,
    };
    accounts.set_attribute(set).await?;
    let consents = accounts.list_consents(account::ListConsentsRequest {}).await?.into_inner();
    let consent = consents.consents.first().context("the walk left no consent")?;
    let withdraw = account::WithdrawConsentRequest {
        request_id: fresh()?,
        consent_id: consent.consent_id.clone(),
    };
    accounts.withdraw_consent(withdraw).await?;
    let channel = world.channel(&token.access_token, key)?;
    let mut privacy = PrivacyServiceClient::new(channel.clone());
    let export = account::ExportDisclosuresRequest {};
    privacy.export_disclosures(export).await?.into_inner().message().await?;
    own_documents(channel, &consent.client_id).await?;

    let token = visit.token_for("organisation").await?;
    let channel = world.channel(&token.access_token, key)?;
    let found = organisation::CreateOrganisationRequest {
        request_id: fresh()?,
        name: "Muster GmbH".into(),
        legal_form: "GmbH".into(),
        register_kind: "HRB".into(),
        register_court: "Amtsgericht Musterstadt".into(),
        register_number: "12345".into(),
    };
    let founded =
        OrganisationServiceClient::new(channel.clone()).create_organisation(found).await?;
    let founded = founded.into_inner().organisation.context("no organisation")?;
    let members = database(world, "organisation").await?;
    own_mailboxes::by_api(channel, &founded.organisation_id, &members).await?;

    let token = visit.token_for("identity").await?;
    let mut own = SelfServiceClient::new(world.channel(&token.access_token, key)?);
    let sessions = own.list_sessions(identity::ListSessionsRequest {}).await?.into_inner().sessions;
    let session = sessions.iter().find(|s| s.current).context("no current session")?;
    let end = identity::EndSessionRequest {
        request_id: fresh()?,
        session_id: session.session_id.clone(),
    };
    own.end_session(end).await?;
    Ok(())
}

/// What a person does with a document.
async fn own_documents(channel: AuthChannel, client: &str) -> anyhow::Result<()> {
    let fresh = || random_token(&SystemEntropy::new());
    let mut safe = DocumentServiceClient::new(channel);
    let content = b"%PDF-1.7".to_vec();
    let head = account::DocumentHead {
        request_id: fresh()?,
        name: "Bescheid.pdf".into(),
        media_type: "application/pdf".into(),
        size_bytes: 8,
        sha256: siegel_crypto::sha256(&content).to_vec(),
    };
    let part = |part| account::UploadDocumentRequest { part: Some(part) };
    let parts = [part(Part::Head(head)), part(Part::Chunk(content))];
    let stored = safe.upload_document(tokio_stream::iter(parts)).await?.into_inner();
    let document_id = stored.document.context("no document")?.document_id;
    let rename = account::RenameDocumentRequest {
        request_id: fresh()?,
        document_id: document_id.clone(),
        name: "Neu.pdf".into(),
    };
    safe.rename_document(rename).await?;
    let download = account::DownloadDocumentRequest { document_id: document_id.clone() };
    safe.download_document(download).await?.into_inner().message().await?;
    let until = SystemClock.now().plus(std::time::Duration::from_hours(1));
    let grant = account::GrantDocumentRequest {
        request_id: fresh()?,
        document_id: document_id.clone(),
        client_id: client.to_owned(),
        client_name: String::new(),
        purpose: "Antrag".into(),
        valid_until: Some(siegel_proto::convert::timestamp(until)),
        many: false,
    };
    let grant = safe.grant_document(grant).await?.into_inner().grant.context("no grant")?;
    let revoke =
        account::RevokeDocumentGrantRequest { request_id: fresh()?, grant_id: grant.grant_id };
    safe.revoke_document_grant(revoke).await?;
    let delete = account::DeleteDocumentRequest { request_id: fresh()?, document_id };
    safe.delete_document(delete).await?;
    Ok(())
}

/// What a person ends: a link to an account elsewhere, what they allowed a client, and everything.
async fn own_ends(world: &World, persona: usize) -> anyhow::Result<()> {
    let fresh = || random_token(&SystemEntropy::new());
    let portal = world.visit(&world.credentials.portal, persona, &PORTAL).await?;
    let visit = world.visit(&world.own_portal()?, persona, &OWN).await?;
    let token = visit.token_for("identity").await?;
    let channel = world.channel(&token.access_token, &visit.client.dpop_key)?;
    let mut own = SelfServiceClient::new(channel);

    let link = linked(world).await?;
    let unlink = identity::UnlinkRequest { request_id: fresh()?, link_id: link.to_string() };
    own.unlink(unlink).await?;

    let withdraw = identity::WithdrawClientConsentRequest {
        request_id: fresh()?,
        client_id: portal.client.client_id.clone(),
    };
    own.withdraw_client_consent(withdraw).await?;

    let everywhere = identity::EndAllSessionsRequest { request_id: fresh()? };
    own.end_all_sessions(everywhere).await?;
    Ok(())
}

/// A link of the person who logged in last, as a log-in at a provider would have made it.
async fn linked(world: &World) -> anyhow::Result<upstream_links::LinkId> {
    const LAST: &str = "SELECT account_id FROM sessions ORDER BY started_at_us DESC LIMIT 1";
    let (clock, entropy) = (SystemClock, SystemEntropy::new());
    let db = database(world, "identity").await?;
    let mut tx = db.begin().await?;
    let account = on!(&mut tx, c => sqlx::query_scalar(LAST).fetch_one(c).await?);
    let link = upstream_links::NewLink {
        id: upstream_links::LinkId::new(&clock, &entropy)?,
        upstream: "land-b",
        subject_hash: &Entropy::bytes::<32>(&entropy)?,
        holder_hash: None,
        account,
        level: TrustLevel::Basic,
        at: clock.now(),
    };
    upstream_links::add(&mut tx, &link).await?;
    tx.commit().await?;
    Ok(link.id)
}

/// Audit kinds in the database of a service.
async fn kinds(world: &World, service: &str) -> anyhow::Result<Vec<String>> {
    let db = database(world, service).await?;
    let mut tx = db.read().await?;
    Ok(siegel_db::audit::kinds(&mut tx).await?)
}

async fn database(world: &World, service: &str) -> anyhow::Result<siegel_db::Db> {
    Ok(siegel_db::Db::open(&world.suite.database(service)?).await?)
}

pub async fn every_audit_chain_is_whole(world: &mut World) -> anyhow::Result<()> {
    for service in SERVICES {
        let db = database(world, service).await?;
        let mut tx = db.read().await?;
        let broken = siegel_db::audit::broken_at(&mut tx).await?;
        ensure!(broken.is_none(), "{service}: the chain breaks at {broken:?}");
    }
    Ok(())
}
