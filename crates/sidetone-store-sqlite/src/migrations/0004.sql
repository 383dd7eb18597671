-- Version 4: what all nodes of a database must agree on is in it; calls and what is counted of them have a bucket; deliveries have headers of
-- their own, and say who signs them.

-- The operator's rules of sides, as published: nodes go by the newest. None is changed or removed.
-- Summaries name those that they were made by, by their digest.
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

-- Nothing sets or reads these.
alter table call drop column sealed;
alter table call drop column refused_events;
alter table call drop column lease_until_us;
alter table feedback_summary drop column lease_until_us;

-- Calls have a bucket (sidetone-core, bucket.rs), and what is counted of them stands in rows of
-- that bucket. How many an account has is settled when it is made: those that there are have one,
-- 0.
alter table account add column buckets integer not null default 1 check (buckets between 1 and 1024);
update account set checksum = iif(
  checksum = row_sum(sid, parent_sid, name, created_us, advanced_features, voice_trace, mirror_feedback),
  row_sum(sid, parent_sid, name, created_us, advanced_features, voice_trace, mirror_feedback, buckets),
  checksum
);
alter table call rename column shard_key to bucket;
alter table rollup rename column slot to bucket;
alter table judged rename column slot to bucket;
alter table hourly rename column slot to bucket;
alter table pdd rename column slot to bucket;
-- A delivery has the bucket of the call it is about.
alter table outbox rename column shard_key to bucket;

-- A line each, "name: value"; NULL: none.
alter table outbox add column headers text;
-- 0: with the auth token of the account, as Twilio does; 1: nobody.
alter table outbox add column signer integer not null default 0 check (signer in (0, 1));

-- The checksum covers both. A damaged row stays damaged.
update outbox set checksum = row_sum(
  sid, account, endpoint, subject, kind, method, url, content_type, body, created_us, headers, signer
) where checksum = row_sum(sid, account, endpoint, subject, kind, method, url, content_type, body, created_us);
