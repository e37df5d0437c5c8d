-- The membership that registered a program; nothing for programs from before this column.
ALTER TABLE system_users ADD COLUMN registered_by UUID;
