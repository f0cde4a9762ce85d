-- The first schema: one table of the same shape for each kind of record.
--
-- A row's key is random, so it comes first in the primary key: an engine that spreads a table over machines can
-- spread it by the key. Time-ordered keys (people, clients, events) are rare beside the others.
-- The columns that end in _key repeat what the body names, so that one statement reads a token with all it rests on.
-- keep_until is indexed where rows end by themselves, owner where somebody lists by it.
-- Bodies are text and not jsonb, which cannot hold every string JSON can, and would be parsed by every write.

CREATE TABLE issuer (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  body text NOT NULL, PRIMARY KEY (key, issuer)
);

CREATE TABLE client (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  body text NOT NULL, PRIMARY KEY (key, issuer)
);

CREATE TABLE person (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  body text NOT NULL, PRIMARY KEY (key, issuer)
);

CREATE TABLE name (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  body text NOT NULL, PRIMARY KEY (key, issuer)
);

CREATE TABLE session (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  body text NOT NULL, PRIMARY KEY (key, issuer)
);
CREATE INDEX session_owner ON session (owner, issuer, key) WHERE owner IS NOT NULL;
CREATE INDEX session_keep_until ON session (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE pending (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  body text NOT NULL, PRIMARY KEY (key, issuer)
);
CREATE INDEX pending_keep_until ON pending (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE handle (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  pending_key bytea, body text NOT NULL, PRIMARY KEY (key, issuer)
);
CREATE INDEX handle_keep_until ON handle (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE grants (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  body text NOT NULL, PRIMARY KEY (key, issuer)
);
CREATE INDEX grants_owner ON grants (owner, issuer, key) WHERE owner IS NOT NULL;
CREATE INDEX grants_keep_until ON grants (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE family (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  session_key bytea, person_key bytea, body text NOT NULL, PRIMARY KEY (key, issuer)
);
CREATE INDEX family_owner ON family (owner, issuer, key) WHERE owner IS NOT NULL;
CREATE INDEX family_keep_until ON family (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE refresh (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  family_key bytea, body text NOT NULL, PRIMARY KEY (key, issuer)
);
CREATE INDEX refresh_keep_until ON refresh (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE access (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  family_key bytea, grant_key bytea, session_key bytea, person_key bytea, body text NOT NULL,
  PRIMARY KEY (key, issuer)
);
CREATE INDEX access_keep_until ON access (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE signing_key (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  body text NOT NULL, PRIMARY KEY (key, issuer)
);

CREATE TABLE data_key (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  body text NOT NULL, PRIMARY KEY (key, issuer)
);

-- Values that may be used once.
CREATE TABLE spent (
  value bytea NOT NULL, issuer bytea NOT NULL, keep_until bigint NOT NULL, PRIMARY KEY (value, issuer)
);
CREATE INDEX spent_keep_until ON spent (keep_until);

-- What happened; its ids are ordered by time. A row without a body is a tombstone: somebody asked what became of the
-- commit of that id, was told that it had not happened, and the row keeps it from happening later. fence counts how
-- often it was asked, so that a commit which is tried once more on purpose is told from one that was given up.
CREATE TABLE event (
  id bytea NOT NULL, issuer bytea NOT NULL, at bigint NOT NULL, fence bigint, body text, PRIMARY KEY (id, issuer)
);

-- Counts the commits that changed what nodes keep in memory. Their sum is what nodes compare; several rows, so that
-- such commits seldom wait for each other.
CREATE TABLE revision (slot bigint PRIMARY KEY, number bigint NOT NULL);
INSERT INTO revision (slot, number) VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0);
