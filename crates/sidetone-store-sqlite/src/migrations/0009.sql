-- Version 9: events are streamed to sinks, and the outbox refers to what they tell.

-- Receivers of events. No table of calls hangs on them.
create table sink (
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
create index sink_by_account on sink (account);

-- What they are sent.
create table subscription (
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
create index subscription_by_account on subscription (account);

-- What is owed to other people's servers until it has arrived: requests that are sent as they are, and events of calls,
-- which are named here and written out when they are sent. A row of an event is small, and most of all rows are such.
create table outbox_of_9 (
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
-- The checksum covers what is of events too. A damaged row stays damaged.
insert into outbox_of_9 (
  id, bucket, sid, account, endpoint, subject, kind, method, url, content_type, body, headers, signer, created_us,
  queued_us, state, due_us, attempts, last_error, dead_us, checksum
)
select
  id, bucket, sid, account, endpoint, subject, kind, method, url, content_type, body, headers, signer, created_us,
  queued_us, state, due_us, attempts, last_error, dead_us,
  iif(
    checksum = row_sum(
      sid, account, endpoint, subject, kind, method, url, content_type, body, created_us, headers, signer
    ),
    row_sum(
      sid, account, endpoint, subject, kind, method, url, content_type, body, created_us, headers, signer,
      null, null, null, null, null, null
    ),
    checksum
  )
from outbox order by id;
drop table outbox;
alter table outbox_of_9 rename to outbox;
-- Grows at its end, endpoint by endpoint, and holds all that is asked of most rows.
create index outbox_queued on outbox (endpoint, id, subject) where state = 0;
create index outbox_retried on outbox (endpoint, due_us) where state = 1;
-- Subjects are random: only those that something waits for are here.
create index outbox_held on outbox (endpoint, subject, id) where state in (1, 2) and subject is not null;
create index outbox_dead on outbox (dead_us) where dead_us is not null;
create index outbox_dead_sid on outbox (sid) where dead_us is not null;
-- What was given up at a sink is counted, and goes with it.
create index outbox_dead_endpoint on outbox (endpoint) where dead_us is not null;
-- What an account may have so many of: requests. They are counted here, and not among events.
create index outbox_request on outbox (account, dead_us) where sink is null;

-- 1: the version of the summary was complete.
alter table change add column complete integer not null default 0 check (complete in (0, 1) and (complete = 0 or what = 0));
