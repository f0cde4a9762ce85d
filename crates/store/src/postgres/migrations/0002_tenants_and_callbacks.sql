-- Tenants, and the messages that are owed to clients, in the shape of all records; and an end for clients that are known
-- only by their key.

CREATE TABLE tenant (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  body text NOT NULL, PRIMARY KEY (key, issuer)
);

CREATE TABLE callback (
  key bytea NOT NULL, issuer bytea NOT NULL, version bigint NOT NULL, keep_until bigint, owner bytea,
  body text NOT NULL, PRIMARY KEY (key, issuer)
);
CREATE INDEX callback_keep_until ON callback (keep_until) WHERE keep_until IS NOT NULL;

CREATE INDEX client_keep_until ON client (keep_until) WHERE keep_until IS NOT NULL;
