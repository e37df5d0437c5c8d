-- The size of the newest checkpoint that each witness of the public log has cosigned.
CREATE TABLE log_witnesses (
    name TEXT NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL
) STRICT;
