-- title: Deployments per day
-- question: How many deployments ran each day, tier by tier?
-- parameter: days int 30 How many days back
-- chart: bar x=day y=deployments color=tier
SELECT occurred_at::DATE AS day, tier, count(*) AS deployments
FROM releases
WHERE occurred_at >= now() - $days::INTEGER * INTERVAL 1 DAY
GROUP BY day, tier
ORDER BY day, tier
