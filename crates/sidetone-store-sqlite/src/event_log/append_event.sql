insert into event (id, event_key, position, at_us, received_us, kind, edge, direction, body)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
on conflict do nothing
