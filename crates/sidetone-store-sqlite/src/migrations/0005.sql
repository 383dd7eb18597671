-- Version 5.

-- Nothing sets or reads these.
alter table call drop column sealed;
alter table call drop column refused_events;
alter table call drop column lease_until_us;
alter table feedback_summary drop column lease_until_us;
