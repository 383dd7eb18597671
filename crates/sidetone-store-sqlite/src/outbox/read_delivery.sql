select sid, account, subject, kind, method, url, content_type, body, created_us, queued_us, attempts, headers, signer, IS_SOUND,
  sink, at_us, position, version, call_account, personal_data
from outbox where id = ?1
