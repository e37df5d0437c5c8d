//! Putting the parts together.

use std::sync::Arc;

use siegel_crypto::{
    DataKey, KeyError, load_ed25519_key, load_evidence_key, load_or_create, random_token, sha256,
};
use siegel_db::events::Feed;
use siegel_db::outbox::Outbox;
use siegel_db::{StoreError, Tx};
use siegel_grpc::{Deletion, GrpcServices, Outside, Running, follow_deletions};
use siegel_kernel::{EntropyUnavailable, Timestamp};
use siegel_log::Witness;
use siegel_proto::postbox::v1::evidence_service_server::EvidenceServiceServer;
use siegel_proto::postbox::v1::handle_service_server::HandleServiceServer;
use siegel_proto::postbox::v1::house_letter_service_server::HouseLetterServiceServer;
use siegel_proto::postbox::v1::mailbox_choice_service_server::MailboxChoiceServiceServer;
use siegel_proto::postbox::v1::mailbox_service_server::MailboxServiceServer;
use siegel_proto::postbox::v1::mailbox_settings_service_server::MailboxSettingsServiceServer;
use siegel_proto::postbox::v1::open_matters_service_server::OpenMattersServiceServer;
use siegel_proto::postbox::v1::postbox_admin_service_server::PostboxAdminServiceServer;
use siegel_proto::postbox::v1::reminder_service_server::ReminderServiceServer;
use siegel_proto::postbox::v1::sender_service_server::SenderServiceServer;
use siegel_proto::postbox::v1::upload_service_server::UploadServiceServer;
use siegel_proto::postbox::v1::webhook_service_server::WebhookServiceServer;
use tokio::task::JoinSet;

use crate::app::evidence::{Notary, NotaryKey};
use crate::app::lanes::Lanes;
use crate::app::log::{Journal, KnownWitness, Witnesses};
use crate::app::places::Places;
use crate::app::press::Press;
use crate::app::push::Webhooks;
use crate::app::quota::Quotas;
use crate::app::vault::Vault;
use crate::app::{Parts, Postbox};
use crate::config::Config;
use crate::domain::evidence_keys::{Configured, Dated, KeyEnded, schedule};
use crate::grpc::{
    AdminServer, ChoiceServer, EvidenceServer, HandleServer, HouseServer, InTrailers,
    MailboxServer, OpenMattersServer, ReminderServer, SenderServer, SettingsServer, UploadServer,
    WebhookServer,
};
use crate::http;
use crate::ports::objects::{ObjectError, Objects};
use crate::ports::scanner::Scanner;
use crate::store::keys::KeyRow;
use crate::store::senders::Sender;
use crate::store::{keys, log, mailboxes, opt_outs, senders};

/// Longest gRPC message taken: the inline attachments' 3 MiB, the texts, and room.
const MESSAGE_BYTES: usize = 8 * 1024 * 1024;
/// Archives of attachments at once on one replica, and of one person: enough for two devices.
const ARCHIVES: (usize, usize) = (64, 2);
/// Streams of mailbox news at once on one replica, and of one person: tabs, devices, colleagues'
/// mailboxes.
const WATCHERS: (usize, usize) = (10_000, 16);

/// The postbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("[postbox] evidence_signing_key_file")]
    SigningKey(#[source] KeyError),
    #[error("[[postbox.witnesses]] key")]
    Witness(#[source] siegel_log::BadKey),
    #[error("[[postbox.witnesses]] url")]
    WitnessUrl(#[source] siegel_egress::EgressError),
    #[error("[[postbox.evidence_keys]] file")]
    NextSigningKey(#[source] KeyError),
    #[error("[postbox] evidence_signing_key_file")]
    KeyEnded(#[from] KeyEnded),
    #[error("[postbox] key_encryption_key_file")]
    KeyEncryptionKey(#[source] KeyError),
    #[error("[postbox] key_encryption_key_file holds fewer than 32 bytes")]
    ShortKey,
    #[error("[postbox] key_encryption_key_file is not the key the stored letters were sealed with")]
    OtherKey,
    #[error("[postbox] log_signing_key_file")]
    LogKey(#[source] KeyError),
    #[error("[postbox] log_signing_key_file is not the key the public log began with")]
    OtherLogKey,
    #[error("the origin cannot name a public log")]
    LogName(#[source] siegel_log::BadKey),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error("[postbox.object_store] cannot be used")]
    Objects(#[from] ObjectError),
    #[error("[[postbox.senders]] names the client {0} twice")]
    SenderTwice(String),
    #[error("[[postbox.senders]] {0} needs client_id, tenant, sector and authority")]
    SenderIncomplete(String),
    #[error("[postbox] despite_opt_out names {0}, which no rule of the legal clock is about")]
    BasisUnknown(String),
    #[error("the database of the postbox failed")]
    Store(#[from] StoreError),
}

/// Starts the postbox on an open, migrated database.
pub async fn start(config: Config, outside: Outside) -> Result<Running, StartError> {
    let witnesses = witnesses(&config, &outside)?;
    let postbox = build(config, &outside).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(postbox.feed.clone().run(outside.clock.clone()));
    let worker = postbox.clone();
    tasks.spawn(postbox.outbox.clone().run(move |job| {
        let postbox = worker.clone();
        async move { postbox.work(job).await }
    }));
    tasks.spawn(postbox.clone().sweep_forever());
    if postbox.scanner.is_on() {
        tasks.spawn(postbox.clone().rescan_forever());
    }
    tasks.spawn(postbox.clone().push_forever());
    tasks.spawn(postbox.clone().run_batches());
    let deleter = postbox.clone();
    let delete = move |deletion: Deletion| {
        let postbox = deleter.clone();
        async move { postbox.owner_gone(deletion.account).await }
    };
    tasks.spawn(follow_deletions(outside.siblings.clone(), String::new(), delete));
    if postbox.journal.is_some() {
        tasks.spawn(postbox.clone().keep_log());
        tasks.spawn(postbox.clone().keep_log_tidy());
        if !witnesses.known.is_empty() {
            tasks.spawn(postbox.clone().keep_witnesses(witnesses));
        }
    }
    Ok(Running { grpc: services(&postbox), http: http::router(postbox), tasks })
}

pub(crate) fn services(postbox: &Postbox) -> GrpcServices {
    let sender = SenderServiceServer::new(SenderServer(postbox.clone()));
    let house = HouseLetterServiceServer::new(HouseServer(postbox.clone()));
    GrpcServices::new()
        .add(HandleServiceServer::new(HandleServer(postbox.clone())))
        .add(house.max_decoding_message_size(MESSAGE_BYTES))
        .add(InTrailers(sender.max_decoding_message_size(MESSAGE_BYTES)))
        .add(MailboxServiceServer::new(MailboxServer(postbox.clone())))
        .add(EvidenceServiceServer::new(EvidenceServer(postbox.clone())))
        .add(UploadServiceServer::new(UploadServer(postbox.clone())))
        .add(ReminderServiceServer::new(ReminderServer(postbox.clone())))
        .add(OpenMattersServiceServer::new(OpenMattersServer(postbox.clone())))
        .add(MailboxChoiceServiceServer::new(ChoiceServer(postbox.clone())))
        .add(WebhookServiceServer::new(WebhookServer(postbox.clone())))
        .add(MailboxSettingsServiceServer::new(SettingsServer(postbox.clone())))
        .add(PostboxAdminServiceServer::new(AdminServer(postbox.clone())))
}

/// Everything but the background loops.
pub(crate) async fn build(config: Config, outside: &Outside) -> Result<Postbox, StartError> {
    let may_generate = !outside.profile.is_production();
    let mut notary = notary(&config, outside)?;
    let secret =
        load_or_create(&config.key_encryption_key_file, may_generate, outside.entropy.as_ref())
            .map_err(StartError::KeyEncryptionKey)?;
    if secret.bytes.len() < 32 {
        return Err(StartError::ShortKey);
    }
    let vault = Vault::new(DataKey::from_bytes(sha256(&secret.bytes)), outside.entropy.clone());
    check_senders(&config.senders)?;
    let objects = Objects::open(&config.object_store)?;
    let mut tx = outside.db.begin().await?;
    if let Some(mailbox) = mailboxes::any(&mut tx).await? {
        vault.mailbox_key(mailbox.id, &mailbox.wrapped_key).map_err(|_| StartError::OtherKey)?;
    }
    let journal = journal(&mut tx, &config, outside).await?;
    publish(&mut tx, &mut notary, &config.senders, outside.clock.now()).await?;
    override_opt_outs(&mut tx, &config.despite_opt_out).await?;
    tx.commit().await?;
    Ok(Postbox::new(Parts {
        db: outside.db.clone(),
        clock: outside.clock.clone(),
        legal_clock: outside.legal_clock.clone(),
        entropy: outside.entropy.clone(),
        siblings: outside.siblings.clone(),
        vault,
        notary,
        journal,
        objects,
        scanner: Scanner::new(config.scanner),
        feed: Feed::new(outside.db.clone()),
        outbox: Outbox::new(outside.db.clone(), outside.clock.clone()),
        batches: tokio::sync::Notify::new(),
        limits: config.limits,
        lanes: Lanes::new(&config.lanes),
        press: Press::default(),
        quotas: Quotas::default(),
        archives: Places::new(ARCHIVES.0, ARCHIVES.1),
        watchers: Places::new(WATCHERS.0, WATCHERS.1),
        retention: config.retention,
        operator_tenant: config.operator_tenant,
        unread_days: config.unread_days,
        event_days: config.event_days,
        webhooks: Webhooks { egress: outside.egress.clone(), config: config.webhooks },
        default_required_level: config.default_required_level,
    }))
}

/// The public log, under the name and key it began with.
async fn journal(
    tx: &mut Tx,
    config: &Config,
    outside: &Outside,
) -> Result<Option<Journal>, StartError> {
    let Some(file) = &config.log_signing_key_file else { return Ok(None) };
    let may_generate = !outside.profile.is_production();
    let key = load_ed25519_key(file, may_generate).map_err(StartError::LogKey)?;
    let holder = random_token(outside.entropy.as_ref())?;
    let fresh = Journal::new(&Journal::name_at(&outside.origin), key.clone(), holder.clone());
    let fresh = fresh.map_err(StartError::LogName)?;
    let known = log::name(tx, &fresh.verifier_key()).await?;
    // The suite may have moved to another address since: the log keeps its name.
    let name = known.split('+').next().unwrap_or_default();
    let journal = Journal::new(name, key, holder).map_err(StartError::LogName)?;
    if journal.verifier_key() == known { Ok(Some(journal)) } else { Err(StartError::OtherLogKey) }
}

/// Who is asked to cosign the public log's checkpoints.
fn witnesses(config: &Config, outside: &Outside) -> Result<Witnesses, StartError> {
    let known = config.witnesses.iter().map(|witness| {
        let name = witness.key.split('+').next().unwrap_or_default().to_owned();
        let key = Witness::parse(&witness.key).map_err(StartError::Witness)?;
        outside.egress.permits(&witness.url).map_err(StartError::WitnessUrl)?;
        Ok(KnownWitness { name, key, url: witness.url.clone() })
    });
    let known = known.collect::<Result<_, StartError>>()?;
    Ok(Witnesses { known, calls: Arc::new(outside.egress.clone()) })
}

/// The keys that sign evidence, in the order in which they take over.
fn notary(config: &Config, outside: &Outside) -> Result<Notary, StartError> {
    let may_generate = !outside.profile.is_production();
    let first = load_evidence_key(&config.evidence_signing_key_file, may_generate)
        .map_err(StartError::SigningKey)?;
    let mut keys =
        vec![NotaryKey { signer: first, active_from: None, since: Timestamp::from_micros(0) }];
    for next in &config.evidence_keys {
        let signer = load_evidence_key(&next.file, false).map_err(StartError::NextSigningKey)?;
        let (active_from, since) = (Some(next.active_from), next.active_from);
        keys.push(NotaryKey { signer, active_from, since });
    }
    keys.sort_by_key(|key| key.active_from);
    Ok(Notary { keys, origin: outside.origin.clone() })
}

/// Publishes every signing key before it signs, and the ends of those that others replace.
async fn publish_keys(tx: &mut Tx, notary: &Notary, now: Timestamp) -> Result<(), StartError> {
    let rows = keys::all(tx).await?;
    let known =
        |row: &KeyRow| Dated { kid: row.kid.clone(), from: row.valid_from, to: row.valid_to };
    let published: Vec<Dated> = rows.iter().map(known).collect();
    let own = notary.keys.iter();
    let own: Vec<Configured> = own
        .map(|key| Configured { kid: key.signer.kid().to_owned(), from: key.active_from })
        .collect();
    for change in schedule(&published, &own, now)? {
        let own = notary.keys.iter().find(|key| key.signer.kid() == change.kid);
        let own = own.map(|key| serde_json::to_string(key.signer.public_jwk()));
        let stored = rows.iter().find(|row| row.kid == change.kid).map(|row| row.jwk.clone());
        let jwk = own.and_then(Result::ok).or(stored);
        let jwk = jwk.ok_or_else(|| StoreError::corrupt("the public key has no JSON"))?;
        keys::publish(tx, &change, &jwk).await?;
    }
    Ok(())
}

/// Publishes the signing keys, and makes the senders' table say what is configured.
async fn publish(
    tx: &mut Tx,
    notary: &mut Notary,
    configured: &[Sender],
    now: Timestamp,
) -> Result<(), StartError> {
    publish_keys(tx, notary, now).await?;
    for row in keys::all(tx).await? {
        for key in notary.keys.iter_mut().filter(|key| key.signer.kid() == row.kid) {
            key.since = row.valid_from;
        }
    }
    senders::replace_all(tx, configured, now).await?;
    Ok(())
}

/// Makes the rule table say which legal bases reach those who opted out.
async fn override_opt_outs(tx: &mut Tx, bases: &[String]) -> Result<(), StartError> {
    opt_outs::override_by_none(tx).await?;
    for basis in bases {
        if !opt_outs::override_by(tx, basis).await? {
            return Err(StartError::BasisUnknown(basis.clone()));
        }
    }
    Ok(())
}

fn check_senders(senders: &[Sender]) -> Result<(), StartError> {
    for (index, sender) in senders.iter().enumerate() {
        let needed = [&sender.client_id, &sender.tenant, &sender.sector, &sender.authority];
        if needed.iter().any(|text| text.is_empty()) {
            return Err(StartError::SenderIncomplete(sender.client_id.clone()));
        }
        if senders.iter().take(index).any(|other| other.client_id == sender.client_id) {
            return Err(StartError::SenderTwice(sender.client_id.clone()));
        }
    }
    Ok(())
}
