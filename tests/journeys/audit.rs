//! What the access table promises about audit events, checked in the databases after the calls.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use siegel_crypto::{SystemEntropy, random_token};
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::account_service_client::AccountServiceClient;
use siegel_proto::identity::v1 as identity;
use siegel_proto::identity::v1::self_service_client::SelfServiceClient;
use siegel_proto::organisation::v1 as organisation;
use siegel_proto::organisation::v1::organisation_service_client::OrganisationServiceClient;

use crate::world::World;

const SERVICES: [&str; 6] =
    ["identity", "account", "organisation", "postbox", "eid", "notification"];

/// Makes every state-changing call that the walk does not make anyway, then looks for the event
/// of every row of the access table.
pub async fn every_state_changing_rpc_leaves_its_audit_event(
    world: &mut World,
) -> anyhow::Result<()> {
    // Letters, handles, identification, consent and mails: the demo's walk and the checks before.
    walk(world).await?;
    own_account(world).await?;
    let mut found = BTreeSet::new();
    for service in SERVICES {
        found.extend(kinds(world, service).await?);
    }
    let promised = siegel_grpc::access_table().rules().filter_map(|rule| rule.audit.clone());
    let missing: BTreeSet<String> = promised.filter(|kind| !found.contains(kind)).collect();
    ensure!(missing.is_empty(), "no audit event of {missing:?}");
    Ok(())
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
    let ask = [
        (
            "scope",
            "openid account.read account.write organisation.write identity.self offline_access",
        ),
        ("acr_values", "substantial"),
        ("resource", "urn:siegel:account"),
        ("resource", "urn:siegel:organisation"),
        ("resource", "urn:siegel:identity"),
    ];
    let visit = world.visit(&world.own_portal()?, 0, &ask).await?;
    let key = &visit.client.dpop_key;
    let token = visit.token_for("account").await?;
    let mut accounts = AccountServiceClient::new(world.channel(&token.access_token, key)?);
    let set = account::SetAttributeRequest {
        request_id: fresh()?,
        name: "telephone".into(),
        value: "+49 30 123456".into(),
    };
    accounts.set_attribute(set).await?;
    let consents = accounts.list_consents(account::ListConsentsRequest {}).await?.into_inner();
    let consent = consents.consents.first().context("the walk left no consent")?;
    let withdraw = account::WithdrawConsentRequest {
        request_id: fresh()?,
        consent_id: consent.consent_id.clone(),
    };
    accounts.withdraw_consent(withdraw).await?;

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
    OrganisationServiceClient::new(channel).create_organisation(found).await?;

    let token = visit.token_for("identity").await?;
    let mut own = SelfServiceClient::new(world.channel(&token.access_token, key)?);
    let sessions = own.list_sessions(identity::ListSessionsRequest {}).await?.into_inner().sessions;
    let session = sessions.iter().find(|s| s.current).context("no current session")?;
    let end = identity::EndSessionRequest {
        request_id: fresh()?,
        session_id: session.session_id.clone(),
    };
    own.end_session(end).await?;

    // The token of an ended session ends nothing any more: everywhere is for another log-in.
    let visit = world.visit(&world.own_portal()?, 1, &ask).await?;
    let token = visit.token_for("identity").await?;
    let channel = world.channel(&token.access_token, &visit.client.dpop_key)?;
    let everywhere = identity::EndAllSessionsRequest { request_id: fresh()? };
    SelfServiceClient::new(channel).end_all_sessions(everywhere).await?;
    Ok(())
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
