-- title: What failed, and how was it mended
-- question: Which Changes failed, why, and which later Change on the same target succeeded first?
-- parameter: days int 30 How many days back
WITH done AS (
    SELECT change_no, target, state, finished_at
    FROM changes
    WHERE finished_at >= now() - $days::INTEGER * INTERVAL 1 DAY
),
mended AS (
    SELECT bad.change_no, good.change_no AS mending_no, good.finished_at AS mended_at
    FROM (FROM done WHERE state = 'failed') AS bad
    ASOF LEFT JOIN (FROM done WHERE state = 'succeeded') AS good
        ON good.target = bad.target AND good.finished_at > bad.finished_at
)
SELECT
    f.finished_at,
    f.title,
    f.outcome,
    f.outcome_why,
    f.id AS change_id,
    mended.mended_at,
    m.title AS mended_by,
    m.id AS mending_change,
    f.ledger_index
FROM mended
JOIN changes AS f USING (change_no)
LEFT JOIN changes AS m ON m.change_no = mended.mending_no
ORDER BY f.finished_at DESC, f.ledger_index DESC
