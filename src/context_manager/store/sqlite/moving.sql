-- What takes the rows of a partition out, in the order that all back ends give, and puts some in.

-- name: holders
SELECT tenant_id, user_id, agent_id FROM partitions

-- name: adopt
UPDATE secrets SET value = ? WHERE name = 'hash' AND NOT EXISTS (SELECT 1 FROM partitions)

-- name: take_version
SELECT change, epoch FROM partitions WHERE id = :p

-- name: take_session
SELECT session_id, next_seq FROM sessions WHERE partition = :p ORDER BY age

-- name: take_turn
SELECT t.id, t.session_id, t.seq, t.timestamp, t.token_count, t.priority, t.metadata,
    t.consolidated
FROM turns AS t
JOIN sessions AS s ON s.partition = t.partition AND s.session_id = t.session_id
WHERE t.partition = :p ORDER BY s.age, t.seq

-- name: take_entry
SELECT change, {columns}, digest FROM entries WHERE partition = :p ORDER BY key

-- name: take_passage
SELECT e.id, p.ordinal, p.start, p.stop, p.tokens, p.words FROM passages AS p
JOIN entries AS e ON e.key = p.entry WHERE p.partition = :p ORDER BY p.entry, p.ordinal

-- name: take_vector
SELECT e.id, v.ordinal, m.fingerprint, v.data FROM vectors AS v
JOIN entries AS e ON e.key = v.entry JOIN models AS m ON m.id = v.model
WHERE v.partition = :p ORDER BY v.entry, v.ordinal, m.fingerprint

-- name: take_line
SELECT book, name, body FROM ledger WHERE partition = :p ORDER BY number

-- name: take_done
SELECT digest, applied FROM done WHERE partition = :p ORDER BY digest

-- name: put_turn
INSERT INTO turns (partition, id, session_id, seq, timestamp, token_count, priority, metadata,
    consolidated, checksum)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: erase_done
DELETE FROM done WHERE partition = ?
