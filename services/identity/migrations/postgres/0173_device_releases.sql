-- What a mailed code is for: `reset` of a password, or `release` of a device.
ALTER TABLE password_resets ADD COLUMN purpose TEXT NOT NULL DEFAULT 'reset';
