-- title: Did anything run without its approvals
-- question: Which Changes of prod were executed with no valid approval of the plan that ran? (There should be none.)
SELECT c.started_at, c.title, c.requester, c.state, c.plan, c.id AS change_id, c.ledger_index
FROM changes AS c
WHERE c.tier = 'prod' AND c.started_at IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM approvals AS a
        WHERE a.change_id = c.id AND a.plan = c.plan AND a.actor <> c.requester AND a.occurred_at <= c.started_at
    )
ORDER BY c.started_at
