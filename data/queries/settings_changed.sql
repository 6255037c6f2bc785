-- title: What settings changed
-- question: With which other settings than before did a worker, the API or the workbench start?
-- parameter: days int 90 How many days back
SELECT
    occurred_at,
    process,
    change ->> '$.name' AS setting,
    change ->> '$.before' AS before,
    change ->> '$.after' AS after,
    ledger_index
FROM (
    SELECT
        occurred_at, sequence, ledger_index,
        data ->> '$.process' AS process,
        unnest((data -> '$.changed')::JSON[]) AS change
    FROM events
    WHERE type = 'conductor.settings.applied.v1' AND occurred_at >= now() - $days::INTEGER * INTERVAL 1 DAY
)
ORDER BY sequence DESC, setting
