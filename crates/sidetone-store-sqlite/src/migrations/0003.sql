-- Version 3: the change feed. call.lease_until_us and feedback_summary.lease_until_us are used no more: who works on what is known
-- in memory.

-- Those who are told what changed of calls.
create table follower (
  -- Never given twice: somebody may still have what was told before.
  id integer primary key autoincrement,
  name text not null unique,
  -- Bit i: events of the kind at place i are told too.
  events integer not null
) strict;

-- What each of them is still to be told.
create table change (
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
) strict;
create index change_by_follower on change (follower, id);
