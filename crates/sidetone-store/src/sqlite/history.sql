select seq, revision, author, changed_by, at_us, before, after
from annotation_log where call_id = ?1 and seq < ?2
order by seq desc limit ?3
