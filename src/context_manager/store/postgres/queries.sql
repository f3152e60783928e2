-- Every statement that reads or writes memory, by name. {part} is the partition's number while
-- reading, looked up in the same statement; %(part)s is the number of the locked partition. {fork}
-- is what a failover adds to every epoch.

-- name: enter
SELECT set_config('search_path', %(schema)s, true),
    set_config('context_manager.tenant', %(tenant)s, true),
    set_config('context_manager.user', %(user)s, true),
    set_config('context_manager.agent', %(agent)s, true)

-- name: enter_listing
SELECT set_config('search_path', %(schema)s, true),
    set_config('context_manager.listing', 'on', true)

-- name: secret
SELECT value FROM secrets WHERE name = 'hash'

-- name: insert_secret
INSERT INTO secrets VALUES ('hash', %(secret)s) ON CONFLICT DO NOTHING

-- name: version
SELECT change, epoch + {fork} FROM partitions
WHERE tenant_id = %(tenant)s AND user_id = %(user)s AND agent_id = %(agent)s

-- How far the log of a primary is, in bytes, and how far a standby has replayed it.
-- name: position
SELECT CASE WHEN NOT pg_is_in_recovery()
    THEN (pg_current_wal_insert_lsn() - '0/0')::bigint END, {fork}

-- name: reached
SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::bigint END, 0

-- name: partitions
SELECT tenant_id, user_id, agent_id FROM partitions
WHERE (%(tenant)s::text IS NULL OR tenant_id = %(tenant)s)
  AND (entries > 0 OR (%(ledgers)s AND lines > 0))

-- name: lock_partition
SELECT part, change, epoch, next_key, entries, lines, {fork}, writer FROM partitions
WHERE tenant_id = %(tenant)s AND user_id = %(user)s AND agent_id = %(agent)s
FOR NO KEY UPDATE

-- name: insert_partition
INSERT INTO partitions (tenant_id, user_id, agent_id) VALUES (%(tenant)s, %(user)s, %(agent)s)
ON CONFLICT DO NOTHING

-- name: set_partition
UPDATE partitions SET change = %(change)s, epoch = %(epoch)s, next_key = %(next_key)s,
    entries = %(entries)s, lines = %(lines)s, writer = %(writer)s
WHERE tenant_id = %(tenant)s AND user_id = %(user)s AND agent_id = %(agent)s

-- name: done
SELECT applied FROM done
WHERE tenant_id = %(tenant)s AND part = %(part)s AND digest = %(digest)s

-- name: insert_done
INSERT INTO done VALUES (%(tenant)s, %(part)s, %(digest)s, %(applied)s)

-- name: superseded_or_gone
SELECT wanted.id FROM unnest(%(ids)s::text[]) WITH ORDINALITY AS wanted (id, place)
WHERE NOT EXISTS (SELECT 1 FROM entries AS e
    WHERE e.tenant_id = %(tenant)s AND e.part = %(part)s AND e.id = wanted.id
      AND e.superseded_by IS NULL)
ORDER BY wanted.place

-- name: consolidated_or_gone
SELECT wanted.id FROM unnest(%(ids)s::text[]) WITH ORDINALITY AS wanted (id, place)
WHERE NOT EXISTS (SELECT 1 FROM turns AS t
    WHERE t.tenant_id = %(tenant)s AND t.part = %(part)s AND t.id = wanted.id
      AND NOT t.consolidated)
ORDER BY wanted.place

-- name: derived_from
SELECT e.id FROM entries AS source
JOIN sources AS s ON s.tenant_id = source.tenant_id AND s.part = source.part
    AND s.source_id = source.id
JOIN entries AS e ON e.tenant_id = s.tenant_id AND e.part = s.part AND e.key = s.entry
WHERE source.tenant_id = %(tenant)s AND source.part = %(part)s AND source.key = ANY(%(keys)s)
  AND e.key <> ALL(%(keys)s)

-- name: entry_places
SELECT key, session_id, seq FROM entries
WHERE tenant_id = %(tenant)s AND part = %(part)s AND id = ANY(%(ids)s)

-- name: turn_entries
SELECT e.key, e.session_id, e.seq FROM turns AS t
JOIN entries AS e ON e.tenant_id = t.tenant_id AND e.part = t.part
    AND e.session_id = t.session_id AND e.seq = t.seq
WHERE t.tenant_id = %(tenant)s AND t.part = %(part)s AND t.id = ANY(%(ids)s)

-- name: delete_vectors
DELETE FROM vectors WHERE tenant_id = %(tenant)s AND part = %(part)s AND entry = ANY(%(keys)s)

-- name: delete_passages
DELETE FROM passages WHERE tenant_id = %(tenant)s AND part = %(part)s AND entry = ANY(%(keys)s)

-- name: delete_sources
DELETE FROM sources WHERE tenant_id = %(tenant)s AND part = %(part)s AND entry = ANY(%(keys)s)

-- name: delete_entries
DELETE FROM entries WHERE tenant_id = %(tenant)s AND part = %(part)s AND key = ANY(%(keys)s)

-- name: delete_empty_turns
DELETE FROM turns AS t USING unnest(%(sessions)s::text[], %(seqs)s::bigint[]) AS gone (session_id, seq)
WHERE t.tenant_id = %(tenant)s AND t.part = %(part)s
  AND t.session_id = gone.session_id AND t.seq = gone.seq
  AND NOT EXISTS (SELECT 1 FROM entries AS e
    WHERE e.tenant_id = %(tenant)s AND e.part = %(part)s
      AND e.session_id = t.session_id AND e.seq = t.seq)

-- name: turns_at
SELECT t.id, t.session_id, t.seq, t.timestamp, t.token_count, t.priority FROM turns AS t
JOIN unnest(%(sessions)s::text[], %(seqs)s::bigint[]) AS torn (session_id, seq)
    ON t.session_id = torn.session_id AND t.seq = torn.seq
WHERE t.tenant_id = %(tenant)s AND t.part = %(part)s

-- name: set_turn_metadata
UPDATE turns SET metadata = %s, checksum = %s
WHERE tenant_id = %s AND part = %s AND session_id = %s AND seq = %s

-- name: erase_vectors
DELETE FROM vectors WHERE tenant_id = %(tenant)s AND part = %(part)s

-- name: erase_models
DELETE FROM models WHERE tenant_id = %(tenant)s AND part = %(part)s

-- name: erase_passages
DELETE FROM passages WHERE tenant_id = %(tenant)s AND part = %(part)s

-- name: erase_sources
DELETE FROM sources WHERE tenant_id = %(tenant)s AND part = %(part)s

-- name: erase_entries
DELETE FROM entries WHERE tenant_id = %(tenant)s AND part = %(part)s

-- name: erase_turns
DELETE FROM turns WHERE tenant_id = %(tenant)s AND part = %(part)s

-- name: erase_sessions
DELETE FROM sessions WHERE tenant_id = %(tenant)s AND part = %(part)s

-- name: erase_ledger
DELETE FROM ledger WHERE tenant_id = %(tenant)s AND part = %(part)s

-- name: known_entries
SELECT id FROM entries WHERE tenant_id = %(tenant)s AND part = %(part)s AND id = ANY(%(ids)s)

-- name: known_turns
SELECT id FROM turns WHERE tenant_id = %(tenant)s AND part = %(part)s AND id = ANY(%(ids)s)

-- name: next_seqs
SELECT session_id, next_seq FROM sessions
WHERE tenant_id = %(tenant)s AND part = %(part)s AND session_id = ANY(%(sessions)s)

-- name: set_next_seq
INSERT INTO sessions (tenant_id, part, session_id, age, next_seq) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, part, session_id) DO UPDATE SET next_seq = excluded.next_seq

-- name: insert_turn
INSERT INTO turns (tenant_id, part, id, session_id, seq, timestamp, token_count, priority, metadata,
    checksum)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)

-- name: insert_entry
INSERT INTO entries (tenant_id, part, key, change, {columns}, digest, checksum)
VALUES (%s, %s, %s, %s, {marks}, %s, %s)

-- name: insert_passage
INSERT INTO passages (tenant_id, part, entry, ordinal, start, stop, tokens, words, checksum)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)

-- name: insert_source
INSERT INTO sources (tenant_id, part, source_id, entry) VALUES (%s, %s, %s, %s)
ON CONFLICT DO NOTHING

-- name: known_models
SELECT fingerprint, id, dimension, near FROM models
WHERE tenant_id = %(tenant)s AND part = %(part)s

-- name: insert_model
INSERT INTO models VALUES (%(tenant)s, %(part)s, %(fingerprint)s, %(id)s, %(dimension)s)

-- name: delete_postings
DELETE FROM postings
WHERE tenant_id = %(tenant)s AND part = %(part)s AND block = ANY(%(blocks)s)

-- name: erase_postings
DELETE FROM postings WHERE tenant_id = %(tenant)s AND part = %(part)s

-- name: unfile
DELETE FROM filed
WHERE tenant_id = %(tenant)s AND part = %(part)s AND model = ANY(%(models)s)
  AND block = ANY(%(blocks)s)

-- name: unfile_model
DELETE FROM filed WHERE tenant_id = %(tenant)s AND part = %(part)s AND model = %(id)s

-- name: erase_filed
DELETE FROM filed WHERE tenant_id = %(tenant)s AND part = %(part)s

-- name: lose_near
UPDATE models SET near = false WHERE tenant_id = %(tenant)s AND part = %(part)s AND id = %(id)s

-- name: known_passages
SELECT e.id, p.ordinal, e.key FROM entries AS e
JOIN passages AS p ON p.tenant_id = e.tenant_id AND p.part = e.part AND p.entry = e.key
WHERE e.tenant_id = %(tenant)s AND e.part = %(part)s AND e.id = ANY(%(ids)s)

-- name: set_vector
INSERT INTO vectors (tenant_id, part, model, entry, ordinal, data, checksum)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, part, model, entry, ordinal) DO UPDATE SET
    data = excluded.data, checksum = excluded.checksum

-- name: touch_entries
UPDATE entries SET change = %(change)s
WHERE tenant_id = %(tenant)s AND part = %(part)s AND key = ANY(%(keys)s)

-- name: touch_partition
UPDATE entries SET change = %(change)s WHERE tenant_id = %(tenant)s AND part = %(part)s

-- name: entries_for_update
SELECT key, digest, {columns} FROM entries
WHERE tenant_id = %(tenant)s AND part = %(part)s AND id = ANY(%(ids)s)

-- name: update_entry
UPDATE entries SET change = %s, ({columns}) = ROW({marks}), checksum = %s
WHERE tenant_id = %s AND part = %s AND key = %s

-- name: consolidate
UPDATE turns SET consolidated = true
WHERE tenant_id = %(tenant)s AND part = %(part)s AND id = ANY(%(ids)s) AND NOT consolidated
RETURNING id

-- name: reopen
UPDATE turns SET consolidated = false
WHERE tenant_id = %(tenant)s AND part = %(part)s AND id = ANY(%(ids)s) AND consolidated
RETURNING id

-- name: drop_model
DELETE FROM vectors WHERE tenant_id = %(tenant)s AND part = %(part)s AND model = (
    SELECT id FROM models
    WHERE tenant_id = %(tenant)s AND part = %(part)s AND fingerprint = %(model)s)
RETURNING 1

-- name: known_lines
SELECT name FROM ledger
WHERE tenant_id = %(tenant)s AND part = %(part)s AND book = %(book)s AND name = ANY(%(names)s)

-- name: strike
DELETE FROM ledger
WHERE tenant_id = %(tenant)s AND part = %(part)s AND book = %(book)s AND name = ANY(%(names)s)
RETURNING 1

-- name: insert_line
INSERT INTO ledger (tenant_id, part, number, book, name, body, checksum)
VALUES (%s, %s, %s, %s, %s, %s, %s)

-- name: entry_rows
SELECT key, id, kind, session_id, task_id, seq, place, timestamp, coalesce(role, ''), trust,
    importance, expires_at, valid_from, valid_to, superseded_by IS NOT NULL
FROM entries WHERE tenant_id = %(tenant)s AND part = {part} ORDER BY key

-- name: entry_rows_since
SELECT key, id, kind, session_id, task_id, seq, place, timestamp, coalesce(role, ''), trust,
    importance, expires_at, valid_from, valid_to, superseded_by IS NOT NULL
FROM entries WHERE tenant_id = %(tenant)s AND part = {part} AND change > %(since)s ORDER BY key

-- name: passage_rows
SELECT p.entry, p.ordinal, p.start, p.stop, p.tokens, p.words, v.data
FROM passages AS p
LEFT JOIN vectors AS v ON v.tenant_id = p.tenant_id AND v.part = p.part AND v.model = {model}
    AND v.entry = p.entry AND v.ordinal = p.ordinal
WHERE p.tenant_id = %(tenant)s AND p.part = {part} ORDER BY p.entry, p.ordinal

-- name: passage_rows_since
SELECT p.entry, p.ordinal, p.start, p.stop, p.tokens, p.words, v.data
FROM entries AS e
JOIN passages AS p ON p.tenant_id = e.tenant_id AND p.part = e.part AND p.entry = e.key
LEFT JOIN vectors AS v ON v.tenant_id = p.tenant_id AND v.part = p.part AND v.model = {model}
    AND v.entry = p.entry AND v.ordinal = p.ordinal
WHERE e.tenant_id = %(tenant)s AND e.part = {part} AND e.change > %(since)s
ORDER BY p.entry, p.ordinal

-- name: entries
SELECT {columns} FROM entries
WHERE tenant_id = %(tenant)s AND part = {part} AND id = ANY(%(ids)s)

-- name: first_vectors
SELECT e.id, v.data FROM entries AS e
JOIN vectors AS v ON v.tenant_id = e.tenant_id AND v.part = e.part AND v.model = {model}
    AND v.entry = e.key AND v.ordinal = 0
WHERE e.tenant_id = %(tenant)s AND e.part = {part} AND e.id = ANY(%(ids)s)

-- name: find
SELECT key, {columns} FROM entries
WHERE tenant_id = %(tenant)s AND part = {part} AND key > %(after)s

-- name: turns
SELECT id, seq, timestamp, token_count, priority, metadata FROM turns
WHERE tenant_id = %(tenant)s AND part = {part} AND session_id = %(session)s
  AND seq > %(after)s AND seq < %(before)s
ORDER BY seq DESC LIMIT %(last)s

-- name: unconsolidated
SELECT id, seq, timestamp, token_count, priority, metadata FROM turns
WHERE tenant_id = %(tenant)s AND part = {part} AND session_id = %(session)s AND NOT consolidated
ORDER BY seq DESC

-- name: messages
SELECT {columns} FROM entries
WHERE tenant_id = %(tenant)s AND part = {part} AND session_id = %(session)s
  AND seq BETWEEN %(first)s AND %(final)s
ORDER BY seq, place

-- name: sessions
SELECT s.session_id FROM sessions AS s
WHERE s.tenant_id = %(tenant)s AND s.part = {part} AND EXISTS (
    SELECT 1 FROM turns AS t
    WHERE t.tenant_id = s.tenant_id AND t.part = s.part AND t.session_id = s.session_id)
ORDER BY s.age

-- name: pending
SELECT e.id, p.ordinal, p.start, p.stop
FROM passages AS p
JOIN entries AS e ON e.tenant_id = p.tenant_id AND e.part = p.part AND e.key = p.entry
WHERE p.tenant_id = %(tenant)s AND p.part = {part} AND NOT EXISTS (
    SELECT 1 FROM vectors AS v
    WHERE v.tenant_id = p.tenant_id AND v.part = p.part AND v.model = {model}
      AND v.entry = p.entry AND v.ordinal = p.ordinal)
ORDER BY p.entry, p.ordinal LIMIT %(limit)s

-- name: models
SELECT m.fingerprint, v.number FROM (
    SELECT model, count(*) AS number FROM vectors
    WHERE tenant_id = %(tenant)s AND part = {part} GROUP BY model) AS v
JOIN models AS m ON m.tenant_id = %(tenant)s AND m.part = {part} AND m.id = v.model

-- name: ledger
SELECT number, name, body FROM ledger
WHERE tenant_id = %(tenant)s AND part = {part} AND book = %(book)s AND number > %(after)s
ORDER BY number LIMIT %(limit)s

-- name: ledger_last
SELECT number, name, body FROM ledger
WHERE tenant_id = %(tenant)s AND part = {part} AND book = %(book)s AND number > %(after)s
ORDER BY number DESC LIMIT %(limit)s

-- name: ledger_named
SELECT number, name, body FROM ledger
WHERE tenant_id = %(tenant)s AND part = {part} AND book = %(book)s AND number > %(after)s
  AND name = ANY(%(names)s)
ORDER BY number

-- name: facts
SELECT current_setting('server_version'), (SELECT max(number) FROM schema_steps),
    (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
     WHERE relnamespace = %(schema)s::regnamespace AND relkind = 'r')

-- name: walled
SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user
