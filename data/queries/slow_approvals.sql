-- title: Which approvals took longest
-- question: Which plans waited longest for the approval that they needed, and who gave it?
-- parameter: days int 30 How many days back
-- chart: bar x=title y=waited_minutes color=tier
SELECT
    c.title, c.tier, round(a.waited_seconds / 60, 1) AS waited_minutes, a.actor, a.occurred_at, a.void, a.change_id,
    a.ledger_index
FROM approvals AS a
JOIN changes AS c ON c.id = a.change_id
WHERE a.occurred_at >= now() - $days::INTEGER * INTERVAL 1 DAY
ORDER BY a.waited_seconds DESC
LIMIT 50
