-- title: Everything about one Change
-- question: What happened to one Change, in order, with the place of each fact in the ledger?
-- parameter: change text chg- Id of the Change
SELECT occurred_at, type, actor, data, sequence, ledger_index
FROM events
WHERE subject = $change
ORDER BY sequence
