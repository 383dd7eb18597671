-- Version 5.

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
