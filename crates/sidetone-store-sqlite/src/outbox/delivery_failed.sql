-- It is tried again at ?3; without such a time it is given up. Its three days begin with the first failure.
update outbox set
  attempts = attempts + 1, last_error = ?2, due_us = ?3, queued_us = iif(attempts = 0, ?4, queued_us),
  state = iif(?3 is null, 3, 1), dead_us = iif(?3 is null, ?4, null)
where id = ?1 and state <> 3
