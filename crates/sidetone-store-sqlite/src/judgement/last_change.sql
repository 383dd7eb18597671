with recursive change (id) as (
  select last_change from call where id = ?1
  union all
  select l.previous from change c join annotation_log l on l.id = c.id where l.author <> ''
)
select l.changed_by, l.at_us
from change c join annotation_log l on l.id = c.id
where l.author = ''
