-- The first of its endpoint and subject is due at once; the others wait for it.
insert into outbox
  (sid, account, endpoint, subject, kind, method, url, content_type, body, created_us, queued_us, due_us)
values (
  ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10,
  case when exists (select 1 from outbox where endpoint = ?3 and subject = ?4 and dead_us is null) then null else ?10 end
)
