//! Settings of the postbox: the table `[postbox]` of `siegel.toml`.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use siegel_kernel::{Timestamp, TrustLevel};

pub use siegel_objects::ObjectStoreConfig;

use crate::domain::attachment::Limits;
use crate::domain::media;
use crate::store::senders::Sender;

/// `[postbox]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Key that signs evidence, PEM (PKCS#8): P-256 (ES256), P-384 (ES384) or Ed25519 (`EdDSA`).
    /// Made at first start (P-256), except in production.
    pub evidence_signing_key_file: PathBuf,
    /// `[[postbox.evidence_keys]]`: keys that take over at an instant. All are published from the
    /// start on; none is ever taken out of the key set.
    #[serde(default)]
    pub evidence_keys: Vec<EvidenceKeyConfig>,
    /// Secret of at least 32 bytes under which mailbox keys are wrapped. Made at first start,
    /// except in production.
    pub key_encryption_key_file: PathBuf,
    /// Key of the public log (Ed25519, PEM). Without it no log is published. Made at first start,
    /// except in production; a log keeps the key it began with.
    #[serde(default)]
    pub log_signing_key_file: Option<PathBuf>,
    /// `[[postbox.witnesses]]`: who is asked to cosign the checkpoints of the public log.
    #[serde(default)]
    pub witnesses: Vec<WitnessConfig>,
    /// Where sealed attachments are.
    pub object_store: ObjectStoreConfig,
    /// The virus scanner; without it attachments are taken and shown as not scanned.
    #[serde(default)]
    pub scanner: Option<ScannerConfig>,
    #[serde(default)]
    pub limits: LimitsConfig,
    #[serde(default)]
    pub lanes: LanesConfig,
    #[serde(default)]
    pub retention: RetentionConfig,
    /// The tenant whose operators (clients with scope `postbox.admin`) decide what holds for every
    /// tenant: the rule table and declared outages. Without it nobody does.
    #[serde(default)]
    pub operator_tenant: Option<String>,
    /// Days after provision on which a letter that no rule ends and nobody opened expires.
    #[serde(default = "unread_days")]
    pub unread_days: u32,
    /// Days for which events are kept for cursors; absent: as long as the letters.
    #[serde(default)]
    pub event_days: Option<u32>,
    #[serde(default)]
    pub webhooks: WebhooksConfig,
    /// Level a letter needs when its sender names none; the federal interface says high.
    #[serde(default = "required_level")]
    pub default_required_level: TrustLevel,
    /// Legal bases whose letters reach those who opted out of letters as well. None does unless
    /// the operator found that the law wants it.
    #[serde(default)]
    pub despite_opt_out: Vec<String>,
    /// The registered senders; a sender that is taken out can deliver no more.
    #[serde(default)]
    pub senders: Vec<Sender>,
}

/// `[[postbox.evidence_keys]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceKeyConfig {
    /// PKCS#8 PEM.
    pub file: PathBuf,
    /// RFC 3339, `"2027-01-01T00:00:00Z"`: after the last replica has it.
    #[serde(deserialize_with = "instant")]
    pub active_from: Timestamp,
}

/// `[[postbox.witnesses]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessConfig {
    /// Its key for cosignatures, `name+id+key`.
    pub key: String,
    /// Where it takes checkpoints (C2SP `tlog-witness`), https: `add-checkpoint` is put behind it.
    pub url: String,
}

/// `[postbox.scanner]`: clamd over TCP.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScannerConfig {
    /// Host and port. Its `StreamMaxLength` must exceed the largest attachment.
    pub address: String,
    /// Tenants whose attachments are taken without a scan.
    #[serde(default)]
    pub off_for: Vec<String>,
}

/// `[postbox.limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Attachments of one letter.
    pub attachments: usize,
    /// Bytes of one attachment.
    pub attachment_bytes: u64,
    /// Bytes of all attachments sent inline in one `Submit`.
    pub inline_bytes: usize,
    /// Letters that a sender may send in an hour (UTC), unless operators gave it a quota; without
    /// one there is no limit.
    pub letters_per_hour: Option<i64>,
    /// Bytes of texts and attachments that a sender may send in a day (Europe/Berlin).
    pub bytes_per_day: Option<i64>,
    /// Media types that are taken; an own list replaces the default one.
    pub media_types: Vec<String>,
    /// Tenants with the large profile.
    pub large_tenants: Vec<String>,
    /// Attachments of one letter in the large profile.
    pub large_attachments: usize,
    /// Bytes of one attachment in the large profile.
    pub large_attachment_bytes: u64,
    /// Milliseconds after which a quiet stream (`WatchEvents`, `WatchMailbox`) says that it is
    /// alive; less than what a proxy on the way waits.
    pub heartbeat_ms: NonZeroU32,
}

/// `[postbox.lanes]`: letters that one replica writes at the same time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LanesConfig {
    /// Of the interactive lane.
    pub interactive: usize,
    /// Of the bulk lane; well below the connections to the database.
    pub bulk: usize,
    /// Letters of one lane that may wait; more are refused (`LANE_FULL`).
    pub waiting: usize,
}

impl Default for LanesConfig {
    fn default() -> Self {
        Self { interactive: 32, bulk: 2, waiting: 1_000 }
    }
}

/// `[postbox.retention]`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Days after which a letter in the trash is deleted.
    pub trash_days: u32,
    /// Days after a letter counts as announced or served on which its content is deleted at the
    /// earliest: so long a remedy may be open (VwGO § 58(2)).
    pub remedy_days: u32,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { trash_days: 30, remedy_days: 366 }
    }
}

impl LimitsConfig {
    pub fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.heartbeat_ms.get().into())
    }
}

impl Default for LimitsConfig {
    /// As the federal postbox: 5 × 2 MiB.
    fn default() -> Self {
        Self {
            attachments: 5,
            attachment_bytes: 2 * 1024 * 1024,
            inline_bytes: 3 * 1024 * 1024,
            letters_per_hour: None,
            bytes_per_day: None,
            media_types: media::DEFAULT_TYPES.iter().map(|t| (*t).to_owned()).collect(),
            large_tenants: Vec::new(),
            large_attachments: 20,
            large_attachment_bytes: 2 * 1024 * 1024 * 1024,
            heartbeat_ms: NonZeroU32::new(5_000).unwrap_or(NonZeroU32::MAX),
        }
    }
}

/// `[postbox.webhooks]`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksConfig {
    /// Endpoints of one sender.
    pub endpoints: i64,
    /// Attempts for one event, with pauses that double from 5 s to an hour: 30 take about a day.
    pub attempts: i64,
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self { endpoints: 10, attempts: 30 }
    }
}

impl LimitsConfig {
    pub(crate) fn of_tenant(&self, tenant: &str) -> Limits {
        let large = self.large_tenants.iter().any(|t| t == tenant);
        let (count, bytes) = if large {
            (self.large_attachments, self.large_attachment_bytes)
        } else {
            (self.attachments, self.attachment_bytes)
        };
        Limits { count, bytes, media_types: self.media_types.clone() }
    }
}

impl Config {
    /// Keys and objects under one directory, defaults for the rest: what a sandbox needs.
    pub fn in_directory(dir: &Path, senders: Vec<Sender>) -> Self {
        Self {
            evidence_signing_key_file: dir.join("evidence-signing-key.pem"),
            evidence_keys: Vec::new(),
            key_encryption_key_file: dir.join("key-encryption-key"),
            log_signing_key_file: Some(dir.join("log-signing-key.pem")),
            witnesses: Vec::new(),
            object_store: ObjectStoreConfig::Files { dir: dir.join("objects") },
            scanner: None,
            limits: LimitsConfig::default(),
            lanes: LanesConfig::default(),
            retention: RetentionConfig::default(),
            operator_tenant: None,
            unread_days: unread_days(),
            event_days: None,
            webhooks: WebhooksConfig::default(),
            default_required_level: required_level(),
            despite_opt_out: Vec::new(),
            senders,
        }
    }
}

fn instant<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(text)?;
    Timestamp::parse_rfc3339(&text)
        .ok_or_else(|| serde::de::Error::custom("not an RFC 3339 instant"))
}

const fn unread_days() -> u32 {
    365
}

const fn required_level() -> TrustLevel {
    TrustLevel::High
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_and_defaults_are_those_of_the_federal_postbox() {
        let mut table = serde_json::json!({
            "evidence_signing_key_file": "a.pem",
            "key_encryption_key_file": "kek",
            "object_store": { "kind": "files", "dir": "objects" },
            "senders": [{ "client_id": "c", "tenant": "t", "sector": "s", "authority": "A" }],
        });
        let config: Config = serde_json::from_value(table.clone()).unwrap();
        assert_eq!((config.limits.attachments, config.limits.attachment_bytes), (5, 2_097_152));
        assert_eq!(config.default_required_level, TrustLevel::High);
        table["objects"] = "file:x".into();
        assert!(
            serde_json::from_value::<Config>(table).unwrap_err().to_string().contains("objects")
        );
    }
}
