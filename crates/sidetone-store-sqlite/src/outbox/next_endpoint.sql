-- The next endpoint that is owed something which is not held back.
select min(endpoint) from (
  select min(endpoint) as endpoint from outbox indexed by outbox_queued where state = 0 and endpoint > ?1
  union all
  select min(endpoint) from outbox indexed by outbox_retried where state = 1 and endpoint > ?1
)
