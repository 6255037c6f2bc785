-- title: What is not yet sealed
-- question: Which events have no place in the ledger yet, and since when do they wait?
SELECT occurred_at, type, subject, actor, sequence
FROM events
WHERE ledger_index IS NULL
ORDER BY sequence
LIMIT 1000
