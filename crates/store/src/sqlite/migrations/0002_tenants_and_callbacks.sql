-- Tenants, and the messages that are owed to clients, in the shape of all records; and an end for clients that are known
-- only by their key.

CREATE TABLE tenant (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;

CREATE TABLE callback (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;
CREATE INDEX callback_keep_until ON callback (keep_until) WHERE keep_until IS NOT NULL;

CREATE INDEX client_keep_until ON client (keep_until) WHERE keep_until IS NOT NULL;
