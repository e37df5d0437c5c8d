-- How days are counted, with sources in docs/receipts.md. Every row waits for the operator's
-- confirmation (`confirmed_by_operator`); receipts say whether it was given.
CREATE TABLE legal_rules (
    rule_id TEXT NOT NULL PRIMARY KEY,
    -- What senders name in `Letter.legal_basis`.
    legal_basis TEXT NOT NULL,
    law TEXT NOT NULL,
    -- First and last day 0 the row is for, local dates.
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    day0_event TEXT NOT NULL CHECK (day0_event IN ('provision', 'sending', 'notification', 'retrieval')),
    days INTEGER NOT NULL,
    shift TEXT NOT NULL CHECK (shift IN ('none', 'working_day')),
    on_no_retrieval TEXT NOT NULL CHECK (on_no_retrieval IN ('deemed_announced', 'deemed_served', 'provision_ends')),
    -- Days of provision after the notification, where provision ends.
    provision_days INTEGER,
    confirmed_by_operator INTEGER NOT NULL
) STRICT;
CREATE INDEX legal_rules_by_basis ON legal_rules (legal_basis, valid_from);

INSERT INTO legal_rules (rule_id, legal_basis, law, valid_from, valid_to, day0_event, days, shift, on_no_retrieval, provision_days, confirmed_by_operator) VALUES
    ('ozg-9/1', 'ozg-9', 'OZG § 9 Abs. 1', '2017-08-18', '2024-12-31', 'provision', 3, 'none', 'deemed_announced', NULL, FALSE),
    ('ozg-9/2', 'ozg-9', 'OZG § 9 Abs. 1', '2025-01-01', NULL, 'provision', 4, 'none', 'deemed_announced', NULL, FALSE),
    ('vwvfg-41-2/1', 'vwvfg-41-2', 'VwVfG § 41 Abs. 2', '2009-01-01', '2024-12-31', 'sending', 3, 'none', 'deemed_announced', NULL, FALSE),
    ('vwvfg-41-2/2', 'vwvfg-41-2', 'VwVfG § 41 Abs. 2', '2025-01-01', NULL, 'sending', 4, 'none', 'deemed_announced', NULL, FALSE),
    ('vwvfg-41-2a/1', 'vwvfg-41-2a', 'VwVfG § 41 Abs. 2a', '2017-01-01', NULL, 'retrieval', 1, 'none', 'provision_ends', 10, FALSE),
    ('vwzg-5-7/1', 'vwzg-5-7', 'VwZG § 5 Abs. 7', '2009-01-01', '2024-12-31', 'sending', 3, 'none', 'deemed_served', NULL, FALSE),
    ('vwzg-5-7/2', 'vwzg-5-7', 'VwZG § 5 Abs. 7', '2025-01-01', NULL, 'sending', 4, 'none', 'deemed_served', NULL, FALSE),
    ('ao-122-2/1', 'ao-122-2', 'AO § 122 Abs. 2, 2a', '2009-01-01', '2024-12-31', 'sending', 3, 'working_day', 'deemed_announced', NULL, FALSE),
    ('ao-122-2/2', 'ao-122-2', 'AO § 122 Abs. 2, 2a', '2025-01-01', NULL, 'sending', 4, 'working_day', 'deemed_announced', NULL, FALSE),
    ('ao-122a/1', 'ao-122a', 'AO § 122a Abs. 4', '2017-01-01', '2024-12-31', 'notification', 3, 'working_day', 'deemed_announced', NULL, FALSE),
    ('ao-122a/2', 'ao-122a', 'AO § 122a Abs. 4', '2025-01-01', NULL, 'notification', 4, 'working_day', 'deemed_announced', NULL, FALSE),
    ('sgbx-37/1', 'sgbx-37', 'SGB X § 37 Abs. 2', '2009-01-01', '2024-12-31', 'sending', 3, 'none', 'deemed_announced', NULL, FALSE),
    ('sgbx-37/2', 'sgbx-37', 'SGB X § 37 Abs. 2', '2025-01-01', NULL, 'sending', 4, 'none', 'deemed_announced', NULL, FALSE),
    ('lvwg-sh-110/1', 'lvwg-sh-110', 'LVwG SH § 110', '2025-01-01', NULL, 'sending', 4, 'none', 'deemed_announced', NULL, FALSE);
