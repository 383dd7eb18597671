insert into annotation_log (call_id, seq, author, revision, changed_by, at_us, before, after)
select ?1, coalesce(max(seq), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7 from annotation_log where call_id = ?1
