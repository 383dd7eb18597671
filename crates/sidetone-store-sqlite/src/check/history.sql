with recursive change (id) as (
  select last_change from call where id = ?1
  union all
  select l.previous from change c join annotation_log l on l.id = c.id
)
select l.seq, l.author, l.revision, l.after
from change c join annotation_log l on l.id = c.id
where l.call_id = ?1
order by l.seq desc
