-- title: Who holds which roles
-- question: Who has come, with which roles, since when, and how often have their roles changed?
SELECT
    subject[10:] AS identity,
    arg_max(data ->> '$.name', sequence) AS name,
    arg_max(array_to_string((data -> '$.roles')::VARCHAR[], ', '), sequence) AS roles,
    min(occurred_at) AS first_seen,
    max(occurred_at) AS since,
    count(*) - 1 AS changes,
    max(ledger_index) AS ledger_index
FROM events
WHERE type IN ('conductor.identity.seen.v1', 'conductor.identity.changed.v1')
GROUP BY identity
ORDER BY identity
