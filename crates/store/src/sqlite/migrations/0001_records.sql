-- The first schema: one table of the same shape for each kind of record.
--
-- Rows are appended in the order of their writing and found through their key's index: keys are random and
-- bodies large, so rows clustered by key would dirty several pages for each insert.
-- keep_until is indexed where rows end by themselves: it grows with time, so an insert appends to the index.
-- owner is indexed only where somebody lists by it.

PRAGMA application_id = 1349280116;

CREATE TABLE issuer (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;

CREATE TABLE client (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;

CREATE TABLE person (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;

CREATE TABLE name (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;

CREATE TABLE session (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;
CREATE INDEX session_owner ON session (issuer, owner, key) WHERE owner IS NOT NULL;
CREATE INDEX session_keep_until ON session (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE pending (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;
CREATE INDEX pending_keep_until ON pending (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE handle (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;
CREATE INDEX handle_keep_until ON handle (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE grants (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;
CREATE INDEX grants_owner ON grants (issuer, owner, key) WHERE owner IS NOT NULL;
CREATE INDEX grants_keep_until ON grants (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE family (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;
CREATE INDEX family_owner ON family (issuer, owner, key) WHERE owner IS NOT NULL;
CREATE INDEX family_keep_until ON family (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE refresh (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;
CREATE INDEX refresh_keep_until ON refresh (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE access (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;
CREATE INDEX access_keep_until ON access (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE signing_key (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;

CREATE TABLE data_key (
  issuer BLOB NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, keep_until INTEGER, owner BLOB,
  body TEXT NOT NULL, PRIMARY KEY (issuer, key)
) STRICT;

-- Values that may be used once: nothing but their key, so they are clustered by it.
CREATE TABLE spent (
  issuer BLOB NOT NULL, value BLOB NOT NULL, keep_until INTEGER NOT NULL, PRIMARY KEY (issuer, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_keep_until ON spent (keep_until);

-- What happened. Ids are ordered by time, so the oldest come first without an index on the time.
CREATE TABLE event (
  issuer BLOB NOT NULL, id BLOB NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (issuer, id)
) STRICT;

-- Written after a commit whose outcome was unknown, so that it can no longer come back from the log.
CREATE TABLE fence (id INTEGER PRIMARY KEY CHECK (id = 1), count INTEGER NOT NULL) STRICT;
INSERT INTO fence (id, count) VALUES (1, 0);
