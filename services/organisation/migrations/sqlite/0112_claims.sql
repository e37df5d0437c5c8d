-- Claims of organisations. States: 1 waiting, 2 asked, 3 cooling, 4 active, 5 rejected, 6 withdrawn,
-- 7 revoked.
CREATE TABLE claims (
    id BLOB NOT NULL PRIMARY KEY,
    -- NULL for a recovery of an organisation that is not there.
    organisation_id BLOB REFERENCES organisations (id),
    account_id BLOB NOT NULL,
    recovery INTEGER NOT NULL,
    method INTEGER NOT NULL,
    state INTEGER NOT NULL,
    -- Register kind, court and number in one comparable text; NULL where there is no entry.
    register_key TEXT,
    -- The register entry as it was claimed, JSON.
    register TEXT,
    -- Name of the claimant, sealed; NULL once the claim is over.
    claimant_sealed BLOB,
    -- Level of the claimant's session.
    authentication_level INTEGER NOT NULL,
    -- Level at which the organisation was identified; set with the proof.
    level INTEGER,
    -- What the proof found, JSON: goes into the record when the cooling period is over.
    facts TEXT,
    challenge TEXT NOT NULL,
    -- What the letter prints for the account.
    account_name TEXT NOT NULL,
    -- Where the letter goes, JSON, sealed; NULL once it was sent.
    letter_sealed BLOB,
    -- Keyed hash of the revocation code; NULL once it was used or the claim is over.
    code_mac BLOB,
    claimed_at_us INTEGER NOT NULL,
    proven_at_us INTEGER,
    letter_sent_at_us INTEGER,
    cooling_until_us INTEGER,
    ended_at_us INTEGER
) STRICT, WITHOUT ROWID;
-- One claim holds a register entry, all others wait. A recovery takes over what is held already.
CREATE UNIQUE INDEX claims_entry ON claims (register_key)
    WHERE state IN (2, 3, 4) AND NOT recovery;
CREATE UNIQUE INDEX claims_recovery ON claims (register_key, account_id)
    WHERE state IN (2, 3) AND recovery;
CREATE UNIQUE INDEX claims_organisation ON claims (organisation_id)
    WHERE state IN (1, 2, 3, 4) AND NOT recovery;
CREATE UNIQUE INDEX claims_account_name ON claims (account_name);
CREATE INDEX claims_of_account ON claims (account_id, claimed_at_us);
CREATE INDEX claims_waiting ON claims (register_key, claimed_at_us) WHERE state = 1;
CREATE INDEX claims_cooling ON claims (cooling_until_us) WHERE state = 3;
CREATE INDEX claims_to_do ON claims (claimed_at_us) WHERE state IN (2, 3);
