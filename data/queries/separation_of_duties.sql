-- title: Was anything approved by who asked for it
-- question: Which approvals were given by the requester of the same Change? (There must be none.)
SELECT a.occurred_at, a.actor, c.requester, c.title, a.change_id, a.ledger_index
FROM approvals AS a
JOIN changes AS c ON c.id = a.change_id
WHERE a.actor = c.requester
ORDER BY a.occurred_at
