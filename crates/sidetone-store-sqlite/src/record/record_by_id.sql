select a.sid, a.parent_sid, c.advanced_features, c.placeholder, c.version, d.body, c.annotation_revision, c.annotation, c.sid, IS_SOUND, c.start_us, c.end_key
from call c
join account a on a.id = c.account
left join document d on d.call_id = c.id
where c.id = ?1
