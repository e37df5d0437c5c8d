//! What the pages need besides the database: keys made from the key encryption key, the password
//! workers, the face of the pages.

use std::sync::Arc;

use siegel_crypto::{DataKey, SealError, hkdf_sha256, hmac_sha256};
use siegel_grpc::Outside;
use siegel_kernel::{AccountId, Entropy, SessionId, Timestamp};
use siegel_web::{Branding, Csrf, Face};
use zeroize::Zeroizing;

use crate::app::passwords::PasswordPool;
use crate::breached::{BadList, Breached};
use crate::domain::email::EmailAddress;
use crate::passkeys::{BadPasskeyConfig, Passkeys};
use crate::people_config::PeopleConfig;

/// Shared by all pages; one per process.
pub struct People {
    pub keys: PeopleKeys,
    pub passwords: PasswordPool,
    pub breached: Breached,
    /// Absent when the origin can have none.
    pub passkeys: Option<Passkeys>,
    /// Whose log-in pages these are.
    pub name: String,
    pub face: Face,
}

/// Settings of `[identity.people]` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadPeopleConfig {
    #[error(transparent)]
    Breached(#[from] BadList),
    #[error(transparent)]
    Passkeys(#[from] BadPasskeyConfig),
}

impl People {
    /// `key_encryption_key` is the content of the service's key file, shared by all replicas.
    pub fn new(
        settings: &PeopleConfig,
        key_encryption_key: &[u8],
        outside: &Outside,
    ) -> Result<Self, BadPeopleConfig> {
        let keys = PeopleKeys::new(key_encryption_key, outside.entropy.clone());
        let csrf = Csrf::new(&keys.derive(b"forms")[..], outside.entropy.clone());
        let face = Face::new(&outside.origin, csrf)
            .branding(Branding::new(&settings.name))
            .sandbox(!outside.profile.is_production())
            .exempt(["/authorize", "/logout", "/par", "/token", "/userinfo", "/revoke"]);
        let passwords = PasswordPool::new(
            settings.password_workers,
            settings.password_queue,
            outside.entropy.clone(),
        );
        let breached = Breached::new(settings, &outside.egress)?;
        let passkeys = Passkeys::new(&outside.origin, &settings.name, &settings.passkeys)?;
        if passkeys.is_none() {
            tracing::warn!("there are no passkeys at an origin without a domain name");
        }
        Ok(Self { keys, passwords, breached, passkeys, name: settings.name.clone(), face })
    }
}

/// Keys for what is stored about people, each for one purpose (RFC 5869 §3.2).
pub struct PeopleKeys {
    root: Zeroizing<Vec<u8>>,
    sealing: DataKey,
    lookup: Zeroizing<[u8; 32]>,
    codes: Zeroizing<[u8; 32]>,
    cards: Zeroizing<[u8; 32]>,
    entropy: Arc<dyn Entropy>,
}

impl PeopleKeys {
    pub fn new(root: &[u8], entropy: Arc<dyn Entropy>) -> Self {
        let derive = |info: &[u8]| Zeroizing::new(hkdf_sha256(root, b"siegel identity", info));
        Self {
            root: Zeroizing::new(root.to_vec()),
            sealing: DataKey::from_bytes(*derive(b"seal")),
            lookup: derive(b"address lookup"),
            codes: derive(b"mail codes"),
            cards: derive(b"cards"),
            entropy,
        }
    }

    fn derive(&self, info: &[u8]) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(hkdf_sha256(&self.root, b"siegel identity", info))
    }

    /// What an address is found by: nobody can try addresses on a stolen table without the key.
    pub fn address_hash(&self, address: &EmailAddress) -> [u8; 32] {
        hmac_sha256(&self.lookup[..], address.lookup().as_bytes())
    }

    /// An address for its column, bound to its hash.
    pub fn seal_address(&self, address: &EmailAddress) -> Result<Vec<u8>, SealError> {
        let context = address_context(&self.address_hash(address));
        siegel_crypto::seal(&self.sealing, &context, address.as_str().as_bytes(), &*self.entropy)
    }

    /// Opens what [`PeopleKeys::seal_address`] made; empty for an account without an address.
    pub fn open_address(&self, hash: &[u8], sealed: &[u8]) -> Result<String, SealError> {
        if sealed.is_empty() {
            return Ok(String::new());
        }
        let plain = siegel_crypto::open(&self.sealing, &address_context(hash), sealed)?;
        String::from_utf8(plain.to_vec()).map_err(|_| SealError::DoesNotOpen)
    }

    /// Stands where an account without an address would have its hash: that of no address.
    pub fn no_address_hash(&self, account: AccountId) -> [u8; 32] {
        let id = account.as_uuid();
        hmac_sha256(&self.lookup[..], &fields(&[b"no address", id.as_bytes()]))
    }

    /// A person of a provider. By its issuer too: one that moved meets nobody's account.
    pub fn upstream_hash(&self, issuer: &str, pseudonym: &str) -> [u8; 32] {
        let all = fields(&[b"upstream", issuer.as_bytes(), pseudonym.as_bytes()]);
        hmac_sha256(&self.cards[..], &all)
    }

    /// Seals a job for the outbox.
    pub fn seal_job(&self, kind: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        siegel_crypto::seal(&self.sealing, &job_context(kind), plain, &*self.entropy)
    }

    /// Opens what [`PeopleKeys::seal_job`] made.
    pub fn open_job(&self, kind: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        siegel_crypto::open(&self.sealing, &job_context(kind), sealed)
    }

    /// A mailed code, bound to the registration it belongs to.
    pub fn code_hash(&self, registration: &[u8], code: &str) -> [u8; 32] {
        hmac_sha256(&self.codes[..], &fields(&[registration, code.as_bytes()]))
    }

    /// A code, bound to what it is for and whose it is.
    pub fn bound_code_hash(&self, purpose: &str, of: &[u8], code: &str) -> [u8; 32] {
        let parts = [b"bound", purpose.as_bytes(), of, code.as_bytes()];
        hmac_sha256(&self.codes[..], &fields(&parts))
    }

    /// Seals the secret of a credential, bound to its id.
    pub fn seal_secret(&self, credential: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        siegel_crypto::seal(&self.sealing, &secret_context(credential), plain, &*self.entropy)
    }

    /// Opens what [`PeopleKeys::seal_secret`] made.
    pub fn open_secret(
        &self,
        credential: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        siegel_crypto::open(&self.sealing, &secret_context(credential), sealed)
    }

    /// Seals what a guest's card said, bound to the session.
    pub fn seal_guest(&self, session: SessionId, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        siegel_crypto::seal(&self.sealing, &guest_context(session), plain, &*self.entropy)
    }

    /// Opens what [`PeopleKeys::seal_guest`] made.
    pub fn open_guest(
        &self,
        session: SessionId,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        siegel_crypto::open(&self.sealing, &guest_context(session), sealed)
    }

    /// What a device keeps as the user of a passkey: it says nothing about the account to others.
    pub fn passkey_user(&self, account: AccountId) -> [u8; 16] {
        let whole =
            hmac_sha256(&self.cards[..], &fields(&[b"passkey user", account.as_uuid().as_bytes()]));
        let mut user = [0; 16];
        user.copy_from_slice(whole.get(..16).unwrap_or(&[0; 16]));
        user
    }

    /// A network on one day (UTC): nobody can tell afterwards whose it was.
    pub fn network_hash(&self, network: &[u8], at: Timestamp) -> [u8; 32] {
        let day = at.as_seconds().div_euclid(24 * 60 * 60).to_be_bytes();
        hmac_sha256(&self.lookup[..], &fields(&[b"network", &day, network]))
    }

    /// A card by its source and pseudonym: the pseudonym alone is unique only within its source.
    pub fn card_hash(&self, source: &str, pseudonym: &str) -> [u8; 32] {
        hmac_sha256(&self.cards[..], &fields(&[b"card", source.as_bytes(), pseudonym.as_bytes()]))
    }

    /// Whose card it is: compared when a second card is added.
    pub fn holder_hash(&self, parts: &[&str]) -> [u8; 32] {
        let mut all: Vec<&[u8]> = vec![b"holder"];
        all.extend(parts.iter().map(|p| p.as_bytes()));
        hmac_sha256(&self.cards[..], &fields(&all))
    }
}

fn address_context(hash: &[u8]) -> Vec<u8> {
    [b"identity address ".as_slice(), hash].concat()
}

fn secret_context(credential: &str) -> Vec<u8> {
    format!("identity credential {credential}").into_bytes()
}

fn guest_context(session: SessionId) -> Vec<u8> {
    format!("identity guest {session}").into_bytes()
}

fn job_context(kind: &str) -> Vec<u8> {
    format!("identity job {kind}").into_bytes()
}

/// Fields so joined that no two lists give the same bytes.
fn fields(parts: &[&[u8]]) -> [u8; 32] {
    siegel_crypto::sha256_fields(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use siegel_crypto::SystemEntropy;

    fn keys(root: u8) -> PeopleKeys {
        PeopleKeys::new(&[root; 32], Arc::new(SystemEntropy::new()))
    }

    #[test]
    fn a_sealed_address_opens_only_with_its_own_hash_and_key() {
        let erika = EmailAddress::parse("erika@example.org").unwrap();
        let max = EmailAddress::parse("max@example.org").unwrap();
        let keys = keys(1);
        let sealed = keys.seal_address(&erika).unwrap();
        let hash = keys.address_hash(&erika);
        assert_eq!(keys.open_address(&hash, &sealed).unwrap(), "erika@example.org");
        assert!(keys.open_address(&keys.address_hash(&max), &sealed).is_err());
        assert!(super::tests::keys(2).open_address(&hash, &sealed).is_err());
    }

    #[test]
    fn one_pseudonym_of_two_sources_is_two_cards() {
        let keys = keys(1);
        assert_ne!(keys.card_hash("card", "x"), keys.card_hash("simulated", "x"));
        assert_ne!(keys.card_hash("a", "bc"), keys.card_hash("ab", "c"));
    }
}
