select o.id, o.sid, a.sid, o.kind, o.url, o.created_us, o.dead_us, o.attempts, coalesce(o.last_error, ''), o.sink
from outbox o cross join account a on a.id = o.account
where o.dead_us is not null and (o.dead_us, o.id) < (?2, ?3) and (?1 is null or a.sid = ?1)
order by o.dead_us desc, o.id desc limit ?4
