//! Somebody with a life in every service, and with words of their own in every place that has some.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use siegel::demo::Persona;
use siegel_crypto::sha256;
use siegel_grpc::AuthChannel;
use siegel_kernel::{AccountId, Clock as _, SystemClock};
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::account_service_client::AccountServiceClient;
use siegel_proto::account::v1::document_service_client::DocumentServiceClient;
use siegel_proto::account::v1::export_service_client::ExportServiceClient;
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::convert;
use siegel_proto::organisation::v1 as organisation;
use siegel_proto::organisation::v1::claim_service_client::ClaimServiceClient;
use siegel_proto::organisation::v1::mandate_service_client::MandateServiceClient;
use siegel_proto::organisation::v1::member_service_client::MemberServiceClient;
use siegel_proto::organisation::v1::organisation_service_client::OrganisationServiceClient;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::letter_action::Action;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;

use crate::acting;
use crate::deletion::{fresh, last_account, waiting};
use crate::imports::{import, line};
use crate::newcomer::registers;
use crate::own_data;
use crate::scan::Planted;
use crate::world::World;

const PORTAL: [(&str, &str); 3] = [
    ("scope", "openid profile postbox postbox.read offline_access"),
    ("acr_values", "substantial"),
    ("resource", "urn:siegel:postbox"),
];
const OWN: [(&str, &str); 5] = [
    ("scope", "openid account.read account.write organisation.write identity.self offline_access"),
    ("acr_values", "substantial"),
    ("resource", "urn:siegel:account"),
    ("resource", "urn:siegel:organisation"),
    ("resource", "urn:siegel:identity"),
];

/// Somebody with a life in every service.
pub struct Life {
    pub persona: Persona,
    pub account: AccountId,
    pub handle: String,
    pub opened: String,
    pub unopened: String,
    pub planted: Planted,
    /// What was put into the object store meanwhile.
    pub objects: BTreeSet<PathBuf>,
}

/// Registers, identifies, writes into the account, founds an organisation, gets letters, opens one.
pub async fn live(world: &World, card: &str) -> anyhow::Result<Life> {
    let mut planted = Planted::default();
    let before = files(&world.suite.data().join("objects"))?;
    let persona = Persona {
        name: card.to_owned(),
        email: planted.word(&format!("{}@persona.example", fresh()?.to_lowercase())),
        password: planted.word(&fresh()?),
        eid_persona: card.to_owned(),
    };
    registers(world, &persona).await?;
    let portal = world.visit_as(&world.credentials.portal, &persona, &PORTAL).await?;
    let handle = portal.claims.get("postbox_handle").and_then(|h| h.as_str());
    let handle = handle.context("no handle")?.to_owned();
    let account = last_account(world).await?;
    planted.account(account);
    let own = world.visit_as(&world.own_portal()?, &persona, &OWN).await?;
    let key = &own.client.dpop_key;
    let token = own.token_for("account").await?;
    let mut accounts = AccountServiceClient::new(world.channel(&token.access_token, key)?);
    let telephone = planted.word("+49 30 7351946028");
    let set = account::SetAttributeRequest {
        request_id: fresh()?,
        name: "telephone".into(),
        value: telephone,
        ..Default::default()
    };
    accounts.set_attribute(set).await?;
    let all = exported(world.channel(&token.access_token, key)?).await?;
    ensure!(all.contains("7351946028"), "the export lacks the number");
    let listed = accounts.list_attributes(account::ListAttributesRequest {}).await?.into_inner();
    for one in listed.attributes {
        // Short ones are found everywhere: `DE`, `ID`, a date as part of a longer number.
        if one.value.len() >= 10 {
            planted.word(&one.value);
        }
    }
    let street = planted.word(&format!("Altweg {}", fresh()?));
    let mut safe = DocumentServiceClient::new(world.channel(&token.access_token, key)?);
    let name = format!("{}.txt", planted.word(&fresh()?));
    let content = planted.word(&format!("Inhalt des Dokuments {}", fresh()?));
    own_data::keep(&mut safe, &name, content.as_bytes()).await?;
    let earlier = import(world, &format!("alt-{card}"), &line(&persona.email, "street", &street))?;
    ensure!(earlier.status.success(), "{}", String::from_utf8_lossy(&earlier.stderr));
    ensure!(waiting(world, card).await? == 1, "no earlier account waits");
    let token = own.token_for("organisation").await?;
    let channel = world.channel(&token.access_token, key)?;
    in_an_organisation(channel.clone(), &mut planted).await?;
    holds_a_mandate(world, channel, &mut planted).await?;

    let opened = letter(world, &handle, &mut planted).await?;
    let unopened = letter(world, &handle, &mut planted).await?;
    let channel = world.channel(&portal.tokens.access_token, &portal.client.dpop_key)?;
    read(&mut MailboxServiceClient::new(channel), &opened, &mut planted).await?;
    let after = files(&world.suite.data().join("objects"))?;
    // The public log names nobody, and stays.
    let log = world.suite.data().join("objects/postbox/log");
    let own = after.difference(&before).filter(|file| !file.starts_with(&log));
    let objects = own.cloned().collect();
    Ok(Life { persona, account, handle, opened, unopened, planted, objects })
}

/// Founds an organisation, claims it under the own name, invites somebody, gives a mandate.
async fn in_an_organisation(channel: AuthChannel, planted: &mut Planted) -> anyhow::Result<()> {
    let found = organisation::CreateOrganisationRequest {
        request_id: fresh()?,
        name: "Bleibt GmbH".into(),
        legal_form: "GmbH".into(),
        register_kind: "HRB".into(),
        register_court: "Amtsgericht Musterstadt".into(),
        register_number: "9".into(),
    };
    let mut organisations = OrganisationServiceClient::new(channel.clone());
    let found = organisations.create_organisation(found).await?.into_inner().organisation;
    let organisation_id = found.context("no organisation")?.organisation_id;
    let claim = organisation::ClaimOrganisationRequest {
        request_id: fresh()?,
        organisation_id: organisation_id.clone(),
        method: organisation::ClaimMethod::Operator.into(),
        claimant_name: planted.word(&format!("Name im Antrag {}", fresh()?)),
    };
    ClaimServiceClient::new(channel.clone()).claim_organisation(claim).await?;
    let invite = organisation::InviteMemberRequest {
        request_id: fresh()?,
        organisation_id,
        name: planted.word(&format!("Name der Einladung {}", fresh()?)),
        email: "eingeladen@persona.example".into(),
        role: organisation::Role::CaseWorker.into(),
        minimum_level: TrustLevel::Substantial.into(),
        locale: "de".into(),
    };
    MemberServiceClient::new(channel.clone()).invite_member(invite).await?;
    let end = SystemClock.now().plus(Duration::from_hours(24));
    let mandate = organisation::GrantMandateRequest {
        request_id: fresh()?,
        to_kind: organisation::HolderKind::Person.into(),
        to_name: planted.word(&format!("Name in der Vollmacht {}", fresh()?)),
        from_name: planted.word(&format!("Eigener Name {}", fresh()?)),
        package: "mail-receiver".into(),
        valid_until: Some(convert::timestamp(end)),
        ..Default::default()
    };
    MandateServiceClient::new(channel).grant_mandate(mandate).await?;
    Ok(())
}

/// Somebody else gives the person a mandate, under a name for them, which they take.
async fn holds_a_mandate(
    world: &World,
    channel: AuthChannel,
    planted: &mut Planted,
) -> anyhow::Result<()> {
    let end = SystemClock.now().plus(Duration::from_hours(24));
    let request = organisation::GrantMandateRequest {
        request_id: fresh()?,
        to_kind: organisation::HolderKind::Person.into(),
        to_name: planted.word(&format!("Name des Bevollmächtigten {}", fresh()?)),
        from_name: "Bleibt Übrig".into(),
        package: "mail-receiver".into(),
        valid_until: Some(convert::timestamp(end)),
        ..Default::default()
    };
    let mut giver = MandateServiceClient::new(acting::own(world, 1).await?);
    let granted = giver.grant_mandate(request).await?.into_inner();
    let accept = organisation::AcceptMandateRequest {
        request_id: fresh()?,
        code: granted.code,
        ..Default::default()
    };
    MandateServiceClient::new(channel).accept_mandate(accept).await?;
    Ok(())
}

/// Every file below a folder.
fn files(dir: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.insert(path);
        }
    }
    Ok(found)
}

/// What the account service gives its owner to take away.
async fn exported(channel: AuthChannel) -> anyhow::Result<String> {
    let mut exports = ExportServiceClient::new(channel);
    let mut pieces = exports.export_account(account::ExportAccountRequest {}).await?.into_inner();
    let mut whole = Vec::new();
    while let Some(piece) = pieces.message().await? {
        whole.extend(piece.chunk);
    }
    Ok(String::from_utf8(whole)?)
}

/// A letter with words of its own in every place that has some.
async fn letter(world: &World, handle: &str, planted: &mut Planted) -> anyhow::Result<String> {
    let content = planted.word(&format!("Inhalt der Datei {}", fresh()?)).into_bytes();
    let declaration = pb::AttachmentDeclaration {
        name: format!("{}.txt", planted.word(&fresh()?)),
        media_type: "text/plain".into(),
        sha256: sha256(&content).to_vec(),
        size_bytes: i64::try_from(content.len())?,
    };
    let body = pb::Body {
        language: "de".into(),
        plain_text: planted.word(&format!("Geheimer Text {}", fresh()?)),
        ..Default::default()
    };
    let request = pb::SubmitRequest {
        request_id: fresh()?,
        letter: Some(pb::Letter {
            handle: handle.to_owned(),
            subject: planted.word(&format!("Betreff {}", fresh()?)),
            case_id: planted.word(&format!("AZ-{}", fresh()?)),
            bodies: vec![body],
            required_level: TrustLevel::Substantial.into(),
            delivery_type: pb::DeliveryType::Decision.into(),
            legal_basis: "ozg-9".into(),
            actions: vec![pb::LetterAction {
                action: Some(Action::Reply(pb::ReplyAction::default())),
            }],
            ..Default::default()
        }),
        attachments: vec![pb::InlineAttachment { declaration: Some(declaration), content }],
        ..Default::default()
    };
    Ok(world.authority.sender().submit(request).await?.into_inner().letter_id)
}

/// Opens it, answers it, marks it, searches for a word of it.
async fn read(
    own: &mut MailboxServiceClient<AuthChannel>,
    letter_id: &str,
    planted: &mut Planted,
) -> anyhow::Result<()> {
    let letter_id = letter_id.to_owned();
    let open = pb::OpenRequest {
        request_id: fresh()?,
        letter_id: letter_id.clone(),
        ..Default::default()
    };
    own.open(open).await?;
    let content = planted.word(&format!("Inhalt der Antwort {}", fresh()?)).into_bytes();
    let declaration = pb::AttachmentDeclaration {
        name: format!("{}.txt", planted.word(&fresh()?)),
        media_type: "text/plain".into(),
        sha256: sha256(&content).to_vec(),
        size_bytes: i64::try_from(content.len())?,
    };
    let reply = pb::ReplyRequest {
        request_id: fresh()?,
        letter_id: letter_id.clone(),
        text: planted.word(&format!("Geheime Antwort {}", fresh()?)),
        attachments: vec![pb::InlineAttachment { declaration: Some(declaration), content }],
        ..Default::default()
    };
    own.reply(reply).await?;
    let label = planted.word(&fresh()?);
    own.set_flags(pb::SetFlagsRequest {
        request_id: fresh()?,
        letter_id,
        labels: Some(pb::Labels { labels: vec![label] }),
        ..Default::default()
    })
    .await?;
    own.search(pb::SearchRequest { query: "Geheimer".into(), ..Default::default() }).await?;
    Ok(())
}
