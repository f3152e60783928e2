-- What finds candidates in a large memory, and what keeps the lists that find them. {near} is the
-- table of the vectors of one model of one partition, {vector} the schema that pgvector is in.
-- OFFSET 0 keeps the planner from turning a few look-ups in an index into a join of whole tables.

-- name: enter_session
SELECT set_config('search_path', %(schema)s, false)

-- name: pgvector
SELECT n.nspname, e.extversion, t.oid, has_schema_privilege(%(schema)s, 'CREATE')
FROM pg_extension AS e
JOIN pg_namespace AS n ON n.oid = e.extnamespace
LEFT JOIN pg_type AS t ON t.typnamespace = n.oid AND t.typname = 'halfvec'
WHERE e.extname = 'vector'

-- name: size
SELECT entries FROM partitions
WHERE tenant_id = %(tenant)s AND user_id = %(user)s AND agent_id = %(agent)s

-- name: space
SELECT p.part, p.next_key, m.id, m.near, m.dimension FROM partitions AS p
LEFT JOIN models AS m ON m.tenant_id = p.tenant_id AND m.part = p.part AND m.fingerprint = %(model)s
WHERE p.tenant_id = %(tenant)s AND p.user_id = %(user)s AND p.agent_id = %(agent)s

-- name: unfiled
SELECT b.block FROM generate_series(0, %(last)s::bigint) AS b (block)
LEFT JOIN filed AS w ON w.tenant_id = %(tenant)s AND w.part = %(part)s AND w.model = 0
    AND w.block = b.block
LEFT JOIN filed AS v ON v.tenant_id = %(tenant)s AND v.part = %(part)s AND v.model = %(id)s
    AND v.block = b.block
WHERE w.block IS NULL OR v.block IS NULL
ORDER BY b.block

-- name: filed
SELECT coalesce(sum(w.passages), 0)::bigint, coalesce(sum(w.words), 0)::bigint FROM filed AS w
JOIN filed AS v ON v.tenant_id = w.tenant_id AND v.part = w.part AND v.model = %(id)s
    AND v.block = w.block
WHERE w.tenant_id = %(tenant)s AND w.part = %(part)s AND w.model = 0

-- name: incomplete
SELECT block FROM filed
WHERE tenant_id = %(tenant)s AND part = %(part)s AND model = %(id)s AND vectors < passages

-- name: waiting
SELECT e.id, p.ordinal, p.start, p.stop FROM unnest(%(blocks)s::bigint[]) AS b (block)
CROSS JOIN LATERAL (
    SELECT p.entry, p.ordinal, p.start, p.stop FROM passages AS p
    WHERE p.tenant_id = %(tenant)s AND p.part = %(part)s
      AND p.entry >= (b.block << 10) AND p.entry < ((b.block + 1) << 10)
      AND (SELECT v.ordinal FROM vectors AS v
        WHERE v.tenant_id = %(tenant)s AND v.part = %(part)s AND v.model = %(id)s
          AND v.entry = p.entry AND v.ordinal = p.ordinal) IS NULL
    OFFSET 0) AS p
CROSS JOIN LATERAL (
    SELECT e.id FROM entries AS e
    WHERE e.tenant_id = %(tenant)s AND e.part = %(part)s AND e.key = p.entry OFFSET 0) AS e
ORDER BY p.entry, p.ordinal LIMIT %(limit)s

-- name: block_passages
SELECT p.entry, p.ordinal, p.words,
    (SELECT v.data FROM vectors AS v
     WHERE v.tenant_id = %(tenant)s AND v.part = %(part)s AND v.model = %(id)s
       AND v.entry = p.entry AND v.ordinal = p.ordinal)
FROM passages AS p
WHERE p.tenant_id = %(tenant)s AND p.part = %(part)s AND p.entry >= %(first)s AND p.entry < %(end)s
ORDER BY p.entry, p.ordinal

-- name: words_filed
SELECT 1 FROM filed
WHERE tenant_id = %(tenant)s AND part = %(part)s AND model = 0 AND block = %(block)s

-- name: drop_lists
DELETE FROM postings
WHERE tenant_id = %(tenant)s AND part = %(part)s AND block = %(block)s

-- name: insert_lists
INSERT INTO postings (tenant_id, part, term, block, held, packed)
SELECT %(tenant)s, %(part)s, l.term, %(block)s, l.held, l.packed
FROM unnest(%(terms)s::bigint[], %(held)s::integer[], %(packed)s::bytea[]) AS l (term, held, packed)

-- name: set_filed
INSERT INTO filed (tenant_id, part, model, block, passages, vectors, words)
VALUES (%(tenant)s, %(part)s, %(id)s, %(block)s, %(passages)s, %(vectors)s, %(words)s)
ON CONFLICT (tenant_id, part, model, block) DO UPDATE
SET passages = excluded.passages, vectors = excluded.vectors, words = excluded.words

-- name: has_near
UPDATE models SET near = true WHERE tenant_id = %(tenant)s AND part = %(part)s AND id = %(id)s

-- name: make_near
CREATE TABLE {near} (
    tenant_id text COLLATE "C" NOT NULL,
    part      bigint NOT NULL,
    entry     bigint NOT NULL,
    ordinal   integer NOT NULL,
    embedding {vector}.halfvec({dimension}) NOT NULL,
    PRIMARY KEY (tenant_id, part, entry, ordinal)
);
ALTER TABLE {near} ALTER COLUMN embedding SET STORAGE PLAIN;
ALTER TABLE {near} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_this_scope ON {near} USING (
    tenant_id = current_setting('context_manager.tenant', true)
    AND part = (SELECT p.part FROM partitions AS p
        WHERE p.tenant_id = current_setting('context_manager.tenant', true)
          AND p.user_id = current_setting('context_manager.user', true)
          AND p.agent_id = current_setting('context_manager.agent', true)))

-- name: near_places
SELECT entry, ordinal FROM {near}
WHERE tenant_id = %(tenant)s AND part = %(part)s AND entry >= %(first)s AND entry < %(end)s

-- name: insert_near
INSERT INTO {near} (tenant_id, part, entry, ordinal, embedding) VALUES (%s, %s, %s, %s, %s)

-- name: pieces
SELECT (SELECT tableoid::regclass::text FROM entries
    WHERE tenant_id = %(tenant)s AND part = %(part)s LIMIT 1)
UNION ALL SELECT (SELECT tableoid::regclass::text FROM passages
    WHERE tenant_id = %(tenant)s AND part = %(part)s LIMIT 1)
UNION ALL SELECT (SELECT tableoid::regclass::text FROM vectors
    WHERE tenant_id = %(tenant)s AND part = %(part)s LIMIT 1)
UNION ALL SELECT (SELECT tableoid::regclass::text FROM postings
    WHERE tenant_id = %(tenant)s AND part = %(part)s LIMIT 1)

-- name: index_state
SELECT i.indisvalid FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE c.relname = %(index)s AND c.relnamespace = %(schema)s::regnamespace

-- name: drop_index
DROP INDEX {near}_hnsw

-- name: make_index
CREATE INDEX CONCURRENTLY {near}_hnsw ON {near} USING hnsw (embedding {vector}.halfvec_ip_ops)

-- name: scan
SELECT set_config('enable_sort', 'off', true), set_config('jit', 'off', true),
    set_config('hnsw.ef_search', %(breadth)s, true),
    set_config('hnsw.iterative_scan', 'strict_order', true),
    set_config('hnsw.max_scan_tuples', %(scanned)s, true)

-- name: scanned
SELECT set_config('enable_sort', 'on', true)

-- name: nearest
SELECT n.entry FROM {near} AS n
WHERE n.tenant_id = %(tenant)s AND n.part = %(part)s
ORDER BY n.embedding OPERATOR({vector}.<#>) %(vector)s LIMIT %(most)s

-- name: nearest_narrowed
SELECT n.entry FROM {near} AS n
JOIN entries AS e ON e.tenant_id = n.tenant_id AND e.part = n.part AND e.key = n.entry
WHERE n.tenant_id = %(tenant)s AND n.part = %(part)s AND {narrowed}
ORDER BY n.embedding OPERATOR({vector}.<#>) %(vector)s LIMIT %(most)s

-- name: lists
SELECT l.term, l.block, l.packed FROM postings AS l
JOIN filed AS v ON v.tenant_id = l.tenant_id AND v.part = l.part AND v.model = %(id)s
    AND v.block = l.block
WHERE l.tenant_id = %(tenant)s AND l.part = %(part)s AND l.term = ANY(%(terms)s::bigint[])
ORDER BY l.term, l.block

-- name: narrowed_keys
SELECT e.key FROM entries AS e
WHERE e.tenant_id = %(tenant)s AND e.part = %(part)s AND {narrowed}
ORDER BY e.key LIMIT %(most)s

-- name: loose
SELECT e.key FROM unnest(%(blocks)s::bigint[]) AS b (block)
CROSS JOIN LATERAL (
    SELECT e.key FROM entries AS e
    WHERE e.tenant_id = %(tenant)s AND e.part = %(part)s
      AND e.key >= (b.block << 10) AND e.key < ((b.block + 1) << 10) OFFSET 0) AS e

-- name: around
SELECT r.key FROM (
    SELECT DISTINCT c.session_id, c.seq + d.step AS seq FROM entries AS c
    CROSS JOIN generate_series(- %(turns)s::bigint, %(turns)s::bigint) AS d (step)
    WHERE c.tenant_id = %(tenant)s AND c.part = %(part)s AND c.key = ANY(%(keys)s)
      AND c.seq >= 0) AS s
CROSS JOIN LATERAL (
    SELECT e.key FROM entries AS e
    WHERE e.tenant_id = %(tenant)s AND e.part = %(part)s AND e.session_id = s.session_id
      AND e.seq = s.seq OFFSET 0) AS r
WHERE s.seq >= 0

-- name: spread
SELECT r.key FROM generate_series(0, %(runs)s::bigint - 1) AS s (run)
CROSS JOIN LATERAL (
    SELECT e.key FROM entries AS e
    WHERE e.tenant_id = %(tenant)s AND e.part = %(part)s AND e.key >= s.run * %(step)s
    ORDER BY e.key LIMIT %(length)s) AS r

-- name: rows_of_entries
SELECT key, id, kind, session_id, task_id, seq, place, timestamp, coalesce(role, ''), trust,
    importance, expires_at, valid_from, valid_to, superseded_by IS NOT NULL
FROM entries WHERE tenant_id = %(tenant)s AND part = %(part)s AND key = ANY(%(keys)s) ORDER BY key

-- name: rows_of_passages
SELECT p.entry, p.ordinal, p.start, p.stop, p.tokens, p.words,
    (SELECT v.data FROM vectors AS v
     WHERE v.tenant_id = %(tenant)s AND v.part = %(part)s AND v.model = %(id)s
       AND v.entry = p.entry AND v.ordinal = p.ordinal)
FROM passages AS p
WHERE p.tenant_id = %(tenant)s AND p.part = %(part)s AND p.entry = ANY(%(keys)s)
ORDER BY p.entry, p.ordinal
