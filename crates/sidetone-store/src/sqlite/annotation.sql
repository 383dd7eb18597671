select a.sid, a.parent_sid, c.advanced_features, n.revision, n.body
from call c
join account a on a.id = c.account
left join annotation n on n.call_id = c.id and n.author = ''
where c.sid = ?1
