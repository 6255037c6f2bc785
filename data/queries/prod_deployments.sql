-- title: Who deployed what to prod
-- question: Who deployed or rolled back what to prod in the last days, and how did it end?
-- parameter: days int 7 How many days back
SELECT
    r.occurred_at AS started_at, r.release, r.version, r.kind, r.state, r.requester, c.reason, r.lead_seconds,
    r.change_id, r.ledger_index
FROM releases AS r
JOIN changes AS c ON c.id = r.change_id
WHERE r.tier = 'prod' AND r.occurred_at >= now() - $days::INTEGER * INTERVAL 1 DAY
ORDER BY started_at DESC
