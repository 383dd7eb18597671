select a.sid, a.parent_sid, c.advanced_features, c.annotation_revision, c.annotation, IS_SOUND
from call c
join account a on a.id = c.account
where c.sid = ?1
