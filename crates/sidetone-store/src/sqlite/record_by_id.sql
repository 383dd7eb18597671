select a.sid, a.parent_sid, c.advanced_features, c.placeholder, c.version, d.body, n.revision, n.body, c.sid
from call c
join account a on a.id = c.account
left join document d on d.call_id = c.id
left join annotation n on n.call_id = c.id and n.author = ''
where c.id = ?1
