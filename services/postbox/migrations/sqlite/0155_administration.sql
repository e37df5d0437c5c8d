-- What operators decide: limits, quotas, retention, holds, outages; and what waits for a second one.
CREATE TABLE tenant_limits (
    tenant TEXT NOT NULL PRIMARY KEY,
    profile TEXT NOT NULL CHECK (profile IN ('configured', 'federal', 'large')),
    -- In place of the profile's; absent for the profile's.
    attachments INTEGER,
    attachment_bytes INTEGER
) STRICT;

CREATE TABLE quotas (
    tenant TEXT NOT NULL,
    -- Empty for every sender of the tenant without a row of its own.
    client_id TEXT NOT NULL,
    letters_per_hour INTEGER,
    bytes_per_day INTEGER,
    weight INTEGER NOT NULL,
    PRIMARY KEY (tenant, client_id)
) STRICT;

-- What replicas took of a quota: in pieces, so that no row is written for each letter.
CREATE TABLE quota_use (
    tenant TEXT NOT NULL,
    client_id TEXT NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('letters', 'bytes')),
    resets_at_us INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    PRIMARY KEY (tenant, client_id, what)
) STRICT;

CREATE TABLE retention_classes (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    days INTEGER NOT NULL,
    is_default INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT;
CREATE UNIQUE INDEX retention_classes_default ON retention_classes (tenant) WHERE is_default;

-- Letters whose content goes one day: by their class, or because their owner threw them away.
CREATE TABLE retention (
    mailbox_id BLOB NOT NULL,
    letter_id BLOB NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('class', 'trash')),
    -- Empty for the trash.
    class TEXT NOT NULL,
    days INTEGER NOT NULL,
    -- What they count from; absent for the letter's end.
    since_us INTEGER,
    -- When the sweeper looks again; never later than the deletion is due.
    check_at_us INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, letter_id, cause)
) STRICT;
CREATE INDEX retention_by_time ON retention (check_at_us);

-- Objects whose key is destroyed: removed from the store, then from here.
CREATE TABLE doomed_objects (
    object_key TEXT NOT NULL PRIMARY KEY
) STRICT;

CREATE TABLE legal_holds (
    id BLOB NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    mailbox_id BLOB NOT NULL,
    -- One letter, the letters of one case, or all of the tenant's in the mailbox.
    letter_id BLOB,
    case_tag BLOB,
    reference TEXT NOT NULL,
    placed_at_us INTEGER NOT NULL,
    placed_by TEXT NOT NULL,
    released_at_us INTEGER
) STRICT;
CREATE INDEX legal_holds_in_force ON legal_holds (mailbox_id) WHERE released_at_us IS NULL;
CREATE INDEX legal_holds_of_tenant ON legal_holds (tenant, placed_at_us);

CREATE TABLE admin_proposals (
    id BLOB NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    -- JSON; its SHA-256 is what is approved.
    change TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at_us INTEGER NOT NULL,
    decided_at_us INTEGER
) STRICT;
CREATE INDEX admin_proposals_waiting ON admin_proposals (tenant) WHERE decided_at_us IS NULL;

CREATE TABLE outages (
    id BLOB NOT NULL PRIMARY KEY,
    from_us INTEGER NOT NULL,
    to_us INTEGER NOT NULL,
    reason TEXT NOT NULL,
    declared_at_us INTEGER NOT NULL,
    declared_by TEXT NOT NULL
) STRICT;
CREATE INDEX outages_by_end ON outages (to_us);
