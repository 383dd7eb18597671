select c.position, c.event_count, c.last_received_us, c.end_seen_us, s.body, IS_SOUND
from call c
left join fold_state s on s.call_id = c.id
where c.id = ?1 and c.dirty_us is not null
  and not exists (select 1 from set_aside x where x.call_id = c.id and x.reason is not null and x.fold_version = ?2)
