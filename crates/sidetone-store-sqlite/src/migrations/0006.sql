-- Version 6: annotations come together, who erased a call is known, what is old goes, and reports are kept.

-- Annotations that come together. Whoever sends many at once gives them a name, so that what is sent
-- again changes nothing more, and all of it can be undone.

create table annotation_batch (
  id integer primary key,
  -- The 128 bits of its identifier, which follows from the account and the name.
  sid blob not null unique check (length(sid) = 16),
  account integer not null references account (id),
  created_us integer not null,
  -- When undoing it began; NULL: it takes lines.
  undone_us integer
) strict;

create table annotation_batch_line (
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
-- For undoing all of a call at once, and for its erasure.
create index annotation_batch_line_call on annotation_batch_line (call_id, batch);

-- Erasure: who erased a call. NULL: nobody, it has expired. Of those that were erased before, it is not known.
alter table tombstone add column erased_by text;
update tombstone set erased_by = '';
create index tombstone_by_time on tombstone (at_us, sid, account, erased_by);

-- Retention: NULL: the events of the call are kept. Else they have expired, and so many came afterwards and were refused.
alter table call add column late_events integer check (late_events >= 0);

-- Statistics: calls have more columns, so all segments are written anew.
insert or ignore into uncounted select quarter, account, bucket, 0 from segment where number = 0;

-- Reports as they were made (sqlite/report.rs). All of an account go with each of its calls that is
-- erased, also those that are being made.
create table report (
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
create index report_by_account on report (account);
create index report_by_expiry on report (expires_us);

-- Statistics: what the calls of a day have in one column: the segments of its quarters joined. What is
-- here of a day that is in `stale_day`, or has a quarter in `uncounted`, is old.
create table day_segment (
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

-- Days of which a quarter was written since they were joined.
create table stale_day (
  day integer not null,
  account integer not null references account (id),
  bucket integer not null,
  -- As in `uncounted`.
  ticket integer not null check (ticket >= 0),
  primary key (day, account, bucket, ticket)
) strict, without rowid;
insert into stale_day
  select distinct (quarter - ((quarter % 96) + 96) % 96) / 96, account, bucket, 0 from segment where number = 0;
