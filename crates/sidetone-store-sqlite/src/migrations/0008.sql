-- Version 8: people sign in, and what they do is logged.

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
