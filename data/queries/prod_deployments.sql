-- title: Who deployed what to prod
-- question: Who deployed or rolled back what to prod in the last days, and how did it end?
-- parameter: days int 7 How many days back
SELECT occurred_at AS started_at, release, version, kind, state, requester, reason, lead_seconds, change_id, ledger_index
FROM releases
WHERE tier = 'prod' AND occurred_at >= now() - $days::INTEGER * INTERVAL 1 DAY
ORDER BY started_at DESC, ledger_index DESC
