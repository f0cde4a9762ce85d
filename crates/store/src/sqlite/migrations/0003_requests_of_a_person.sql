-- Requests that are laid before a person are listed on that person's page. All others have no owner, and cost the index
-- nothing.

CREATE INDEX pending_owner ON pending (issuer, owner, key) WHERE owner IS NOT NULL;
