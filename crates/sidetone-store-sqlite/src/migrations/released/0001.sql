-- A database of version 1, as that version wrote it.
CREATE TABLE account (
  id integer primary key,
  -- The 128 bits of the AccountSid.
  sid blob not null unique check (length(sid) = 16),
  -- The account this one is a subaccount of. Such an account has no parent itself.
  parent_sid blob references account (sid) check (length(parent_sid) = 16 and parent_sid <> sid),
  name text not null,
  created_us integer not null,
  advanced_features integer not null check (advanced_features in (0, 1)),
  voice_trace integer not null check (voice_trace in (0, 1)),
  -- 1: new feedback is written into the annotation too.
  mirror_feedback integer not null default 0 check (mirror_feedback in (0, 1))
) strict;
CREATE TABLE account_token (
  account integer not null references account (id),
  -- 0 is the primary token, 1 the one being rotated in or out.
  place integer not null check (place between 0 and 9),
  -- Encrypted above the store.
  sealed blob not null,
  -- NULL: valid until replaced.
  expires_us integer,
  primary key (account, place)
) strict, without rowid;
CREATE TABLE provider_secret (
  -- The AccountSid the provider sends, as text.
  provider_account text primary key,
  account integer not null references account (id),
  -- Encrypted above the store.
  sealed blob not null
) strict, without rowid;
CREATE INDEX provider_secret_account on provider_secret (account);
CREATE TABLE api_key (
  -- The 128 bits of the key's SK identifier.
  sid blob primary key check (length(sid) = 16),
  account integer not null references account (id),
  name text not null,
  -- Encrypted above the store.
  sealed blob not null,
  created_us integer not null,
  -- 1: no longer accepted. The row stays, so that the history keeps a name for it.
  revoked integer not null default 0 check (revoked in (0, 1))
) strict, without rowid;
CREATE TABLE account_epoch (
  only_row integer primary key check (only_row = 1),
  epoch integer not null check (epoch >= 0)
) strict;
CREATE TABLE term (
  id integer primary key,
  text text not null unique
) strict;
CREATE TABLE call (
  id integer primary key,
  shard_key integer not null default 0,
  account integer not null references account (id),
  -- The 128 bits of the CallSid. Unique within an account.
  sid blob not null check (length(sid) = 16),

  -- 1: exists only because somebody judged it; nothing was observed of it.
  placeholder integer not null default 0 check (placeholder in (0, 1)),
  -- Whether the account had advanced features on when the call was first seen.
  advanced_features integer not null check (advanced_features in (0, 1)),
  -- 1: the raw events have expired; later ones are refused and counted.
  sealed integer not null default 0 check (sealed in (0, 1)),
  refused_events integer not null default 0 check (refused_events >= 0),

  -- Events in the log; also the position of the last of them.
  event_count integer not null default 0 check (event_count >= 0),
  -- Position of the last event the summary knows.
  position integer not null default 0 check (position >= 0),
  -- Versions of the summary so far; 0: there is none yet.
  version integer not null default 0 check (version >= 0),
  -- From when on it is to be folded, because there are events the summary does not know; NULL: it knows all.
  dirty_us integer,
  -- When the last event came in, by our clock.
  last_received_us integer,
  -- Until when somebody is folding it.
  lease_until_us integer,
  -- When the timer is due that the last summary set.
  timer_us integer,
  -- When the end was first part of a stored summary, by our clock.
  end_seen_us integer,
  -- Time of the latest event the summary knows.
  last_event_us integer,

  -- Start and end of the call. A call without a start is in no list and in no rollup.
  start_us integer,
  ended_us integer,
  -- Place in lists by end: the end, or 2^60 + the start while the call runs, so that running calls come first.
  end_key integer check ((end_key is null) = (start_us is null)),
  -- The first 64 bits of the SHA-256 of the parties' addresses, without a leading plus, to find them by; and the addresses.
  from_hash integer,
  to_hash integer,
  from_address text,
  to_address text,
  -- UTC days of the two keys. Addresses are indexed day by day: the pages that are written are those of a few days,
  -- not of all calls there ever were, and a number is looked for in one day after the other.
  start_day integer generated always as (start_us / 86400000000) virtual,
  end_day integer generated always as (end_key / 86400000000) virtual,
  -- Post-dial delay, in steps of 100 ms.
  pdd_bin integer check (pdd_bin between 0 and 65535),

  call_type integer,
  call_state integer,
  direction integer,
  answered_by integer,
  abnormal_session integer check (abnormal_session in (0, 1)),
  has_tag integer check (has_tag in (0, 1)),
  -- Bit i: the tag at place i.
  tags integer,
  processing integer check (processing in (0, 1)),
  -- 0: ended; 1: ended before it started (clocks differ); 2: running.
  shape integer check (shape between 0 and 2),
  from_country integer,
  to_country integer,
  from_carrier integer,
  to_carrier integer,

  -- The annotation of the empty author: JSON without what is not said, and changes so far.
  annotation text,
  annotation_revision integer not null default 0 check (annotation_revision >= 0),
  -- The newest of its rows in annotation_log, of any author.
  last_change integer,
  -- The same, as far as lists are narrowed by it.
  judged integer check (judged in (0, 1)),
  heard integer,
  connectivity_issue integer,
  -- Bit i: the issue at place i.
  quality_issues integer,
  spam integer check (spam in (0, 1)),
  call_score integer check (call_score between 0 and 255),
  -- The feedback: its score, and from bit 3 on its issues, bit 3 + i the one at place i.
  rated integer check (rated & 7 between 1 and 5 and rated >> 3 between 0 and 255),

  verified_caller integer check (verified_caller in (0, 1)),
  branded_enabled integer check (branded_enabled in (0, 1)),
  branded_logo integer check (branded_logo in (0, 1)),
  branded_bundle integer,
  branded_type integer,
  branded_use_case integer,
  branded_call_reason integer,
  integrity_enabled integer check (integrity_enabled in (0, 1)),
  integrity_bundle integer,
  integrity_use_case integer,
  business_bundle integer,
  business_identity integer,
  business_industry integer,
  business_type integer,

  -- The user agents at its edges, all in one term.
  user_agents integer,

  unique (sid, account)
) strict;
CREATE INDEX call_by_end on call (account, end_key) where end_key is not null;
CREATE INDEX call_by_start on call (account, start_us) where start_us is not null;
CREATE INDEX call_from_by_end on call (account, end_day, from_hash, end_key)
  where from_hash is not null and end_key is not null;
CREATE INDEX call_from_by_start on call (account, start_day, from_hash, start_us)
  where from_hash is not null and start_us is not null;
CREATE INDEX call_to_by_end on call (account, end_day, to_hash, end_key)
  where to_hash is not null and end_key is not null;
CREATE INDEX call_to_by_start on call (account, start_day, to_hash, start_us)
  where to_hash is not null and start_us is not null;
CREATE INDEX call_dirty on call (dirty_us) where dirty_us is not null;
CREATE INDEX call_timer on call (timer_us) where timer_us is not null;
CREATE TABLE alias (
  call_id integer not null references call (id),
  account integer not null references account (id),
  day integer not null,
  sid blob not null check (length(sid) = 16),
  primary key (call_id, sid)
) strict, without rowid;
CREATE INDEX alias_by_day on alias (account, day, sid);
CREATE TABLE document (
  call_id integer primary key references call (id),
  body blob not null
) strict;
CREATE TABLE fold_state (
  call_id integer primary key references call (id),
  body blob not null
) strict;
CREATE TABLE event (
  -- The call's row times 2^28, plus a slot: the first 28 bits of event_key, or where that is taken by another key the next
  -- free one (sqlite/slot.rs). Not "without rowid": there rows of more than a kilobyte, as SIP messages are, spill
  -- into a page of their own.
  id integer primary key,
  -- The key of the event's id: an event of a key that is there already is a duplicate.
  event_key blob not null check (length(event_key) = 16),
  -- Count within the call, from 1, in the order of arrival.
  position integer not null check (position >= 1),
  at_us integer not null,
  received_us integer not null,
  kind integer not null,
  edge integer,
  direction integer,
  -- The event's JSON, packed (sqlite/codec.rs).
  body blob not null
) strict;
CREATE TABLE annotation (
  call_id integer not null references call (id),
  author text not null check (author <> ''),
  -- Changes so far.
  revision integer not null check (revision >= 1),
  -- JSON of the annotation, without what is not said.
  body text not null,
  primary key (call_id, author)
) strict, without rowid;
CREATE TABLE annotation_log (
  -- In the order of arrival: changes of any calls are written side by side, at the end of the table.
  id integer primary key,
  -- Not a foreign key: checking one would search the whole log when a call is erased.
  call_id integer not null,
  -- The row of the change before this one; NULL: it is the first of the call. call.last_change is the newest.
  previous integer check (previous < id),
  -- Count within the call, from 1, over all authors.
  seq integer not null check (seq >= 1),
  author text not null,
  -- The revision of the author's annotation that this change made.
  revision integer not null check (revision >= 1),
  -- The credential that asked for it.
  changed_by text not null,
  at_us integer not null,
  -- JSON of the annotation before and after.
  before text not null,
  after text not null
) strict;
CREATE TABLE feedback (
  call_id integer primary key references call (id),
  -- The newest of its rows in feedback_log.
  last_change integer not null,
  created_us integer not null,
  updated_us integer not null
) strict;
CREATE TABLE feedback_log (
  id integer primary key,
  -- Not a foreign key: checking one would search the whole log when a call is erased.
  call_id integer not null,
  -- The row of the change before this one; NULL: it is the first of the call.
  previous integer check (previous < id),
  -- The credential that asked for it.
  changed_by text not null,
  at_us integer not null,
  -- What it said before and after, as call.rated.
  before integer,
  after integer not null
) strict;
CREATE TABLE feedback_summary (
  id integer primary key,
  sid blob not null unique check (length(sid) = 16),
  account integer not null references account (id),
  -- UTC days of the calls' starts, both included.
  first_day integer not null,
  last_day integer not null check (first_day <= last_day),
  include_subaccounts integer not null check (include_subaccounts in (0, 1)),
  -- 0: queued; 1: in progress; 2: completed; 3: failed.
  status integer not null check (status between 0 and 3),
  -- Until when somebody is at work on it.
  lease_until_us integer,
  -- JSON of the figures.
  tally text check ((tally is null) = (status <> 2)),
  created_us integer not null,
  updated_us integer not null,
  callback_url text,
  callback_by_get integer not null check (callback_by_get in (0, 1))
) strict;
CREATE INDEX feedback_summary_open on feedback_summary (id) where status < 2;
CREATE TABLE tombstone (
  sid blob not null check (length(sid) = 16),
  account integer not null references account (id),
  at_us integer not null,
  primary key (sid, account)
) strict, without rowid;
CREATE TABLE rollup (
  account integer not null references account (id),
  -- 0: hours of call.start_us; 1: hours of call.end_key.
  axis integer not null check (axis in (0, 1)),
  -- What is counted (sqlite/facet.rs), and of which value.
  dim integer not null check (dim between 0 and 255),
  value integer not null,
  hour integer not null,
  -- Spreads writes over rows where many write at once. Here one thread writes, and it is 0.
  slot integer not null default 0,
  n integer not null check (n >= 1),
  -- The calls themselves while they are few (sqlite/posting.rs). NULL: look into the hour.
  calls blob,
  primary key (account, axis, dim, value, hour, slot)
) strict, without rowid;
CREATE TABLE judged (
  account integer not null references account (id),
  hour integer not null,
  slot integer not null default 0,
  -- Of the calls whose start (`start_`) or whose place by end (`end_`) lies in the hour; for most calls it is the same.
  -- Bit i: there is a call of which the annotation says i (sqlite/judged.rs).
  start_mask integer not null,
  end_mask integer not null,
  -- How many calls for every bit set, and which calls while they are few (sqlite/judged.rs).
  start_counts blob not null,
  end_counts blob not null,
  start_calls blob,
  end_calls blob,
  primary key (account, hour, slot),
  check (start_mask <> 0 or end_mask <> 0)
) strict, without rowid;
CREATE TABLE hourly (
  account integer not null references account (id),
  hour integer not null,
  slot integer not null default 0,
  calls integer not null check (calls >= 0),
  -- Feedbacks by score.
  score_1 integer not null check (score_1 >= 0),
  score_2 integer not null check (score_2 >= 0),
  score_3 integer not null check (score_3 >= 0),
  score_4 integer not null check (score_4 >= 0),
  score_5 integer not null check (score_5 >= 0),
  -- Feedbacks by issue, at its place.
  issue_0 integer not null check (issue_0 >= 0),
  issue_1 integer not null check (issue_1 >= 0),
  issue_2 integer not null check (issue_2 >= 0),
  issue_3 integer not null check (issue_3 >= 0),
  issue_4 integer not null check (issue_4 >= 0),
  issue_5 integer not null check (issue_5 >= 0),
  issue_6 integer not null check (issue_6 >= 0),
  issue_7 integer not null check (issue_7 >= 0),
  primary key (account, hour, slot)
) strict, without rowid;
CREATE TABLE pdd (
  day integer not null,
  -- 0: no country known.
  country integer not null,
  bin integer not null check (bin between 0 and 65535),
  slot integer not null default 0,
  n integer not null check (n >= 1),
  primary key (day, country, bin, slot)
) strict, without rowid;
CREATE TABLE rules (
  day integer primary key,
  -- JSON of the rules.
  body text not null
) strict;
CREATE TABLE outbox (
  -- The order in which they came in.
  id integer primary key,
  shard_key integer not null default 0,
  -- The identity of a delivery, the same at every attempt. Random, and so without an index, which would be rewritten
  -- all over for each of them.
  sid blob not null check (length(sid) = 16),
  account integer not null references account (id),
  -- Digest of the account and the URL's origin (63 bits): endpoints do not delay each other.
  endpoint integer not null check (endpoint >= 0),
  -- What it is about (128 bits): of one endpoint and subject, one is sent after the other.
  subject blob check (length(subject) = 16),
  -- What it tells, as a word of the wire.
  kind text not null,
  -- 0 GET, 1 POST.
  method integer not null check (method in (0, 1)),
  url text not null,
  content_type text,
  body blob,
  created_us integer not null,
  -- When it was made or replayed; once it has failed, when it did so first: how long it is tried is counted from there.
  queued_us integer not null,
  -- 0: sent as soon as it can be, in the order of id. 1: it failed, and is sent again at due_us. 2: behind an earlier one
  -- of its endpoint and subject. 3: given up. Of those in state 0 a subject may have several: which of them is in
  -- somebody's hands is known in memory (sqlite/leases.rs), so that most rows are written once and deleted once.
  state integer not null default 0 check (state between 0 and 3),
  due_us integer,
  -- How often it has failed since it was queued.
  attempts integer not null default 0 check (attempts >= 0),
  last_error text,
  -- When it was given up.
  dead_us integer,
  check ((content_type is null) = (body is null)),
  check ((due_us is not null) = (state = 1)),
  check ((dead_us is not null) = (state = 3)),
  check (state <> 2 or subject is not null)
) strict;
CREATE INDEX outbox_queued on outbox (endpoint, id, subject) where state = 0;
CREATE INDEX outbox_retried on outbox (endpoint, due_us) where state = 1;
CREATE INDEX outbox_held on outbox (endpoint, subject, id) where state in (1, 2) and subject is not null;
CREATE INDEX outbox_dead on outbox (dead_us) where dead_us is not null;
CREATE INDEX outbox_dead_sid on outbox (sid) where dead_us is not null;
insert into account (id, sid, parent_sid, name, created_us, advanced_features, voice_trace, mirror_feedback) values (1, x'01010101010101010101010101010101', null, 'account 1', 1780272000000000, 1, 0, 0);
insert into account_epoch (only_row, epoch) values (1, 1);
insert into term (id, text) values (1, 'DE');
insert into term (id, text) values (2, 'Carrier');
insert into call (id, shard_key, account, sid, placeholder, advanced_features, sealed, refused_events, event_count, position, version, dirty_us, last_received_us, lease_until_us, timer_us, end_seen_us, last_event_us, start_us, ended_us, end_key, from_hash, to_hash, from_address, to_address, pdd_bin, call_type, call_state, direction, answered_by, abnormal_session, has_tag, tags, processing, shape, from_country, to_country, from_carrier, to_carrier, annotation, annotation_revision, last_change, judged, heard, connectivity_issue, quality_issues, spam, call_score, rated, verified_caller, branded_enabled, branded_logo, branded_bundle, branded_type, branded_use_case, branded_call_reason, integrity_enabled, integrity_bundle, integrity_use_case, business_bundle, business_identity, business_industry, business_type, user_agents) values (1, 0, 1, x'9e3779b97f4a7c150000000000000001', 0, 1, 0, 0, 1, 1, 1, null, 1780272001000000, null, 1780272070000000, 1780272000000000, 1780272060000000, 1780272000000000, 1780272060000000, 1780272060000000, 569491275137717124, -4238062542659643426, '+15550100', 'sip:bob@example.com', 12, 0, 1, null, null, null, 1, 1, 0, 0, null, 1, 2, null, '{"call_score":4}', 1, 2, 1, null, null, null, null, 4, 34, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
insert into call (id, shard_key, account, sid, placeholder, advanced_features, sealed, refused_events, event_count, position, version, dirty_us, last_received_us, lease_until_us, timer_us, end_seen_us, last_event_us, start_us, ended_us, end_key, from_hash, to_hash, from_address, to_address, pdd_bin, call_type, call_state, direction, answered_by, abnormal_session, has_tag, tags, processing, shape, from_country, to_country, from_carrier, to_carrier, annotation, annotation_revision, last_change, judged, heard, connectivity_issue, quality_issues, spam, call_score, rated, verified_caller, branded_enabled, branded_logo, branded_bundle, branded_type, branded_use_case, branded_call_reason, integrity_enabled, integrity_bundle, integrity_use_case, business_bundle, business_identity, business_industry, business_type, user_agents) values (2, 0, 1, x'3c6ef372fe94f82a0000000000000002', 0, 1, 0, 0, 2, 0, 0, 1780272002000000, 1780272003000000, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, 0, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
insert into document (call_id, body) values (1, x'015a0100000b591304d0050f2506010f1306200fdf120d007c050f9e050a01e5050a7d120ef611102b800340303130302704055c0413430a000fea1004f000626f62406578616d706c652e636f6d3b00034e0400210251223a224445020f0c2f08105dbb020f5a010a70313a30305a227d');
insert into fold_state (call_id, body) values (1, x'01');
insert into event (id, event_key, position, at_us, received_us, kind, edge, direction, body) values (480868369, x'ca978112ca1bbdcafac231b39a23dc4d', 1, 1780272001000000, 1780272001000000, 0, null, null, x'028500000009bc081061db000f6c01031f3111010b0f250221a06661637473223a7b7d7d');
insert into event (id, event_key, position, at_us, received_us, kind, edge, direction, body) values (602029697, x'3e23e8160039594a33894f6564e1b134', 2, 1780272003000000, 1780272003000000, 0, null, null, x'028500000009bc081062db000f6c01031f3311010b0f250221a06661637473223a7b7d7d');
insert into event (id, event_key, position, at_us, received_us, kind, edge, direction, body) values (749303825, x'ca978112ca1bbdcafac231b39a23dc4d', 1, 1780272002000000, 1780272002000000, 0, null, null, x'028500000009bc081061db000f6c01031f3211010b0f250221a06661637473223a7b7d7d');
insert into annotation (call_id, author, revision, body) values (1, 'anna', 1, '{"call_score":2}');
insert into annotation_log (id, call_id, previous, seq, author, revision, changed_by, at_us, before, after) values (1, 1, null, 1, '', 1, 'tester', 1780272000000000, '{}', '{"call_score":4}');
insert into annotation_log (id, call_id, previous, seq, author, revision, changed_by, at_us, before, after) values (2, 1, 1, 2, 'anna', 1, 'tester', 1780272000000000, '{}', '{"call_score":2}');
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 0, 0, 0, 494520, 0, 1, null);
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 0, 1, 0, 494520, 0, 1, x'0002');
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 0, 2, 1, 494520, 0, 1, x'0002');
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 0, 6, 1, 494520, 0, 1, x'0002');
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 0, 7, 0, 494520, 0, 1, null);
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 0, 8, 0, 494520, 0, 1, x'0002');
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 0, 11, 1, 494520, 0, 1, x'0002');
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 0, 12, 2, 494520, 0, 1, x'0002');
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 1, 0, 0, 494520, 0, 1, null);
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 1, 1, 0, 494520, 0, 1, x'808ece1c02');
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 1, 2, 1, 494520, 0, 1, x'808ece1c02');
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 1, 6, 1, 494520, 0, 1, x'808ece1c02');
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 1, 7, 0, 494520, 0, 1, null);
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 1, 8, 0, 494520, 0, 1, x'808ece1c02');
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 1, 11, 1, 494520, 0, 1, x'808ece1c02');
insert into rollup (account, axis, dim, value, hour, slot, n, calls) values (1, 1, 12, 2, 494520, 0, 1, x'808ece1c02');
insert into feedback_log (id, call_id, previous, changed_by, at_us, before, after) values (1, 1, null, 'tester', 1780272000000000, null, 34);
insert into feedback (call_id, last_change, created_us, updated_us) values (1, 1, 1780272000000000, 1780272000000000);
insert into judged (account, hour, slot, start_mask, end_mask, start_counts, end_counts, start_calls, end_calls) values (1, 494520, 0, 8864812498944, 8864812498944, x'0101', x'0101', x'000280808080808202', x'808ece1c0280808080808202');
insert into hourly (account, hour, slot, calls, score_1, score_2, score_3, score_4, score_5, issue_0, issue_1, issue_2, issue_3, issue_4, issue_5, issue_6, issue_7) values (1, 494520, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0);
insert into pdd (day, country, bin, slot, n) values (20605, 1, 12, 0, 1);
insert into rules (day, body) values (20606, '{"day":20606,"pdd":{"p95_ms_by_country":{},"p95_ms_global":null}}');
