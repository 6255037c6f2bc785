-- title: Was anything approved by who asked for it
-- question: Which approvals were given by the requester of the same Change? (There must be none.)
WITH own AS (FROM approvals WHERE actor = requester)
SELECT own.occurred_at, own.actor, own.requester, c.title, own.change_id, own.ledger_index
FROM own
JOIN changes AS c USING (change_no)
ORDER BY own.occurred_at, own.ledger_index
