-- title: Who approves, how much, how fast
-- question: How many approvals did each person give, how long did plans wait for them, and how many were void later?
-- parameter: days int 30 How many days back
-- chart: bar x=actor y=approvals
SELECT
    actor,
    count(*) AS approvals,
    round(median(waited_seconds) / 60, 1) AS median_minutes,
    count(*) FILTER (void) AS void_later
FROM approvals
WHERE occurred_at >= now() - $days::INTEGER * INTERVAL 1 DAY
GROUP BY actor
ORDER BY approvals DESC, actor
