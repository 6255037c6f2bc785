-- title: Which policy denies most
-- question: Which rules deny most often, how many Changes do they stop, and what would clear them?
-- parameter: days int 30 How many days back
-- chart: bar x=rule y=changes color=gate
SELECT
    gate,
    rule,
    count(*) AS findings,
    count(DISTINCT change_no) AS changes,
    max(occurred_at) AS latest,
    arg_max(clears_by, occurred_at) AS clears_by
FROM findings
WHERE effect = 'deny' AND occurred_at >= now() - $days::INTEGER * INTERVAL 1 DAY
GROUP BY gate, rule
ORDER BY changes DESC, findings DESC, rule, gate
