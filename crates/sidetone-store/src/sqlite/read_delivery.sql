select sid, account, subject, kind, method, url, content_type, body, created_us, queued_us, attempts from outbox where id = ?1
