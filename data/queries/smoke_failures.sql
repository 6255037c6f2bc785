-- title: Which checks fail
-- question: Which post-flight checks failed, how often, and when last, release by release?
-- parameter: days int 30 How many days back
-- chart: bar x=name y=failed color=release
SELECT
    release,
    channel,
    name,
    count(*) AS ran,
    count(*) FILTER (NOT passed) AS failed,
    max(occurred_at) FILTER (NOT passed) AS latest_failure,
    arg_max(detail, occurred_at) FILTER (NOT passed) AS latest_detail
FROM smoke_results
WHERE occurred_at >= now() - $days::INTEGER * INTERVAL 1 DAY
GROUP BY release, channel, name
ORDER BY failed DESC, ran DESC, release, channel, name
