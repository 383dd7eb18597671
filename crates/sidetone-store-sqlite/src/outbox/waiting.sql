select o.id, o.sid, a.sid, o.kind, o.url, o.created_us, o.due_us, o.attempts, o.last_error, o.sink
from outbox o cross join account a on a.id = o.account
where o.id > ?2 and o.state <> 3 and (?1 is null or a.sid = ?1)
order by o.id limit ?3
