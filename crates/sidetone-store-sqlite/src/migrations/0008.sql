-- Version 8: people sign in, what they do is logged, voice SDKs tell of calls, views are kept, and lists
-- know which values go together.

-- People of an account. None is ever deleted: histories have their names.
create table person (
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
) strict;
create index person_by_account on person (account, id);

-- Who is signed in. A person, or whoever has the token of the account or the secret of the key.
create table session (
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
create index session_by_holder on session (account, person, api_key, created_us);
create index session_by_person on session (person) where person is not null;
create index session_by_key on session (api_key) where api_key is not null;
create index session_by_expiry on session (expires_us);

-- Who did what.
create table audit (
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
create index audit_by_account on audit (account, at_us, id);
create index audit_by_time on audit (at_us);

-- Voice SDKs: who speaks for a call that an SDK tells of, and what is told before the call has a CallSid.

create table sdk_call (
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
create unique index sdk_call_temporary on sdk_call (account, temporary) where temporary is not null;
create index sdk_call_sid on sdk_call (account, sid) where sid is not null;
create index sdk_call_unnamed on sdk_call (seen_us) where sid is null;

-- Events that wait until sid is known, as `event` has them, of the call that temporary names.
create table sdk_waiting (
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

-- Lists: which values calls of a day have together. A row for each value of a day.
create table cooccurrence (
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

-- It is written with the statistics of days.
insert or ignore into stale_day select distinct day, account, bucket, 0 from day_segment where number = 0;

-- Selections of calls under a name. No table of calls hangs on them.
create table saved_view (
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
create unique index saved_view_by_owner on saved_view (account, owner, name);
create index saved_view_shared on saved_view (account) where shared = 1;

-- Who signs in through the provider of identities has no password (''), and is to it, once they came,
-- who this is: the SHA-256 of issuer and subject.
alter table person add column subject blob check (subject is null or length(subject) = 32 and password = '');
create unique index person_by_subject on person (subject) where subject is not null;
