-- What takes the rows of a partition out, in the order that all back ends give, and puts some in.

-- name: holders
SELECT tenant_id, user_id, agent_id FROM partitions

-- name: adopt
UPDATE secrets SET value = %(secret)s
WHERE name = 'hash' AND NOT EXISTS (SELECT 1 FROM partitions)
RETURNING 1

-- name: take_version
SELECT change, epoch FROM partitions
WHERE tenant_id = %(tenant)s AND user_id = %(user)s AND agent_id = %(agent)s

-- name: take_session
SELECT session_id, next_seq FROM sessions
WHERE tenant_id = %(tenant)s AND part = {part} ORDER BY age

-- name: take_turn
SELECT t.id, t.session_id, t.seq, t.timestamp, t.token_count, t.priority, t.metadata,
    t.consolidated::integer
FROM turns AS t
JOIN sessions AS s ON s.tenant_id = t.tenant_id AND s.part = t.part AND s.session_id = t.session_id
WHERE t.tenant_id = %(tenant)s AND t.part = {part} ORDER BY s.age, t.seq

-- name: take_entry
SELECT change, {columns}, digest FROM entries
WHERE tenant_id = %(tenant)s AND part = {part} ORDER BY key

-- name: take_passage
SELECT e.id, p.ordinal, p.start, p.stop, p.tokens, p.words FROM passages AS p
JOIN entries AS e ON e.tenant_id = p.tenant_id AND e.part = p.part AND e.key = p.entry
WHERE p.tenant_id = %(tenant)s AND p.part = {part} ORDER BY p.entry, p.ordinal

-- name: take_vector
SELECT e.id, v.ordinal, m.fingerprint, v.data FROM vectors AS v
JOIN entries AS e ON e.tenant_id = v.tenant_id AND e.part = v.part AND e.key = v.entry
JOIN models AS m ON m.tenant_id = v.tenant_id AND m.part = v.part AND m.id = v.model
WHERE v.tenant_id = %(tenant)s AND v.part = {part} ORDER BY v.entry, v.ordinal, m.fingerprint

-- name: take_line
SELECT book, name, body FROM ledger
WHERE tenant_id = %(tenant)s AND part = {part} ORDER BY number

-- name: take_done
SELECT digest, applied FROM done
WHERE tenant_id = %(tenant)s AND part = {part} ORDER BY digest

-- name: put_turn
INSERT INTO turns (tenant_id, part, id, session_id, seq, timestamp, token_count, priority, metadata,
    consolidated, checksum)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)

-- name: put_done
INSERT INTO done VALUES (%s, %s, %s, %s)

-- name: erase_done
DELETE FROM done WHERE tenant_id = %s AND part = %s
