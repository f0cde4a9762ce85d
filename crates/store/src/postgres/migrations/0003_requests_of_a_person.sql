-- Requests that are laid before a person are listed on that person's page. All others have no owner, and cost the index
-- nothing.

CREATE INDEX pending_owner ON pending (owner, issuer, key) WHERE owner IS NOT NULL;
