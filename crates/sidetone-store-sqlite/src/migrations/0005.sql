-- Version 5.

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
