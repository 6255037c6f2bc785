-- title: DORA, week by week
-- question: How often do we deploy, how long does it take, how much fails, and how long until it is mended?
-- parameter: weeks int 12 How many weeks back
-- chart: line x=week y=deployments,failed_percent
WITH done AS (
    SELECT change_no, release, channel, finished_at, lead_seconds, state = 'failed' AS failed, state
    FROM releases
    WHERE finished_at IS NOT NULL AND occurred_at >= now() - $weeks::INTEGER * INTERVAL 7 DAY
),
mended AS (
    SELECT bad.change_no, good.finished_at - bad.finished_at AS took
    FROM (FROM done WHERE failed) AS bad
    ASOF JOIN (FROM done WHERE state = 'succeeded') AS good
        ON good.release = bad.release AND good.channel = bad.channel AND good.finished_at > bad.finished_at
)
SELECT
    date_trunc('week', done.finished_at)::DATE AS week,
    count(*) AS deployments,
    round(median(done.lead_seconds) / 60, 1) AS lead_minutes,
    round(100.0 * count(*) FILTER (done.failed) / count(*), 1) AS failed_percent,
    round(epoch(median(mended.took)) / 60, 1) AS mended_minutes
FROM done
LEFT JOIN mended USING (change_no)
GROUP BY week
ORDER BY week
