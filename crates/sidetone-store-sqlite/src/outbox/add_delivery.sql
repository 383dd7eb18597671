insert into outbox (
  sid, account, endpoint, subject, kind, method, url, content_type, body, created_us, headers, signer, sink, at_us,
  position, version, call_account, personal_data, queued_us, bucket, state, checksum
)
values (
  ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?10, ?19,
  case when exists (
    select 1 from outbox indexed by outbox_held
    where endpoint = ?3 and subject = ?4 and subject is not null and state in (1, 2)
  ) then 2 else 0 end,
  row_sum(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
)
