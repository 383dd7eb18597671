-- The join with the account comes last: it must not decide the order.
select c.id, a.sid, c.sid, c.position, c.event_count, c.last_received_us, c.end_seen_us, s.body, IS_SOUND
from call c indexed by call_dirty
cross join account a on a.id = c.account
left join fold_state s on s.call_id = c.id
where c.dirty_us <= ?1
  and (c.lease_until_us is null or c.lease_until_us <= ?2)
  and not exists (select 1 from set_aside x where x.call_id = c.id and x.reason is not null and x.fold_version = ?4)
order by c.dirty_us
limit ?3
