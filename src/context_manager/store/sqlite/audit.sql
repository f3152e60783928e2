-- What `verify` reads and what `repair` mends, by name.
-- Text is read as bytes, so that a flipped byte that is no UTF-8 any more can be reported.
-- NOT INDEXED reads the table itself, whatever state its indexes are in.

-- name: entries
SELECT e.key, e.partition, CAST(e.id AS BLOB), e.key, {entry_bytes}, e.digest, e.checksum
FROM entries AS e NOT INDEXED WHERE e.key > ? ORDER BY e.key

-- name: turns
SELECT t.key, t.partition, CAST(t.id AS BLOB), CAST(t.id AS BLOB), CAST(t.session_id AS BLOB),
    t.seq, t.timestamp, t.token_count, t.priority, CAST(t.metadata AS BLOB), t.checksum
FROM turns AS t NOT INDEXED WHERE t.key > ? ORDER BY t.key

-- name: passages
SELECT p.key, p.partition, CAST(e.id AS BLOB), p.entry, p.ordinal, p.start, p.stop, p.tokens,
    p.words, p.checksum
FROM passages AS p NOT INDEXED LEFT JOIN entries AS e ON e.key = p.entry
WHERE p.key > ? ORDER BY p.key

-- name: vectors
SELECT v.key, v.partition, CAST(e.id AS BLOB), CAST(m.fingerprint AS BLOB), v.entry, v.ordinal,
    v.data, v.checksum
FROM vectors AS v NOT INDEXED LEFT JOIN entries AS e ON e.key = v.entry
LEFT JOIN models AS m ON m.id = v.model
WHERE v.key > ? ORDER BY v.key

-- name: ledger
SELECT l.number, l.partition, CAST(l.name AS BLOB), l.number, CAST(l.book AS BLOB),
    CAST(l.name AS BLOB), CAST(l.body AS BLOB), l.checksum
FROM ledger AS l NOT INDEXED WHERE l.number > ? ORDER BY l.number

-- name: partitions
SELECT id, tenant_id, user_id, agent_id FROM partitions NOT INDEXED

-- name: passage_orphans
SELECT p.partition, 'entry ' || p.entry FROM passages AS p NOT INDEXED
WHERE NOT EXISTS (SELECT 1 FROM entries WHERE key = p.entry AND partition = p.partition)

-- name: vector_orphans
SELECT v.partition, 'entry ' || v.entry FROM vectors AS v NOT INDEXED
WHERE NOT EXISTS (SELECT 1 FROM passages WHERE partition = v.partition AND entry = v.entry
    AND ordinal = v.ordinal)

-- name: source_orphans
SELECT s.partition, s.source_id FROM sources AS s
WHERE NOT EXISTS (
    SELECT 1 FROM entries AS e, json_each(iif(json_valid(e.source_ids), e.source_ids, '[]')) AS j
    WHERE e.key = s.entry AND e.partition = s.partition AND j.value = s.source_id)

-- name: source_gaps
SELECT e.partition, e.id
FROM entries AS e NOT INDEXED, json_each(iif(json_valid(e.source_ids), e.source_ids, '[]')) AS j
WHERE e.source_ids <> '[]' AND NOT EXISTS (
    SELECT 1 FROM sources WHERE partition = e.partition AND source_id = j.value AND entry = e.key)

-- name: empty_turns
SELECT t.partition, t.id FROM turns AS t NOT INDEXED
WHERE NOT EXISTS (SELECT 1 FROM entries WHERE partition = t.partition
    AND session_id = t.session_id AND seq = t.seq)

-- name: lost_messages
SELECT e.partition, e.id FROM entries AS e NOT INDEXED
WHERE e.seq >= 0 AND NOT EXISTS (SELECT 1 FROM turns WHERE partition = e.partition
    AND session_id = e.session_id AND seq = e.seq AND id = e.turn_id)

-- name: late_sessions
SELECT t.partition, t.session_id FROM turns AS t NOT INDEXED
GROUP BY t.partition, t.session_id
HAVING max(t.seq) >= coalesce((SELECT next_seq FROM sessions
    WHERE partition = t.partition AND session_id = t.session_id), 0)

-- name: late_counter
SELECT NULL, 'next_key' FROM counters WHERE name = 'next_key' AND value <= max(
    (SELECT coalesce(max(key), 0) FROM entries), (SELECT coalesce(max(number), 0) FROM ledger))

-- name: late_partitions
SELECT e.partition, p.tenant_id FROM entries AS e NOT INDEXED
LEFT JOIN partitions AS p ON p.id = e.partition
GROUP BY e.partition HAVING p.id IS NULL OR max(e.change) > p.change

-- name: drop_vector
DELETE FROM vectors WHERE key = ?

-- name: drop_vector_orphans
DELETE FROM vectors WHERE NOT EXISTS (SELECT 1 FROM passages
    WHERE partition = vectors.partition AND entry = vectors.entry AND ordinal = vectors.ordinal)

-- name: drop_passage_orphans
DELETE FROM passages WHERE NOT EXISTS (
    SELECT 1 FROM entries WHERE key = passages.entry AND partition = passages.partition)

-- name: drop_empty_turns
DELETE FROM turns WHERE NOT EXISTS (SELECT 1 FROM entries WHERE partition = turns.partition
    AND session_id = turns.session_id AND seq = turns.seq)

-- name: clear_sources
DELETE FROM sources

-- name: rebuild_sources
INSERT OR IGNORE INTO sources (partition, source_id, entry)
SELECT e.partition, j.value, e.key
FROM entries AS e, json_each(iif(json_valid(e.source_ids), e.source_ids, '[]')) AS j
WHERE e.source_ids <> '[]'

-- name: mend_counter
UPDATE counters SET value = max(value, 1 + max(
    (SELECT coalesce(max(key), 0) FROM entries), (SELECT coalesce(max(number), 0) FROM ledger)))
WHERE name = 'next_key'

-- name: mend_sessions
INSERT INTO sessions (partition, session_id, age, next_seq)
SELECT partition, session_id, min(key), max(seq) + 1 FROM turns WHERE true
GROUP BY partition, session_id
ON CONFLICT DO UPDATE SET next_seq = max(next_seq, excluded.next_seq)

-- name: mend_versions
UPDATE partitions SET epoch = epoch + 1, change = 1 + max(change,
    (SELECT coalesce(max(change), 0) FROM entries WHERE partition = partitions.id))

-- name: indexes
SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL

-- name: forget_indexes
DELETE FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL
