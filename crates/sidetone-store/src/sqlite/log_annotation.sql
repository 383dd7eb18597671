insert into annotation_log (call_id, previous, seq, author, revision, changed_by, at_us, before, after)
values (?1, ?2, coalesce((select seq from annotation_log where id = ?2), 0) + 1, ?3, ?4, ?5, ?6, ?7, ?8)
