-- Every statement that reads or writes memory, by name. :p is the partition's integer.

-- name: version
SELECT change, epoch FROM partitions WHERE tenant_id = ? AND user_id = ? AND agent_id = ?

-- name: partition
SELECT id, change, epoch, (SELECT value FROM counters WHERE name = 'next_key')
FROM partitions WHERE tenant_id = ? AND user_id = ? AND agent_id = ?

-- name: partitions
SELECT tenant_id, user_id, agent_id FROM partitions AS p
WHERE EXISTS (SELECT 1 FROM entries WHERE partition = p.id)
  OR (:ledgers AND EXISTS (SELECT 1 FROM ledger WHERE partition = p.id))

-- name: superseded_or_gone
SELECT value FROM json_each(:ids) WHERE NOT EXISTS (
    SELECT 1 FROM entries WHERE partition = :p AND id = value AND superseded_by IS NULL)

-- name: consolidated_or_gone
SELECT value FROM json_each(:ids) WHERE NOT EXISTS (
    SELECT 1 FROM turns WHERE partition = :p AND id = value AND consolidated = 0)

-- name: derived_from
SELECT e.id FROM json_each(:ids) AS gone
JOIN entries AS source ON source.key = gone.value
JOIN sources AS s ON s.partition = :p AND s.source_id = source.id
JOIN entries AS e ON e.key = s.entry
WHERE s.entry NOT IN (SELECT value FROM json_each(:ids))

-- name: line
SELECT number FROM ledger WHERE partition = ? AND book = ? AND name = ?

-- name: strike
DELETE FROM ledger WHERE partition = ? AND book = ? AND name = ?

-- name: insert_line
INSERT INTO ledger (number, partition, book, name, body, checksum) VALUES (?, ?, ?, ?, ?, ?)

-- name: ledger
SELECT number, name, body FROM ledger
WHERE partition = :p AND book = :book AND number > :after
ORDER BY number LIMIT :limit

-- name: ledger_last
SELECT number, name, body FROM ledger
WHERE partition = :p AND book = :book AND number > :after
ORDER BY number DESC LIMIT :limit

-- name: ledger_named
SELECT number, name, body FROM ledger
WHERE partition = :p AND book = :book AND number > :after
  AND name IN (SELECT value FROM json_each(:names))
ORDER BY number

-- name: models
SELECT m.fingerprint, v.n FROM (
    SELECT model, count(*) AS n FROM vectors WHERE partition = ? GROUP BY model) AS v
JOIN models AS m ON m.id = v.model

-- name: drop_model
DELETE FROM vectors WHERE partition = :p AND model =
    (SELECT id FROM models WHERE fingerprint = :model)

-- name: touch_partition
UPDATE entries SET change = ? WHERE partition = ?

-- name: secret
SELECT value FROM secrets WHERE name = 'hash'

-- name: insert_secret
INSERT INTO secrets VALUES ('hash', ?)

-- name: insert_partition
INSERT INTO partitions (tenant_id, user_id, agent_id, change, epoch)
VALUES (?, ?, ?, 0, 0)

-- name: set_version
UPDATE partitions SET change = :change, epoch = :epoch WHERE id = :p

-- name: set_next_key
UPDATE counters SET value = ? WHERE name = 'next_key'

-- name: done
SELECT applied FROM done WHERE partition = ? AND digest = ?

-- name: insert_done
INSERT INTO done VALUES (?, ?, ?)

-- name: next_seq
SELECT next_seq FROM sessions WHERE partition = ? AND session_id = ?

-- name: set_next_seq
INSERT INTO sessions (partition, session_id, age, next_seq) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET next_seq = excluded.next_seq

-- name: sessions
SELECT session_id FROM sessions AS s
WHERE partition = :p
  AND EXISTS (SELECT 1 FROM turns WHERE partition = :p AND session_id = s.session_id)
ORDER BY age

-- name: known_entry
SELECT id FROM entries WHERE partition = ? AND key < ? AND id IN (SELECT value FROM json_each(?))

-- name: known_turn
SELECT id FROM turns WHERE partition = ? AND id = ?

-- name: insert_turn
INSERT INTO turns (partition, id, session_id, seq, timestamp, token_count, priority, consolidated,
    metadata, checksum)
VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)

-- name: consolidate
UPDATE turns SET consolidated = 1 WHERE partition = ? AND id = ? AND consolidated = 0

-- name: reopen
UPDATE turns SET consolidated = 0 WHERE partition = ? AND id = ? AND consolidated = 1

-- name: turn_at
SELECT id, seq, timestamp, token_count, priority, metadata FROM turns
WHERE partition = :p AND session_id = :session AND seq = :seq AND metadata <> '{}'

-- name: clear_turn
UPDATE turns SET metadata = '{}', checksum = :checksum
WHERE partition = :p AND session_id = :session AND seq = :seq

-- name: turns
SELECT id, seq, timestamp, token_count, priority, metadata FROM turns
WHERE partition = :p AND session_id = :session AND seq > :after AND seq < :before
ORDER BY seq DESC LIMIT :last

-- name: unconsolidated
SELECT id, seq, timestamp, token_count, priority, metadata FROM turns
WHERE partition = :p AND session_id = :session AND consolidated = 0
ORDER BY seq DESC

-- name: messages
SELECT {columns} FROM entries
WHERE partition = :p AND session_id = :session AND seq BETWEEN :first AND :last
ORDER BY seq, place

-- name: insert_entry
INSERT INTO entries (key, partition, change, {columns}, digest, checksum)
VALUES (?, ?, ?, {marks}, ?, ?)

-- name: insert_passage
INSERT INTO passages (partition, entry, ordinal, start, stop, tokens, words, checksum)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: insert_source
INSERT OR IGNORE INTO sources (partition, source_id, entry) VALUES (?, ?, ?)

-- name: model
SELECT id, dimension FROM models WHERE fingerprint = ?

-- name: insert_model
INSERT INTO models (fingerprint, dimension) VALUES (?, ?)

-- name: passages_of
SELECT e.id, p.ordinal, e.key FROM json_each(?) AS wanted
CROSS JOIN entries AS e ON e.partition = ? AND e.id = wanted.value
CROSS JOIN passages AS p ON p.partition = e.partition AND p.entry = e.key

-- name: set_vector
INSERT INTO vectors (partition, model, entry, ordinal, data, checksum) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET data = excluded.data, checksum = excluded.checksum

-- name: touch_entry
UPDATE entries SET change = ? WHERE partition = ? AND key = ?

-- name: entry_for_update
SELECT key, digest, {columns} FROM entries WHERE partition = ? AND id = ?

-- name: update_entry
UPDATE entries SET change = ?, ({columns}) = ({marks}), checksum = ? WHERE partition = ? AND key = ?

-- name: entry_place
SELECT key, session_id, seq FROM entries WHERE partition = ? AND id = ?

-- name: turn_entries
SELECT e.key, e.session_id, e.seq FROM turns AS t
JOIN entries AS e ON e.partition = t.partition AND e.session_id = t.session_id AND e.seq = t.seq
WHERE t.partition = ? AND t.id = ?

-- name: delete_vectors
DELETE FROM vectors WHERE partition = ? AND entry = ?

-- name: delete_passages
DELETE FROM passages WHERE partition = ? AND entry = ?

-- name: delete_sources
DELETE FROM sources WHERE partition = ? AND entry = ?

-- name: delete_entry
DELETE FROM entries WHERE partition = ? AND key = ?

-- name: delete_empty_turn
DELETE FROM turns WHERE partition = :p AND session_id = :session AND seq = :seq
AND NOT EXISTS (
    SELECT 1 FROM entries WHERE partition = :p AND session_id = :session AND seq = :seq)

-- name: count_entries
SELECT count(*) FROM entries WHERE partition = ?

-- name: erase_vectors
DELETE FROM vectors WHERE partition = ?

-- name: erase_passages
DELETE FROM passages WHERE partition = ?

-- name: erase_sources
DELETE FROM sources WHERE partition = ?

-- name: erase_entries
DELETE FROM entries WHERE partition = ?

-- name: erase_turns
DELETE FROM turns WHERE partition = ?

-- name: erase_sessions
DELETE FROM sessions WHERE partition = ?

-- name: erase_ledger
DELETE FROM ledger WHERE partition = ?

-- name: entry_rows
SELECT key, id, kind, session_id, task_id, seq, place, timestamp, coalesce(role, ''), trust,
    importance, expires_at, valid_from, valid_to, superseded_by IS NOT NULL
FROM entries INDEXED BY entries_by_age WHERE partition = ? ORDER BY key

-- name: entry_rows_since
SELECT key, id, kind, session_id, task_id, seq, place, timestamp, coalesce(role, ''), trust,
    importance, expires_at, valid_from, valid_to, superseded_by IS NOT NULL
FROM entries INDEXED BY entries_by_change WHERE partition = ? AND change > ? ORDER BY key

-- name: passage_rows
SELECT p.entry, p.ordinal, p.start, p.stop, p.tokens, p.words, v.data
FROM passages AS p INDEXED BY passages_by_entry
LEFT JOIN vectors AS v INDEXED BY vectors_by_passage
    ON v.partition = p.partition AND v.model = :model AND v.entry = p.entry
    AND v.ordinal = p.ordinal
WHERE p.partition = :p ORDER BY p.entry, p.ordinal

-- name: passage_rows_since
SELECT p.entry, p.ordinal, p.start, p.stop, p.tokens, p.words, v.data
FROM entries AS e INDEXED BY entries_by_change
CROSS JOIN passages AS p INDEXED BY passages_by_entry
    ON p.partition = e.partition AND p.entry = e.key
LEFT JOIN vectors AS v INDEXED BY vectors_by_passage
    ON v.partition = p.partition AND v.model = :model AND v.entry = p.entry
    AND v.ordinal = p.ordinal
WHERE e.partition = :p AND e.change > :since ORDER BY p.entry, p.ordinal

-- name: entries
SELECT {columns} FROM entries
WHERE partition = ? AND id IN (SELECT value FROM json_each(?))

-- name: first_vectors
SELECT e.id, v.data FROM entries AS e
CROSS JOIN vectors AS v INDEXED BY vectors_by_passage
    ON v.partition = :p AND v.model = :model AND v.entry = e.key AND v.ordinal = 0
WHERE e.partition = :p AND e.id IN (SELECT value FROM json_each(:ids))

-- name: find
SELECT key, {columns} FROM entries WHERE partition = :p AND key > :after

-- The + keeps SQLite from walking all entries by age where another index finds the few wanted.
-- name: find_among
SELECT key, {columns} FROM entries WHERE partition = :p AND +key > :after

-- name: pending
SELECT e.id, p.ordinal, p.start, p.stop
FROM passages AS p INDEXED BY passages_by_entry
JOIN entries AS e ON e.key = p.entry AND e.partition = p.partition
WHERE p.partition = :p AND NOT EXISTS (
    SELECT 1 FROM vectors AS v WHERE v.partition = :p AND v.model = :model
    AND v.entry = p.entry AND v.ordinal = p.ordinal)
ORDER BY p.entry, p.ordinal LIMIT :limit

-- name: mark_erased
UPDATE counters SET value = value + 1 WHERE name = 'erased'

-- name: scrub_state
SELECT sum(value) FILTER (WHERE name = 'erased'), sum(value) FILTER (WHERE name = 'scrubbed')
FROM counters

-- name: set_scrubbed
UPDATE counters SET value = (SELECT value FROM counters WHERE name = 'erased')
WHERE name = 'scrubbed'

-- name: readable_by
SELECT value FROM counters WHERE name = 'readable_by'
