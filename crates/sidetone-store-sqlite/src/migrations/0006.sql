-- Version 6: deliveries have headers of their own, and say who signs them.

-- A line each, "name: value"; NULL: none.
alter table outbox add column headers text;
-- 0: with the auth token of the account, as Twilio does; 1: nobody.
alter table outbox add column signer integer not null default 0 check (signer in (0, 1));

-- The checksum covers both. A damaged row stays damaged.
update outbox set checksum = row_sum(
  sid, account, endpoint, subject, kind, method, url, content_type, body, created_us, headers, signer
) where checksum = row_sum(sid, account, endpoint, subject, kind, method, url, content_type, body, created_us);
