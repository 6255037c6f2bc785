-- title: Where the time of a run goes
-- question: Which kinds of operation take longest, and how often do they fail?
-- parameter: days int 30 How many days back
-- chart: bar x=kind y=median_seconds
SELECT
    kind,
    count(*) AS operations,
    round(quantile_cont(seconds, [0.5, 0.95])[1], 1) AS median_seconds,
    round(quantile_cont(seconds, [0.5, 0.95])[2], 1) AS p95_seconds,
    count(*) FILTER (state = 'failed') AS failed,
    count(*) FILTER (dispatches > 1) AS dispatched_again
FROM operations
WHERE started_at >= now() - $days::INTEGER * INTERVAL 1 DAY
GROUP BY kind
ORDER BY median_seconds DESC NULLS LAST, kind
