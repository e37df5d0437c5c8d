-- Each lane of the outbox has its own index: a worker of the pushes does not read past all jobs of
-- the inside to learn that there is none for it.
DROP INDEX outbox_by_due;
CREATE INDEX outbox_inside ON outbox (due_at_us, id) WHERE kind NOT LIKE 'push.%';
CREATE INDEX outbox_pushes ON outbox (due_at_us, id) WHERE kind LIKE 'push.%';
