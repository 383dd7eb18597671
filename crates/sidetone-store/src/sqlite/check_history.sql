select l.author, count(*), max(l.revision),
  (select after from annotation_log last
   where last.call_id = ?1 and last.author = l.author
   order by seq desc limit 1)
from annotation_log l
where l.call_id = ?1
group by l.author
