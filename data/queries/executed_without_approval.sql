-- title: Did anything run without its approvals
-- question: Which Changes of prod were executed with no valid approval of the plan that ran? (There should be none.)
SELECT c.started_at, c.title, c.requester, c.state, c.plan, c.id AS change_id, c.ledger_index
FROM changes AS c
ANTI JOIN (FROM approvals WHERE tier = 'prod' AND actor <> requester) AS a
    ON a.change_no = c.change_no AND a.plan = c.plan AND a.occurred_at <= c.started_at
WHERE c.tier = 'prod' AND c.started_at IS NOT NULL
ORDER BY c.started_at, c.ledger_index
