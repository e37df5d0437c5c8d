-- The name other members see, sealed; forgotten when the membership ends.
ALTER TABLE memberships ADD COLUMN name_sealed BYTEA;
-- The claim that this membership goes back to: it ends when that is revoked.
ALTER TABLE memberships ADD COLUMN claim_id UUID;
CREATE INDEX memberships_of_organisation ON memberships (organisation_id, began_at_us)
    WHERE ended_at_us IS NULL;

CREATE TABLE invitations (
    id UUID NOT NULL PRIMARY KEY,
    organisation_id UUID NOT NULL REFERENCES organisations (id),
    -- The member who invited.
    membership_id UUID NOT NULL,
    claim_id UUID,
    -- Keyed hash of the code.
    code_mac BYTEA NOT NULL,
    -- Name and address, sealed; NULL once it is over.
    person_sealed BYTEA,
    role BIGINT NOT NULL,
    minimum_level BIGINT NOT NULL,
    state BIGINT NOT NULL,
    invited_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    ended_at_us BIGINT
);
CREATE UNIQUE INDEX invitations_code ON invitations (code_mac);
CREATE INDEX invitations_of_organisation ON invitations (organisation_id, invited_at_us);
CREATE INDEX invitations_open ON invitations (expires_at_us) WHERE state = 1;

-- Programs that act for an organisation.
CREATE TABLE system_users (
    id UUID NOT NULL PRIMARY KEY,
    organisation_id UUID NOT NULL REFERENCES organisations (id),
    claim_id UUID,
    name TEXT NOT NULL,
    role BIGINT NOT NULL,
    -- RFC 7638, base64url.
    key_thumbprint TEXT NOT NULL,
    jwk TEXT NOT NULL,
    registered_at_us BIGINT NOT NULL,
    revoked_at_us BIGINT
);
-- A key is one program's for ever: a revoked one does not come back under another name.
CREATE UNIQUE INDEX system_users_key ON system_users (key_thumbprint);
CREATE INDEX system_users_of_organisation ON system_users (organisation_id, registered_at_us);

-- Wrong codes, by what was tried for; rows older than the window count no more and are removed.
CREATE TABLE code_attempts (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_mac BYTEA NOT NULL,
    at_us BIGINT NOT NULL
);
CREATE INDEX code_attempts_of ON code_attempts (key_mac, at_us);
CREATE INDEX code_attempts_at ON code_attempts (at_us);
