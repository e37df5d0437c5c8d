//! What clients know people and sessions by: different in every sector, so that two portals cannot
//! tell they serve the same person (OpenID Connect Core §8.1).

use siegel_crypto::{b64, hkdf_sha256};
use siegel_kernel::{AccountId, OrganisationId, SessionId};

/// The subject of an account in a sector: 43 characters, the same each time.
pub fn subject(key: &[u8], sector: &str, account: AccountId) -> String {
    derive(key, "subject", sector, account.as_uuid().as_bytes())
}

/// The id of a session in a sector.
pub fn session(key: &[u8], sector: &str, session: SessionId) -> String {
    derive(key, "session", sector, session.as_uuid().as_bytes())
}

/// What an organisation is called in a sector.
pub fn organisation(key: &[u8], sector: &str, organisation: OrganisationId) -> String {
    derive(key, "organisation", sector, organisation.as_uuid().as_bytes())
}

/// What a sector calls something else that all of the suite knows by one name: a mandate, a path.
pub fn other(key: &[u8], kind: &str, sector: &str, name: &str) -> String {
    derive(key, kind, sector, name.as_bytes())
}

fn derive(key: &[u8], kind: &str, sector: &str, id: &[u8]) -> String {
    let info = siegel_crypto::sha256_fields(&[kind.as_bytes(), sector.as_bytes(), id]);
    b64::encode(hkdf_sha256(key, b"siegel pairwise v1", &info))
}

#[cfg(test)]
mod tests {
    use super::*;
    use siegel_testkit::{CountingEntropy, TestClock};

    #[test]
    fn a_person_has_one_subject_per_sector_and_another_in_each() {
        let (clock, entropy) = (TestClock::default(), CountingEntropy::default());
        let account = AccountId::new(&clock, &entropy).unwrap();
        let other = AccountId::new(&clock, &entropy).unwrap();
        let here = subject(&[1; 32], "musterstadt", account);
        assert_eq!(here, subject(&[1; 32], "musterstadt", account));
        assert_ne!(here, subject(&[1; 32], "beispielau", account));
        assert_ne!(here, subject(&[1; 32], "musterstadt", other));
        assert_ne!(here, subject(&[2; 32], "musterstadt", account));
        let as_session = SessionId::from_uuid(account.as_uuid());
        assert_ne!(here, session(&[1; 32], "musterstadt", as_session));
        assert_eq!(here.len(), 43);
    }
}
