-- What an initial access token registers: clients for real people, or for tests.
ALTER TABLE initial_tokens ADD COLUMN environment TEXT NOT NULL DEFAULT 'production'
    CHECK (environment IN ('production', 'test'));
-- Thumbprint of the key that proved who made it, where operators have keys.
ALTER TABLE initial_tokens ADD COLUMN created_key TEXT;

-- Thumbprint of the key that proved who proposed; absent for proposals of clients themselves, and
-- where operators are known by name only.
ALTER TABLE client_proposals ADD COLUMN proposed_key TEXT;
