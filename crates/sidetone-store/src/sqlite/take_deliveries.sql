-- What an endpoint is owed now, longest due first. Joined this way round, so that the index gives the order.
select o.sid, a.sid, o.subject, o.kind, o.method, o.url, o.content_type, o.body, o.created_us, o.queued_us, o.attempts, o.id
from outbox o cross join account a on a.id = o.account
where o.endpoint = ?1 and o.due_us <= ?2
order by o.due_us, o.id
