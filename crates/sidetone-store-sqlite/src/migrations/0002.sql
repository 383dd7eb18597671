-- Version 2: rows carry the CRC-32 of their columns (sqlite/checksum.rs), packed JSON carries its own (sqlite/codec.rs).
-- From now on, feedback_log.before and after have the order of the issues from bit 11 on (sqlite/hourly.rs).

alter table call add column checksum integer;
alter table annotation add column checksum integer;
alter table annotation_log add column checksum integer;
alter table feedback add column checksum integer;
alter table feedback_log add column checksum integer;
alter table feedback_summary add column checksum integer;
alter table account add column checksum integer;
alter table hourly add column checksum integer;
alter table rules add column checksum integer;
alter table outbox add column checksum integer;

-- What is there now is taken for what was written. From now on, a row without a checksum is a damaged one.
update call set checksum = row_sum(
  account, sid, advanced_features, placeholder, version, annotation, annotation_revision, last_change, rated,
  end_key, from_hash, to_hash, from_address, to_address, start_us, ended_us, pdd_bin, call_type, call_state,
  direction, answered_by, abnormal_session, has_tag, tags, processing, shape, from_country, to_country, from_carrier,
  to_carrier, judged, heard, connectivity_issue, quality_issues, spam, call_score, verified_caller, branded_enabled,
  branded_logo, branded_bundle, branded_type, branded_use_case, branded_call_reason, integrity_enabled,
  integrity_bundle, integrity_use_case, business_bundle, business_identity, business_industry, business_type,
  user_agents
);
update annotation set checksum = row_sum(call_id, author, revision, body);
update annotation_log set checksum = row_sum(
  call_id, previous, seq, author, revision, changed_by, at_us, before, after
);
update feedback set checksum = row_sum(call_id, last_change, created_us, updated_us);
update feedback_log set checksum = row_sum(call_id, previous, changed_by, at_us, before, after);
update feedback_summary set checksum = row_sum(
  sid, account, first_day, last_day, include_subaccounts, status, tally, created_us, updated_us, callback_url,
  callback_by_get
);
update account set checksum = row_sum(
  sid, parent_sid, name, created_us, advanced_features, voice_trace, mirror_feedback
);
update hourly set checksum = row_sum(
  account, hour, slot, calls, score_1, score_2, score_3, score_4, score_5, issue_0, issue_1, issue_2, issue_3,
  issue_4, issue_5, issue_6, issue_7
);
update rules set checksum = row_sum(day, body);
update outbox set checksum = row_sum(
  sid, account, endpoint, subject, kind, method, url, content_type, body, created_us
);

-- What is written to find out whether writing is possible.
create table probe (
  only_row integer primary key check (only_row = 1),
  writes integer not null check (writes >= 0),
  -- As long as a request may be: where a page fits, a call may not.
  filling blob
) strict;
insert into probe values (1, 0, null);

-- Calls that are hard to fold. A row is there from before one is tried until it is folded: what remains was cut short, by
-- the end of the process as a rule, or given up.
create table set_aside (
  call_id integer primary key references call (id),
  -- The version of the fold that tried; another one may try again.
  fold_version integer not null,
  -- How often it was begun and not ended.
  tries integer not null check (tries >= 0),
  at_us integer not null,
  -- Why it was given up; NULL: it was not.
  reason text
) strict;

-- States have a checksum from now on. Without one, a call is folded from its first event once more.
delete from fold_state;
