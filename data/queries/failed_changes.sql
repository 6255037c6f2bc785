-- title: What failed, and how was it mended
-- question: Which Changes failed, why, and which later Change on the same target succeeded first?
-- parameter: days int 30 How many days back
SELECT
    f.finished_at,
    f.title,
    f.outcome,
    f.outcome_why,
    f.id AS change_id,
    min(m.finished_at) AS mended_at,
    arg_min(m.title, m.finished_at) AS mended_by,
    arg_min(m.id, m.finished_at) AS mending_change,
    f.ledger_index
FROM changes AS f
LEFT JOIN changes AS m ON m.target = f.target AND m.state = 'succeeded' AND m.finished_at > f.finished_at
WHERE f.state = 'failed' AND f.finished_at >= now() - $days::INTEGER * INTERVAL 1 DAY
GROUP BY ALL
ORDER BY f.finished_at DESC
