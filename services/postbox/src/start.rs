//! Putting the parts together.

use siegel_crypto::{
    DataKey, KeyError, load_ed25519_key, load_or_create, load_signing_key, random_token, sha256,
};
use siegel_db::events::Feed;
use siegel_db::outbox::Outbox;
use siegel_db::{StoreError, Tx};
use siegel_grpc::{GrpcServices, Outside, Running};
use siegel_kernel::{EntropyUnavailable, Timestamp};
use siegel_proto::postbox::v1::evidence_service_server::EvidenceServiceServer;
use siegel_proto::postbox::v1::handle_service_server::HandleServiceServer;
use siegel_proto::postbox::v1::mailbox_service_server::MailboxServiceServer;
use siegel_proto::postbox::v1::sender_service_server::SenderServiceServer;
use tokio::task::JoinSet;

use crate::app::evidence::Notary;
use crate::app::log::Journal;
use crate::app::vault::Vault;
use crate::app::{Parts, Postbox};
use crate::config::Config;
use crate::grpc::{EvidenceServer, HandleServer, MailboxServer, SenderServer};
use crate::http;
use crate::ports::objects::{ObjectError, Objects};
use crate::store::senders::Sender;
use crate::store::{keys, log, mailboxes, senders};

/// Longest gRPC message taken: the inline attachments' 3 MiB, the texts, and room.
const MESSAGE_BYTES: usize = 8 * 1024 * 1024;

/// The postbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("[postbox] evidence_signing_key_file")]
    SigningKey(#[source] KeyError),
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
    #[error("the database of the postbox failed")]
    Store(#[from] StoreError),
}

/// Starts the postbox on an open, migrated database.
pub async fn start(config: Config, outside: Outside) -> Result<Running, StartError> {
    let postbox = build(config, &outside).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(postbox.feed.clone().run(outside.clock.clone()));
    let worker = postbox.clone();
    tasks.spawn(postbox.outbox.clone().run(move |job| {
        let postbox = worker.clone();
        async move { postbox.work(job).await }
    }));
    tasks.spawn(postbox.clone().sweep_forever());
    tasks.spawn(postbox.clone().run_batches());
    if postbox.journal.is_some() {
        tasks.spawn(postbox.clone().keep_log());
    }
    Ok(Running { grpc: services(&postbox), http: http::router(postbox), tasks })
}

pub(crate) fn services(postbox: &Postbox) -> GrpcServices {
    let sender = SenderServiceServer::new(SenderServer(postbox.clone()));
    GrpcServices::new()
        .add(HandleServiceServer::new(HandleServer(postbox.clone())))
        .add(sender.max_decoding_message_size(MESSAGE_BYTES))
        .add(MailboxServiceServer::new(MailboxServer(postbox.clone())))
        .add(EvidenceServiceServer::new(EvidenceServer(postbox.clone())))
}

/// Everything but the background loops.
pub(crate) async fn build(config: Config, outside: &Outside) -> Result<Postbox, StartError> {
    let may_generate = !outside.profile.is_production();
    let key = load_signing_key(&config.evidence_signing_key_file, may_generate)
        .map_err(StartError::SigningKey)?;
    let secret =
        load_or_create(&config.key_encryption_key_file, may_generate, outside.entropy.as_ref())
            .map_err(StartError::KeyEncryptionKey)?;
    if secret.bytes.len() < 32 {
        return Err(StartError::ShortKey);
    }
    let vault = Vault::new(DataKey::from_bytes(sha256(&secret.bytes)), outside.entropy.clone());
    check_senders(&config.senders)?;
    let objects = Objects::open(&config.object_store)?;
    let notary = Notary { key, origin: outside.origin.clone() };
    let mut tx = outside.db.begin().await?;
    if let Some(mailbox) = mailboxes::any(&mut tx).await? {
        vault.mailbox_key(mailbox.id, &mailbox.wrapped_key).map_err(|_| StartError::OtherKey)?;
    }
    let journal = journal(&mut tx, &config, outside).await?;
    publish(&mut tx, &notary, &config.senders, outside.clock.now()).await?;
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
        feed: Feed::new(outside.db.clone()),
        outbox: Outbox::new(outside.db.clone(), outside.clock.clone()),
        batches: tokio::sync::Notify::new(),
        limits: config.limits,
        unread_days: config.unread_days,
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

/// Publishes the signing key before it signs, and makes the senders' table say what is configured.
async fn publish(
    tx: &mut Tx,
    notary: &Notary,
    configured: &[Sender],
    now: Timestamp,
) -> Result<(), StartError> {
    let jwk = serde_json::to_string(notary.key.public_jwk())
        .map_err(|_| StoreError::corrupt("the public key has no JSON"))?;
    keys::publish(tx, notary.key.kid(), &jwk, now).await?;
    senders::replace_all(tx, configured, now).await?;
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
