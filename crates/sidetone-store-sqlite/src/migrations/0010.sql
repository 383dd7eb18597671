-- Version 10: rules that calls are held to, and alerts.

create table alert_rule (
  id integer primary key,
  sid blob not null unique check (length(sid) = 16),
  account integer not null references account (id),
  name text not null,
  -- What it watches, in the words of whoever evaluates it.
  definition text not null,
  -- NULL: somebody is told.
  muted_us integer,
  created_us integer not null,
  updated_us integer not null,
  checksum integer
) strict;
create unique index alert_rule_by_name on alert_rule (account, name);

-- Times that rules were broken. A rule may be gone before its alerts.
create table alert (
  id integer primary key,
  sid blob not null unique check (length(sid) = 16),
  account integer not null references account (id),
  rule blob not null check (length(rule) = 16),
  -- Which of the rule's groups, which may be a telephone number; '': it has none.
  grouped text not null,
  -- 0: pending, 1: firing, 2: resolved.
  state integer not null check (state between 0 and 2),
  version integer not null check (version >= 1),
  pending_us integer not null,
  fired_us integer,
  resolved_us integer,
  -- What is said of it, in the words of whoever evaluates rules.
  about text not null,
  -- CallSids, 16 bytes each.
  calls blob not null check (length(calls) % 16 = 0),
  checksum integer,
  check ((fired_us is null) = (state = 0)),
  check ((resolved_us is not null) = (state = 2))
) strict;
create index alert_by_account on alert (account);
-- One alert of a rule and group goes on at a time.
create unique index alert_open on alert (rule, grouped) where state < 2;
create index alert_fired on alert (fired_us) where fired_us is not null;
create index alert_resolved on alert (resolved_us) where resolved_us is not null;
