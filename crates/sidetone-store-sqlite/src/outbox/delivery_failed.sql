-- It is tried again at ?3; without such a time it is given up. ?5: whose row it was; one that was erased has perhaps left
-- its number to another. Its three days begin with the first failure.
update outbox set
  attempts = attempts + 1, last_error = ?2, due_us = ?3, queued_us = iif(attempts = 0, ?4, queued_us),
  state = iif(?3 is null, 3, 1), dead_us = iif(?3 is null, ?4, null)
where id = ?1 and (?5 is null or sid = ?5) and state <> 3
