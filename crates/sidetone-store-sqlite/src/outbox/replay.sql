-- A dead letter is queued anew, behind everything that waits.
update outbox set
  id = (select max(id) + 1 from outbox),
  queued_us = ?2, attempts = 0, last_error = null, dead_us = null,
  state = case
    when exists (
      select 1 from outbox w indexed by outbox_held
      where w.endpoint = outbox.endpoint and w.subject = outbox.subject and w.subject is not null and w.state in (1, 2)
    ) then 2
    else 0
  end
where id = (WHICH)
