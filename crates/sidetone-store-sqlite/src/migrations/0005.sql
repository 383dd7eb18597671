-- Version 5: lists find more, and calls are counted by whatever they are.

-- Judged hours in pieces: the calls of an hour that has more judged calls than its row in `judged` lists, on each axis
-- (sqlite/judged_piece.rs). They are here where `start_calls` or `end_calls` is NULL there.
create table judged_piece (
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

-- What lists are narrowed by besides: figures of calls, who spoke, what people wrote. Calls of before get theirs from
-- their documents (sqlite/refill.rs).
-- Seconds; ms; the last SIP response.
alter table call add column duration_s integer;
alter table call add column pdd_ms integer;
alter table call add column sip_response integer;
-- Of the worst stream: loss in 1/100 %, jitter in 1/100 ms, opinion score in 1/100.
alter table call add column loss integer;
alter table call add column jitter integer;
alter table call add column mos integer;
-- The codecs of its streams, all in one term.
alter table call add column codecs integer;
-- Bit i: something is known of the edge at place i.
alter table call add column edges integer;
-- 1: something was measured of its media.
alter table call add column measured integer;
-- Bit 0: the calling party is an agent; bit 1: the called one.
alter table call add column agents integer;
-- 1: the annotation has a comment.
alter table call add column commented integer;
-- The first 64 bits of the SHA-256 of the annotation's incident.
alter table call add column incident integer;
create index call_by_incident on call (account, incident) where incident is not null;

-- Figures per hour, as judged has what annotations say (sqlite/figures.rs). from_hash and to_hash are those of whom an
-- address names from now on: of a SIP URI the user.
create table figures (
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

-- Comments by the pieces of three characters in them, folded; rowid is that of the call.
create virtual table comment using fts5(
  text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);

-- Statistics: calls once more, column by column (sidetone-store, statistics).

-- What the calls of a quarter hour have in one column. Clustered so that one column of a time is one
-- range. Derived: what is here of a quarter that is in `uncounted` is old.
create table segment (
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

-- Quarters of which calls changed since their segments were written.
create table uncounted (
  quarter integer not null,
  account integer not null references account (id),
  bucket integer not null,
  -- 0: nobody is at it. Else whose ticket it is who writes the segments: what changes meanwhile makes
  -- a row of its own.
  ticket integer not null check (ticket >= 0),
  primary key (quarter, account, bucket, ticket)
) strict, without rowid;

-- All there are.
insert into uncounted
  select 4 * hour + nth, account, bucket, 0
  from rollup, (select 0 as nth union all select 1 union all select 2 union all select 3)
  where axis = 0 and dim = 0;
