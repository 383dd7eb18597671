-- Version 4: what all nodes of a database must agree on is in it.

-- The operator's rules of sides, as published: nodes go by the newest. None is changed or removed:
-- summaries name those that they were made by.
create table side_rules (
  version integer primary key check (version >= 1),
  -- JSON of the rules, first to last.
  body text not null,
  checksum integer not null
) strict;

-- Which key secrets are sealed with. Kept with the first account; none is, where that was made by
-- an earlier version and nobody has shown since that his key opens what is sealed.
create table secret_key (
  only_row integer primary key check (only_row = 1),
  -- Tells the key from others and does not give it away.
  fingerprint blob not null check (length(fingerprint) = 32),
  checksum integer not null
) strict;
