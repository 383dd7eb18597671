with recursive change (id) as (
  select last_change from call where id = ?1
  union all
  select l.previous from change c join annotation_log l on l.id = c.id
)
select l.seq, l.revision, l.author, l.changed_by, l.at_us, l.before, l.after, IS_SOUND
from change c join annotation_log l on l.id = c.id
where l.seq < ?2
order by l.seq desc limit ?3
