-- title: What waits now, and for how long
-- question: Which Changes have not ended, in which state are they, and since when?
-- chart: bar x=title y=waiting_hours color=state
SELECT
    state, title, requester, round(epoch(now() - updated_at) / 3600, 1) AS waiting_hours, updated_at, id AS change_id,
    ledger_index
FROM changes
WHERE state NOT IN ('succeeded', 'failed', 'rejected', 'cancelled')
ORDER BY updated_at
