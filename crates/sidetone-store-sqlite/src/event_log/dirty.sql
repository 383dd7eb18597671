-- The join with the account comes last: it must not decide the order.
select c.id, a.sid, c.sid
from call c indexed by call_dirty
cross join account a on a.id = c.account
where c.dirty_us <= ?1
  and not exists (select 1 from set_aside x where x.call_id = c.id and x.reason is not null and x.fold_version = ?2)
order by c.dirty_us
