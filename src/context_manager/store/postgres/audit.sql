-- What `verify` reads of one partition, by name: the rows with their checksums, and broken links.

-- name: entries
SELECT id, key, {columns}, digest, checksum FROM entries
WHERE tenant_id = %(tenant)s AND part = {part} ORDER BY key

-- name: turns
SELECT id, id, session_id, seq, timestamp, token_count, priority, metadata, checksum FROM turns
WHERE tenant_id = %(tenant)s AND part = {part} ORDER BY session_id, seq

-- name: passages
SELECT e.id, p.entry, p.ordinal, p.start, p.stop, p.tokens, p.words, p.checksum FROM passages AS p
LEFT JOIN entries AS e ON e.tenant_id = p.tenant_id AND e.part = p.part AND e.key = p.entry
WHERE p.tenant_id = %(tenant)s AND p.part = {part} ORDER BY p.entry, p.ordinal

-- name: vectors
SELECT e.id, m.fingerprint, v.entry, v.ordinal, v.data, v.checksum FROM vectors AS v
LEFT JOIN entries AS e ON e.tenant_id = v.tenant_id AND e.part = v.part AND e.key = v.entry
LEFT JOIN models AS m ON m.tenant_id = v.tenant_id AND m.part = v.part AND m.id = v.model
WHERE v.tenant_id = %(tenant)s AND v.part = {part} ORDER BY v.entry, v.ordinal, v.model

-- name: ledger
SELECT name, number, book, name, body, checksum FROM ledger
WHERE tenant_id = %(tenant)s AND part = {part} ORDER BY number

-- name: passage_orphans
SELECT 'entry ' || p.entry FROM passages AS p
WHERE p.tenant_id = %(tenant)s AND p.part = {part} AND NOT EXISTS (SELECT 1 FROM entries AS e
    WHERE e.tenant_id = p.tenant_id AND e.part = p.part AND e.key = p.entry)

-- name: vector_orphans
SELECT 'entry ' || v.entry FROM vectors AS v
WHERE v.tenant_id = %(tenant)s AND v.part = {part} AND NOT EXISTS (SELECT 1 FROM passages AS p
    WHERE p.tenant_id = v.tenant_id AND p.part = v.part AND p.entry = v.entry
      AND p.ordinal = v.ordinal)

-- name: empty_turns
SELECT t.id FROM turns AS t
WHERE t.tenant_id = %(tenant)s AND t.part = {part} AND NOT EXISTS (SELECT 1 FROM entries AS e
    WHERE e.tenant_id = t.tenant_id AND e.part = t.part AND e.session_id = t.session_id
      AND e.seq = t.seq)

-- name: lost_messages
SELECT e.id FROM entries AS e
WHERE e.tenant_id = %(tenant)s AND e.part = {part} AND e.seq >= 0
  AND NOT EXISTS (SELECT 1 FROM turns AS t
    WHERE t.tenant_id = e.tenant_id AND t.part = e.part AND t.session_id = e.session_id
      AND t.seq = e.seq AND t.id = e.turn_id)

-- name: late_sessions
SELECT t.session_id FROM turns AS t
LEFT JOIN sessions AS s ON s.tenant_id = t.tenant_id AND s.part = t.part
    AND s.session_id = t.session_id
WHERE t.tenant_id = %(tenant)s AND t.part = {part}
GROUP BY t.session_id HAVING max(t.seq) >= coalesce(max(s.next_seq), 0)

-- name: late_partition
SELECT p.user_id FROM partitions AS p
WHERE p.tenant_id = %(tenant)s AND p.user_id = %(user)s AND p.agent_id = %(agent)s AND (
    p.change < (SELECT coalesce(max(e.change), 0) FROM entries AS e
        WHERE e.tenant_id = %(tenant)s AND e.part = p.part)
    OR p.next_key <= (SELECT coalesce(max(e.key), 0) FROM entries AS e
        WHERE e.tenant_id = %(tenant)s AND e.part = p.part)
    OR p.next_key <= (SELECT coalesce(max(l.number), 0) FROM ledger AS l
        WHERE l.tenant_id = %(tenant)s AND l.part = p.part))

-- name: miscounted
SELECT p.user_id FROM partitions AS p
WHERE p.tenant_id = %(tenant)s AND p.user_id = %(user)s AND p.agent_id = %(agent)s
  AND (p.entries, p.lines) <> (
    (SELECT count(*) FROM entries AS e WHERE e.tenant_id = %(tenant)s AND e.part = p.part),
    (SELECT count(*) FROM ledger AS l WHERE l.tenant_id = %(tenant)s AND l.part = p.part))

-- name: named_sources
SELECT key, id, source_ids FROM entries
WHERE tenant_id = %(tenant)s AND part = {part} AND source_ids <> '[]'

-- name: sources
SELECT entry, source_id FROM sources WHERE tenant_id = %(tenant)s AND part = {part}
