-- title: Which approvals took longest
-- question: Which plans waited longest for the approval that they needed, and who gave it?
-- parameter: days int 30 How many days back
-- chart: bar x=title y=waited_minutes color=tier
WITH slowest AS (
    FROM approvals
    WHERE occurred_at >= now() - $days::INTEGER * INTERVAL 1 DAY
    ORDER BY waited_seconds DESC, sequence
    LIMIT 50
)
SELECT
    c.title, a.tier, round(a.waited_seconds / 60, 1) AS waited_minutes, a.actor, a.occurred_at, a.void, a.change_id,
    a.ledger_index
FROM slowest AS a
JOIN changes AS c USING (change_no)
ORDER BY a.waited_seconds DESC, a.sequence
