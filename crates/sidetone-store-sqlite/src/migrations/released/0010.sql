-- A database of version 10, as that version wrote it.
BEGIN TRANSACTION;
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
, checksum integer, buckets integer not null default 1 check (buckets between 1 and 1024)) strict;
INSERT INTO "account" VALUES(1,X'01010101010101010101010101010101',NULL,'account 1',1780272000000000,1,0,0,1765588730,1);
CREATE TABLE account_epoch (
  only_row integer primary key check (only_row = 1),
  epoch integer not null check (epoch >= 0)
) strict;
INSERT INTO "account_epoch" VALUES(1,1);
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
CREATE TABLE alias (
  call_id integer not null references call (id),
  account integer not null references account (id),
  day integer not null,
  sid blob not null check (length(sid) = 16),
  primary key (call_id, sid)
) strict, without rowid;
CREATE TABLE annotation (
  call_id integer not null references call (id),
  author text not null check (author <> ''),
  -- Changes so far.
  revision integer not null check (revision >= 1),
  -- JSON of the annotation, without what is not said.
  body text not null, checksum integer,
  primary key (call_id, author)
) strict, without rowid;
INSERT INTO "annotation" VALUES(1,'anna',1,'{"call_score":2}',3515555219);
CREATE TABLE annotation_batch (
  id integer primary key,
  -- The 128 bits of its identifier, which follows from the account and the name.
  sid blob not null unique check (length(sid) = 16),
  account integer not null references account (id),
  created_us integer not null,
  -- When undoing it began; NULL: it takes lines.
  undone_us integer
) strict;
INSERT INTO "annotation_batch" VALUES(1,X'07070707070707070707070707070707',1,1780272000000000,NULL);
CREATE TABLE annotation_batch_line (
  batch integer not null references annotation_batch (id),
  -- Number of the line, from 1.
  line integer not null check (line >= 1),
  -- Digest of what the line said.
  content integer not null,
  call_id integer not null references call (id),
  -- The row of annotation_log that it made; NULL: it changed nothing, or that was undone.
  change integer,
  primary key (batch, line)
) strict, without rowid;
INSERT INTO "annotation_batch_line" VALUES(1,1,42,1,2);
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
, checksum integer) strict;
INSERT INTO "annotation_log" VALUES(1,1,NULL,1,'',1,'tester',1780272000000000,'{}','{"call_score":4}',70572472);
INSERT INTO "annotation_log" VALUES(2,1,1,2,'anna',1,'tester',1780272000000000,'{}','{"call_score":2}',418011234);
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
CREATE TABLE call (
  id integer primary key,
  bucket integer not null default 0,
  account integer not null references account (id),
  -- The 128 bits of the CallSid. Unique within an account.
  sid blob not null check (length(sid) = 16),

  -- 1: exists only because somebody judged it; nothing was observed of it.
  placeholder integer not null default 0 check (placeholder in (0, 1)),
  -- Whether the account had advanced features on when the call was first seen.
  advanced_features integer not null check (advanced_features in (0, 1)),
  -- 1: the raw events have expired; later ones are refused and counted.
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
  user_agents integer, checksum integer, duration_s integer, pdd_ms integer, sip_response integer, loss integer, jitter integer, mos integer, codecs integer, edges integer, measured integer, agents integer, commented integer, incident integer, late_events integer check (late_events >= 0),

  unique (sid, account)
) strict;
INSERT INTO "call" VALUES(1,0,1,X'9E3779B97F4A7C150000000000000001',0,1,2,2,1,NULL,1780272003000000,NULL,1780272000000000,1780272060000000,1780272000000000,1780272060000000,1780272060000000,-9100024591961372966,NULL,'sip:bob@example.com',NULL,12,NULL,NULL,NULL,NULL,NULL,0,NULL,0,0,NULL,1,NULL,2,'{"call_score":4}',1,2,1,NULL,NULL,NULL,NULL,4,2,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3454803305,NULL,1200,NULL,NULL,NULL,NULL,NULL,NULL,0,1,NULL,NULL,NULL);
INSERT INTO "call" VALUES(2,0,1,X'3C6EF372FE94F82A0000000000000002',0,1,1,0,0,1780272002000000,1780272002000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,402327995,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE change (
  -- The order of the commits; never given twice either.
  id integer primary key autoincrement,
  follower integer not null references follower (id),
  -- The 128 bits each: the call itself may be gone.
  account blob not null check (length(account) = 16),
  sid blob not null check (length(sid) = 16),
  -- 0: a version of the summary; 1: a revision of an annotation; 2: feedback; 3: erased; 4 + i: an event of the kind at place i.
  what integer not null check (what >= 0),
  -- The version, the revision, or the event's position.
  number integer not null,
  -- Whose annotation.
  author text check ((author is not null) = (what = 1)),
  at_us integer not null
, complete integer not null default 0 check (complete in (0, 1) and (complete = 0 or what = 0))) strict;
INSERT INTO "change" VALUES(1,1,X'01010101010101010101010101010101',X'3C6EF372FE94F82A0000000000000002',0,1,NULL,1780000000000000,0);
INSERT INTO "change" VALUES(2,1,X'01010101010101010101010101010101',X'3C6EF372FE94F82A0000000000000002',1,1,'',1780000001000000,0);
CREATE TABLE document (
  call_id integer primary key references call (id),
  body blob not null
) strict;
INSERT INTO "document" VALUES(1,X'5307010000180554150B591304D0050F2506010513060FB5120D0052050F74050A01BB050A53120ECC11F0047369703A626F62406578616D706C652E636F6DC00202B610033F0301EE03024D04060E0400E10151223A224445C20E0F07010C70313A30305A227D');
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
INSERT INTO "event" VALUES(333594241,X'3E23E8160039594A33894F6564E1B134',2,1780272003000000,1780272003000000,0,NULL,NULL,X'4585000000F9E5922F09A6021062CE0300D8000E6C0110336B000F1101070F1607040E0601072502A06661637473223A7B7D7D');
INSERT INTO "event" VALUES(480868369,X'CA978112CA1BBDCAFAC231B39A23DC4D',1,1780272001000000,1780272001000000,0,NULL,NULL,X'45850000001361715F09A6021061CE0300D8000E6C0110316B000F1101070F1607040E0601072502A06661637473223A7B7D7D');
INSERT INTO "event" VALUES(749303825,X'CA978112CA1BBDCAFAC231B39A23DC4D',1,1780272002000000,1780272002000000,0,NULL,NULL,X'458500000014BE54EA09A6021061CE0300D8000E6C0110326B000F1101070F1607040E0601072502A06661637473223A7B7D7D');
CREATE TABLE feedback (
  call_id integer primary key references call (id),
  -- The newest of its rows in feedback_log.
  last_change integer not null,
  created_us integer not null,
  updated_us integer not null
, checksum integer) strict;
INSERT INTO "feedback" VALUES(1,1,1780272000000000,1780272000000000,2095030457);
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
, checksum integer) strict;
INSERT INTO "feedback_log" VALUES(1,1,NULL,'tester',1780272000000000,NULL,2,513628487);
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
  tally text check ((tally is null) = (status <> 2)),
  created_us integer not null,
  updated_us integer not null,
  callback_url text,
  callback_by_get integer not null check (callback_by_get in (0, 1))
, checksum integer) strict;
INSERT INTO "feedback_summary" VALUES(1,X'09090909090909090909090909090909',1,20605,20606,0,0,NULL,1780272001000000,1780272001000000,NULL,0,1834082027);
CREATE TABLE figures (
  account integer not null references account (id),
  hour integer not null,
  bucket integer not null,
  -- Bit i: there is a call that has the band i.
  start_mask integer not null,
  end_mask integer not null,
  -- How many calls for every bit set.
  start_counts blob not null,
  end_counts blob not null,
  -- The bits of which all calls are listed, then the calls that have one of these.
  start_calls blob not null,
  end_calls blob not null,
  primary key (account, hour, bucket),
  check (start_mask <> 0 or end_mask <> 0)
) strict, without rowid;
INSERT INTO "figures" VALUES(1,494520,0,70368744179712,70368744179712,X'0101',X'0101',X'FFFFFFFFFFFFFFFFFF01000280908080808010',X'FFFFFFFFFFFFFFFFFF01808ECE1C0280908080808010');
CREATE TABLE fold_state (
  call_id integer primary key references call (id),
  body blob not null
) strict;
INSERT INTO "fold_state" VALUES(1,X'463842A6B701');
CREATE TABLE follower (
  -- Never given twice: somebody may still have what was told before.
  id integer primary key autoincrement,
  name text not null unique,
  -- Bit i: events of the kind at place i are told too.
  events integer not null
) strict;
INSERT INTO "follower" VALUES(1,'event-streams',8);
CREATE TABLE hourly (
  account integer not null references account (id),
  hour integer not null,
  bucket integer not null default 0,
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
  issue_7 integer not null check (issue_7 >= 0), checksum integer,
  primary key (account, hour, bucket)
) strict, without rowid;
INSERT INTO "hourly" VALUES(1,494520,0,1,0,1,0,0,0,0,0,0,0,0,0,0,0,822685973);
CREATE TABLE judged (
  account integer not null references account (id),
  hour integer not null,
  bucket integer not null default 0,
  -- Of the calls whose start (`start_`) or whose place by end (`end_`) lies in the hour; for most calls it is the same.
  -- Bit i: there is a call of which the annotation says i (sqlite/judged.rs).
  start_mask integer not null,
  end_mask integer not null,
  -- How many calls for every bit set, and which calls while they are few (sqlite/judged.rs).
  start_counts blob not null,
  end_counts blob not null,
  start_calls blob,
  end_calls blob,
  primary key (account, hour, bucket),
  check (start_mask <> 0 or end_mask <> 0)
) strict, without rowid;
INSERT INTO "judged" VALUES(1,494520,0,8864812498944,8864812498944,X'0101',X'0101',X'000280808080808202',X'808ECE1C0280808080808202');
CREATE TABLE judged_piece (
  account integer not null references account (id),
  -- As in rollup.
  axis integer not null check (axis in (0, 1)),
  hour integer not null,
  bucket integer not null,
  -- The first place in the hour that belongs here: microseconds, then the row of the call. All up to the next piece's.
  first_us integer not null check (first_us between 0 and 3600000000),
  first_id integer not null,
  -- As in judged, of the calls here.
  mask integer not null check (mask <> 0),
  calls blob not null,
  primary key (account, axis, hour, bucket, first_us, first_id)
) strict, without rowid;
CREATE TABLE "outbox" (
  -- The order in which they came in.
  id integer primary key,
  bucket integer not null default 0,
  -- The identity of a delivery, the same at every attempt. Random, and so without an index, which would be rewritten
  -- all over for each of them.
  sid blob not null check (length(sid) = 16),
  account integer not null references account (id),
  -- Digest of the account and the URL's origin, or of the sink (63 bits): endpoints do not delay each other.
  endpoint integer not null check (endpoint >= 0),
  -- What it is about (128 bits): of one endpoint and subject, one is sent after the other.
  subject blob check (length(subject) = 16),
  -- What it tells, as a word of the wire.
  kind text not null,
  -- Of a request. 0 GET, 1 POST.
  method integer check (method in (0, 1)),
  url text,
  content_type text,
  body blob,
  -- A line each, "name: value"; NULL: none.
  headers text,
  -- 0: with the auth token of the account, as Twilio does; 1: nobody.
  signer integer not null check (signer in (0, 1)),
  -- Of an event. Its sink (128 bits), without a key: deleting a sink would look through all that waits for others.
  sink blob check (length(sink) = 16),
  at_us integer,
  -- Its count in the log of the call that is the subject; NULL: it tells of the summary.
  position integer check (position >= 0),
  -- Of the summary that it told of first; 0: none.
  version integer check (version >= 0),
  -- Whose the call is; NULL: the account's own.
  call_account blob check (length(call_account) = 16),
  -- 0: it is sent, 1: as digests, 2: it is left out.
  personal_data integer check (personal_data between 0 and 2),
  created_us integer not null,
  -- When it was made or replayed; once it has failed, when it did so first: how long it is tried is counted from there.
  queued_us integer not null,
  -- 0: sent as soon as it can be, in the order of id. 1: it failed, and is sent again at due_us. 2: behind an earlier one
  -- of its endpoint and subject. 3: given up. Of those in state 0 a subject may have several: which of them is in
  -- somebody's hands is known in memory (engine/leases.rs), so that most rows are written once and deleted once.
  state integer not null default 0 check (state between 0 and 3),
  due_us integer,
  -- How often it has failed since it was queued.
  attempts integer not null default 0 check (attempts >= 0),
  last_error text,
  -- When it was given up.
  dead_us integer,
  checksum integer,
  check ((content_type is null) = (body is null)),
  check ((url is null) = (method is null) and (url is null) = (sink is not null)),
  check ((sink is null) = (at_us is null) and (sink is null) = (version is null)),
  check ((sink is null) = (personal_data is null) and (sink is not null or call_account is null)),
  check ((due_us is not null) = (state = 1)),
  check ((dead_us is not null) = (state = 3)),
  check (state <> 2 or subject is not null)
) strict;
INSERT INTO "outbox" VALUES(1,0,X'07070707070707070707070707070707',1,1530413847964815893,X'07070707070707070707070707070707','test',0,'https://example.com/',NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,1780272000000000,1780272000000000,0,NULL,0,NULL,NULL,545879420);
INSERT INTO "outbox" VALUES(2,0,X'08080808080808080808080808080808',1,1530413847964815893,NULL,'test',1,'https://example.com/','application/json',X'7B7D','webhook-id: msg_1
',1,NULL,NULL,NULL,NULL,NULL,NULL,1780272000000000,1780272000000000,0,NULL,0,NULL,NULL,2907078166);
INSERT INTO "outbox" VALUES(3,0,X'09090909090909090909090909090909',1,3766828922107913370,X'9E3779B97F4A7C150000000000000001','call-summary.complete',NULL,NULL,NULL,NULL,NULL,1,X'06060606060606060606060606060606',1780272060000000,NULL,2,NULL,0,1780272061000000,1780272061000000,0,NULL,0,NULL,NULL,4184843192);
CREATE TABLE pdd (
  day integer not null,
  -- 0: no country known.
  country integer not null,
  bin integer not null check (bin between 0 and 65535),
  bucket integer not null default 0,
  n integer not null check (n >= 1),
  primary key (day, country, bin, bucket)
) strict, without rowid;
INSERT INTO "pdd" VALUES(20605,1,12,0,1);
CREATE TABLE probe (
  only_row integer primary key check (only_row = 1),
  writes integer not null check (writes >= 0),
  -- As long as a request may be: where a page fits, a call may not.
  filling blob
) strict;
INSERT INTO "probe" VALUES(1,0,NULL);
CREATE TABLE provider_secret (
  -- The AccountSid the provider sends, as text.
  provider_account text primary key,
  account integer not null references account (id),
  -- Encrypted above the store.
  sealed blob not null
) strict, without rowid;
CREATE TABLE report (
  -- In the order in which they were begun.
  id integer primary key,
  -- The 128 bits of its identifier.
  sid blob not null unique check (length(sid) = 16),
  account integer not null references account (id),
  -- 0: of all calls, 1: of inbound ones by number, 2: of outbound ones by number.
  kind integer not null check (kind between 0 and 2),
  expires_us integer not null,
  -- Packed (sqlite/codec.rs); its checksum covers the columns above too. NULL: it is being made.
  body blob
) strict;
CREATE TABLE rollup (
  account integer not null references account (id),
  -- 0: hours of call.start_us; 1: hours of call.end_key.
  axis integer not null check (axis in (0, 1)),
  -- What is counted (sqlite/facet.rs), and of which value.
  dim integer not null check (dim between 0 and 255),
  value integer not null,
  hour integer not null,
  -- Spreads writes over rows where many write at once. Here one thread writes, and it is 0.
  bucket integer not null default 0,
  n integer not null check (n >= 1),
  -- The calls themselves while they are few (sqlite/posting.rs). NULL: look into the hour.
  calls blob,
  primary key (account, axis, dim, value, hour, bucket)
) strict, without rowid;
INSERT INTO "rollup" VALUES(1,0,0,0,494520,0,1,NULL);
INSERT INTO "rollup" VALUES(1,0,6,0,494520,0,1,X'0002');
INSERT INTO "rollup" VALUES(1,0,8,0,494520,0,1,X'0002');
INSERT INTO "rollup" VALUES(1,0,11,1,494520,0,1,X'0002');
INSERT INTO "rollup" VALUES(1,0,13,2,494520,0,1,X'0002');
INSERT INTO "rollup" VALUES(1,1,0,0,494520,0,1,NULL);
INSERT INTO "rollup" VALUES(1,1,6,0,494520,0,1,X'808ECE1C02');
INSERT INTO "rollup" VALUES(1,1,8,0,494520,0,1,X'808ECE1C02');
INSERT INTO "rollup" VALUES(1,1,11,1,494520,0,1,X'808ECE1C02');
INSERT INTO "rollup" VALUES(1,1,13,2,494520,0,1,X'808ECE1C02');
CREATE TABLE rules (
  day integer primary key,
  -- JSON of the rules.
  body text not null
, checksum integer) strict;
INSERT INTO "rules" VALUES(20606,'{"day":20606,"pdd":{"p95_ms_by_country":{},"p95_ms_global":null}}',1999942780);
CREATE TABLE secret_key (
  only_row integer primary key check (only_row = 1),
  -- Tells the key from others and does not give it away.
  fingerprint blob not null check (length(fingerprint) = 32),
  checksum integer not null
) strict;
INSERT INTO "secret_key" VALUES(1,X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F',1295308740);
CREATE TABLE segment (
  account integer not null references account (id),
  -- 0: about the calls, whatever the column; below 128: a facet, by the number of its dimension
  -- (sqlite/facet.rs); from 128 on: another column, by its place.
  number integer not null check (number between 0 and 255),
  -- Quarter hours since 1970, rounded down, of call.start_us.
  quarter integer not null,
  bucket integer not null,
  -- From 0: a quarter of very many calls has several.
  piece integer not null check (piece >= 0),
  body blob not null,
  primary key (account, number, quarter, bucket, piece)
) strict, without rowid;
CREATE TABLE set_aside (
  call_id integer primary key references call (id),
  -- The version of the fold that tried; another one may try again.
  fold_version integer not null,
  -- How often it was begun and not ended.
  tries integer not null check (tries >= 0),
  at_us integer not null,
  -- Why it was given up; NULL: it was not.
  reason text
) strict;
CREATE TABLE side_rules (
  version integer primary key check (version >= 1),
  -- JSON of the rules, first to last.
  body text not null,
  checksum integer not null
) strict;
INSERT INTO "side_rules" VALUES(1,'[{"networks":["203.0.113.0/24"],"edge":"carrier","carrier":"Example Telecom"}]',756419534);
INSERT INTO "side_rules" VALUES(2,'[]',3481582032);
CREATE TABLE term (
  id integer primary key,
  text text not null unique
) strict;
INSERT INTO "term" VALUES(1,'DE');
INSERT INTO "term" VALUES(2,'Carrier');
CREATE TABLE tombstone (
  sid blob not null check (length(sid) = 16),
  account integer not null references account (id),
  at_us integer not null, erased_by text,
  primary key (sid, account)
) strict, without rowid;
CREATE TABLE day_segment (
  account integer not null references account (id),
  -- As in `segment`.
  number integer not null check (number between 0 and 255),
  -- Days since 1970, rounded down, of call.start_us.
  day integer not null,
  bucket integer not null,
  piece integer not null check (piece >= 0),
  body blob not null,
  primary key (account, number, day, bucket, piece)
) strict, without rowid;
CREATE TABLE uncounted (
  quarter integer not null,
  account integer not null references account (id),
  bucket integer not null,
  -- 0: nobody is at it. Else whose ticket it is who writes the segments: what changes meanwhile makes
  -- a row of its own.
  ticket integer not null check (ticket >= 0),
  primary key (quarter, account, bucket, ticket)
) strict, without rowid;
CREATE TABLE stale_day (
  day integer not null,
  account integer not null references account (id),
  bucket integer not null,
  -- As in `uncounted`.
  ticket integer not null check (ticket >= 0),
  primary key (day, account, bucket, ticket)
) strict, without rowid;
INSERT INTO "uncounted" VALUES(1978080,1,0,0);
INSERT INTO "uncounted" VALUES(1978081,1,0,0);
INSERT INTO "uncounted" VALUES(1978082,1,0,0);
INSERT INTO "uncounted" VALUES(1978083,1,0,0);
CREATE INDEX provider_secret_account on provider_secret (account);
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
CREATE INDEX alias_by_day on alias (account, day, sid);
CREATE INDEX feedback_summary_open on feedback_summary (id) where status < 2;
CREATE INDEX outbox_queued on outbox (endpoint, id, subject) where state = 0;
CREATE INDEX outbox_retried on outbox (endpoint, due_us) where state = 1;
CREATE INDEX outbox_held on outbox (endpoint, subject, id) where state in (1, 2) and subject is not null;
CREATE INDEX outbox_dead on outbox (dead_us) where dead_us is not null;
CREATE INDEX outbox_dead_sid on outbox (sid) where dead_us is not null;
CREATE INDEX outbox_dead_endpoint on outbox (endpoint) where dead_us is not null;
CREATE INDEX outbox_request on outbox (account, dead_us) where sink is null;
CREATE INDEX change_by_follower on change (follower, id);
CREATE INDEX call_by_incident on call (account, incident) where incident is not null;
CREATE INDEX annotation_batch_line_call on annotation_batch_line (call_id, batch);
CREATE INDEX tombstone_by_time on tombstone (at_us, sid, account, erased_by);
CREATE INDEX report_by_account on report (account);
CREATE INDEX report_by_expiry on report (expires_us);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('follower',1);
INSERT INTO "sqlite_sequence" VALUES('change',2);
create virtual table comment using fts5(
  text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);
CREATE TABLE comment_progress (
  indexed integer not null
) strict;
INSERT INTO comment_progress VALUES(0);
CREATE TABLE person (
  id integer primary key,
  -- As it was given. There is one of a name in the whole database: people sign in by it alone.
  name text not null check (name <> ''),
  -- The name in small letters.
  name_key text not null unique check (name_key <> ''),
  account integer not null references account (id),
  -- 0: viewer, 1: annotator, 2: admin.
  role integer not null check (role between 0 and 2),
  -- The hash of the password, with how it was made.
  password text not null,
  -- 1: may not sign in.
  disabled integer not null check (disabled in (0, 1)),
  created_us integer not null,
  -- NULL: never.
  last_sign_in_us integer,
  checksum integer
, subject blob check (subject is null or length(subject) = 32 and password = '')) strict;
INSERT INTO "person" VALUES(1,'Anna','anna',1,1,'$pbkdf2-sha256$i=600000,l=32$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8',0,1780272000000000,1780272000000000,2536371977,NULL);
CREATE TABLE session (
  -- SHA-256 of the token, which is kept nowhere.
  digest blob primary key check (length(digest) = 32),
  account integer not null references account (id),
  -- NULL: no person.
  person integer references person (id),
  -- NULL: no key.
  api_key blob references api_key (sid) check (person is null or api_key is null),
  created_us integer not null,
  expires_us integer not null,
  checksum integer
) strict, without rowid;
INSERT INTO "session" VALUES(X'0202020202020202020202020202020202020202020202020202020202020202',1,1,NULL,1780272000000000,1780315200000000,2835317290);
CREATE TABLE audit (
  id integer primary key,
  account integer not null references account (id),
  at_us integer not null,
  -- The person, the credential or the command.
  who text not null,
  what text not null,
  target text not null,
  detail text not null,
  checksum integer
) strict;
INSERT INTO "audit" VALUES(1,1,1780272000000000,'Anna','signed-in','','',1994821321);
CREATE INDEX person_by_account on person (account, id);
CREATE UNIQUE INDEX person_by_subject on person (subject) where subject is not null;
CREATE INDEX session_by_holder on session (account, person, api_key, created_us);
CREATE INDEX session_by_person on session (person) where person is not null;
CREATE INDEX session_by_key on session (api_key) where api_key is not null;
CREATE INDEX session_by_expiry on session (expires_us);
CREATE INDEX audit_by_account on audit (account, at_us, id);
CREATE INDEX audit_by_time on audit (at_us);
CREATE TABLE sdk_call (
  id integer primary key,
  account integer not null references account (id),
  -- The CallSid that the SDK's own name makes. NULL: the SDK never had another name than sid.
  temporary blob check (length(temporary) = 16),
  -- Digest of whose token it is and who holds it.
  opener blob not null check (length(opener) = 16),
  -- NULL: not known yet. The same as temporary: it never came.
  sid blob check (length(sid) = 16),
  -- When it was told of last.
  seen_us integer not null,
  checksum integer not null,
  check (temporary is not null or sid is not null)
) strict;
INSERT INTO "sdk_call" VALUES(1,1,X'03030303030303030303030303030303',X'04040404040404040404040404040404',X'9E3779B97F4A7C150000000000000001',1780272001000000,3671906456);
CREATE UNIQUE INDEX sdk_call_temporary on sdk_call (account, temporary) where temporary is not null;
CREATE INDEX sdk_call_sid on sdk_call (account, sid) where sid is not null;
CREATE INDEX sdk_call_unnamed on sdk_call (seen_us) where sid is null;
CREATE TABLE sdk_waiting (
  sdk_call integer not null references sdk_call (id),
  event_key blob not null check (length(event_key) = 16),
  received_us integer not null,
  at_us integer not null,
  kind integer not null,
  edge integer,
  direction integer,
  body blob not null,
  primary key (sdk_call, event_key)
) strict, without rowid;
CREATE TABLE cooccurrence (
  account integer not null references account (id),
  -- As in `rollup`.
  axis integer not null check (axis in (0, 1)),
  -- Days since 1970, rounded down, of call.start_us or call.end_key. What is here of a day that is in
  -- `stale_day`, or has a quarter in `uncounted`, is old.
  day integer not null,
  bucket integer not null,
  -- As in `rollup`; 128: a bit of `figures`; 129: a bit of `judged`; 130, 131: an address, by its hash,
  -- on the side of the caller, of the called. 0: the day is told of.
  dim integer not null,
  value integer not null,
  -- The fingerprints of the values that calls have beside it, as a segment, with its checksum.
  body blob not null,
  primary key (account, axis, day, bucket, dim, value)
) strict, without rowid;
CREATE TABLE saved_view (
  id integer primary key,
  sid blob not null unique check (length(sid) = 16),
  account integer not null references account (id),
  -- A person's name, or the credential that was shown.
  owner text not null check (owner <> ''),
  name text not null check (name <> ''),
  -- The filters, as the URL of a list has them.
  query text not null,
  -- 1: everybody of the account sees it.
  shared integer not null check (shared in (0, 1)),
  created_us integer not null,
  updated_us integer not null,
  checksum integer
) strict;
INSERT INTO "saved_view" VALUES(1,X'05050505050505050505050505050505',1,'Anna','One-way audio','Tag=silence',1,1780272000000000,1780272000000000,2011331175);
CREATE UNIQUE INDEX saved_view_by_owner on saved_view (account, owner, name);
CREATE INDEX saved_view_shared on saved_view (account) where shared = 1;
CREATE TABLE sink (
  id integer primary key,
  sid blob not null unique check (length(sid) = 16),
  account integer not null references account (id),
  description text not null,
  kind integer not null check (kind >= 0),
  -- Encrypted above the store.
  configuration blob not null,
  status integer not null check (status >= 0),
  -- What the last test was called; NULL: none is to be confirmed.
  test text,
  created_us integer not null,
  updated_us integer not null,
  checksum integer
) strict;
INSERT INTO "sink" VALUES(1,X'06060606060606060606060606060606',1,'Our collector',0,X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F',2,NULL,1780272000000000,1780272000000000,3331848005);
CREATE INDEX sink_by_account on sink (account);
CREATE TABLE subscription (
  id integer primary key,
  sid blob not null unique check (length(sid) = 16),
  account integer not null references account (id),
  -- Of the same account.
  sink integer not null unique references sink (id),
  description text not null,
  -- Which calls, and what of them is left out, in the words of whoever reads it; '': all of all.
  selection text not null,
  -- JSON: pairs of a type's name and the version of its schema.
  types text not null,
  created_us integer not null,
  updated_us integer not null,
  checksum integer
) strict;
INSERT INTO "subscription" VALUES(1,X'10101010101010101010101010101010',1,1,'Summaries','Tag=silence','[["com.twilio.voice.insights.call-summary.complete",7]]',1780272000000000,1780272000000000,4186795605);
CREATE INDEX subscription_by_account on subscription (account);
CREATE TABLE alert_rule (
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
INSERT INTO "alert_rule" VALUES(1,X'11111111111111111111111111111111',1,'Silence on a route','{"filters":"Tag=silence","among":"","measure":"share","group_by":"Carrier","window_s":1800,"limit":{"above":5.0},"release":2.0,"compare_weeks":null,"min_calls":20,"for_s":0,"severity":"error","quiet_hours":null,"time_zone":"UTC","receivers":[]}',NULL,1780272000000000,1780272000000000,3547817962);
CREATE UNIQUE INDEX alert_rule_by_name on alert_rule (account, name);
CREATE TABLE alert (
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
INSERT INTO "alert" VALUES(1,X'12121212121212121212121212121212',1,X'11111111111111111111111111111111','Acme',1,1,1780272000000000,1780272000000000,NULL,'{"rule_name":"Silence on a route","severity":"error","group_by":"Carrier","is_personal":false,"measure":"share","window_s":1800,"limit":{"above":5.0},"compare_weeks":null,"value":10.0,"held":6.4,"baseline":null,"calls":212,"query":"","receivers":[],"is_told":true}',X'9E3779B97F4A7C150000000000000001',3952358415);
CREATE INDEX alert_by_account on alert (account);
CREATE UNIQUE INDEX alert_open on alert (rule, grouped) where state < 2;
CREATE INDEX alert_fired on alert (fired_us) where fired_us is not null;
CREATE INDEX alert_resolved on alert (resolved_us) where resolved_us is not null;
COMMIT;
