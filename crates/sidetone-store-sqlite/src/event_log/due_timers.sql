-- A call with new events gets a new timer when they are folded.
select a.sid, c.sid, c.ended_us is not null, c.last_event_us
from call c indexed by call_timer
cross join account a on a.id = c.account
where c.timer_us <= ?1 and c.dirty_us is null
order by c.timer_us
limit ?2
