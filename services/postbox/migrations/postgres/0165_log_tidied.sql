-- Entries up to which the partial tiles of the public log are removed.
ALTER TABLE log_head ADD COLUMN tidied BIGINT NOT NULL DEFAULT 0;
CREATE INDEX log_checkpoints_by_time ON log_checkpoints (signed_at_us);
