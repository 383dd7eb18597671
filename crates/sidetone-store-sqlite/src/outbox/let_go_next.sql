-- The first that is held back behind others of its subject is queued.
update outbox set state = 0 where id = (
  select min(id) from outbox indexed by outbox_held
  where endpoint = ?1 and subject = ?2 and subject is not null and state in (1, 2) and state = 2
)
