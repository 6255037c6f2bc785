-- title: Lead time and failure rate by release
-- question: How long does a deployment take from request to end, and how many fail, release by release?
-- parameter: days int 30 How many days back
-- chart: bar x=release y=median_minutes
SELECT
    release,
    count(*) AS deployments,
    round(quantile_cont(lead_seconds, [0.5, 0.95])[1] / 60, 1) AS median_minutes,
    round(quantile_cont(lead_seconds, [0.5, 0.95])[2] / 60, 1) AS p95_minutes,
    count(*) FILTER (state = 'failed') AS failed,
    round(100.0 * count(*) FILTER (state = 'failed') / count(*), 1) AS failed_percent
FROM releases
WHERE kind = 'deploy' AND finished_at IS NOT NULL AND occurred_at >= now() - $days::INTEGER * INTERVAL 1 DAY
GROUP BY release
ORDER BY deployments DESC, release
