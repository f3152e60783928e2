-- The first schema. The tenant comes first in every key, and every table of memory is partitioned
-- by a hash of it; nothing is unique, locked or joined across tenants. A partition of memory
-- (tenant, user, agent) is a number, part. Identifiers compare byte by byte (COLLATE "C").
-- The number of hash partitions is a setting of the session that runs this step.

CREATE TABLE secrets (
    name  text PRIMARY KEY,
    value bytea NOT NULL
);

CREATE SEQUENCE parts;

-- next_key: the next key of an entry, number of a line or age of a session; never given twice.
-- entries, lines: how many the partition holds.
-- writer: names the transaction that wrote last, so that one whose end was not heard can be found.
CREATE TABLE partitions (
    tenant_id text COLLATE "C" NOT NULL,
    user_id   text COLLATE "C" NOT NULL,
    agent_id  text COLLATE "C" NOT NULL,
    part      bigint NOT NULL DEFAULT nextval('parts'),
    change    bigint NOT NULL DEFAULT 0,
    epoch     bigint NOT NULL DEFAULT 0,
    next_key  bigint NOT NULL DEFAULT 1,
    entries   bigint NOT NULL DEFAULT 0,
    lines     bigint NOT NULL DEFAULT 0,
    writer    bytea,
    PRIMARY KEY (tenant_id, user_id, agent_id)
) PARTITION BY HASH (tenant_id);

-- next_seq only grows, so a seq is never used again, whatever is forgotten.
CREATE TABLE sessions (
    tenant_id  text COLLATE "C" NOT NULL,
    part       bigint NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    age        bigint NOT NULL,
    next_seq   bigint NOT NULL,
    PRIMARY KEY (tenant_id, part, session_id)
) PARTITION BY HASH (tenant_id);

-- A turn's text is that of its messages, the entries with its session and seq.
CREATE TABLE turns (
    tenant_id    text COLLATE "C" NOT NULL,
    part         bigint NOT NULL,
    session_id   text COLLATE "C" NOT NULL,
    seq          bigint NOT NULL,
    id           text COLLATE "C" NOT NULL,
    timestamp    double precision NOT NULL,
    token_count  bigint NOT NULL,
    priority     double precision NOT NULL,
    consolidated boolean NOT NULL DEFAULT false,
    metadata     text NOT NULL,
    PRIMARY KEY (tenant_id, part, session_id, seq),
    UNIQUE (tenant_id, part, id)
) PARTITION BY HASH (tenant_id);

CREATE INDEX turns_open ON turns (tenant_id, part, session_id, seq) WHERE NOT consolidated;

-- change: the partition's change that last touched the entry or one of its vectors.
CREATE TABLE entries (
    tenant_id     text COLLATE "C" NOT NULL,
    part          bigint NOT NULL,
    key           bigint NOT NULL,
    change        bigint NOT NULL,
    timestamp     double precision NOT NULL,
    importance    double precision NOT NULL,
    expires_at    double precision,
    valid_from    double precision,
    valid_to      double precision,
    seq           bigint NOT NULL,
    place         integer NOT NULL,
    trust         smallint NOT NULL,
    id            text COLLATE "C" NOT NULL,
    kind          text COLLATE "C" NOT NULL,
    session_id    text COLLATE "C" NOT NULL,
    task_id       text COLLATE "C" NOT NULL,
    role          text COLLATE "C",
    name          text,
    turn_id       text COLLATE "C",
    superseded_by text,
    digest        bytea NOT NULL,
    source_ids    text NOT NULL,
    metadata      text NOT NULL,
    text          text NOT NULL,
    PRIMARY KEY (tenant_id, part, key),
    UNIQUE (tenant_id, part, id)
) PARTITION BY HASH (tenant_id);

CREATE INDEX entries_by_change ON entries (tenant_id, part, change);
CREATE INDEX entries_by_seq ON entries (tenant_id, part, session_id, seq, place);
CREATE INDEX entries_by_kind ON entries (tenant_id, part, kind);
CREATE INDEX entries_by_digest ON entries (tenant_id, part, digest) WHERE digest <> '';

-- What was derived from what; entries.source_ids holds the same in order.
CREATE TABLE sources (
    tenant_id text COLLATE "C" NOT NULL,
    part      bigint NOT NULL,
    source_id text COLLATE "C" NOT NULL,
    entry     bigint NOT NULL,
    PRIMARY KEY (tenant_id, part, source_id, entry)
) PARTITION BY HASH (tenant_id);

CREATE INDEX sources_by_entry ON sources (tenant_id, part, entry);

CREATE TABLE passages (
    tenant_id text COLLATE "C" NOT NULL,
    part      bigint NOT NULL,
    entry     bigint NOT NULL,
    ordinal   integer NOT NULL,
    start     integer NOT NULL,
    stop      integer NOT NULL,
    tokens    integer NOT NULL,
    words     bytea NOT NULL,
    PRIMARY KEY (tenant_id, part, entry, ordinal)
) PARTITION BY HASH (tenant_id);

CREATE TABLE models (
    tenant_id   text COLLATE "C" NOT NULL,
    part        bigint NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    id          integer NOT NULL,
    dimension   integer NOT NULL,
    PRIMARY KEY (tenant_id, part, fingerprint),
    UNIQUE (tenant_id, part, id)
) PARTITION BY HASH (tenant_id);

-- At most one vector for each passage and model; a passage without one is the embed job.
CREATE TABLE vectors (
    tenant_id text COLLATE "C" NOT NULL,
    part      bigint NOT NULL,
    model     integer NOT NULL,
    entry     bigint NOT NULL,
    ordinal   integer NOT NULL,
    data      bytea NOT NULL,
    PRIMARY KEY (tenant_id, part, model, entry, ordinal)
) PARTITION BY HASH (tenant_id);

CREATE INDEX vectors_by_entry ON vectors (tenant_id, part, entry);

-- Numbers do not compress: spare the try.
ALTER TABLE vectors ALTER COLUMN data SET STORAGE EXTERNAL;

-- What is written down about memory and is not remembered itself: receipts, tombstones, recorded
-- prompts, in books of lines whose names differ. number grows with every line of the partition.
CREATE TABLE ledger (
    tenant_id text COLLATE "C" NOT NULL,
    part      bigint NOT NULL,
    book      text COLLATE "C" NOT NULL,
    name      text COLLATE "C" NOT NULL,
    number    bigint NOT NULL,
    body      text NOT NULL,
    PRIMARY KEY (tenant_id, part, book, name),
    UNIQUE (tenant_id, part, book, number)
) PARTITION BY HASH (tenant_id);

-- Idempotency keys, hashed with the store's secret, and what their change did.
CREATE TABLE done (
    tenant_id text COLLATE "C" NOT NULL,
    part      bigint NOT NULL,
    digest    bytea NOT NULL,
    applied   text NOT NULL,
    PRIMARY KEY (tenant_id, part, digest)
) PARTITION BY HASH (tenant_id);

-- Hash partitions, and the second wall behind the scope that every statement names: even one that
-- named none would see and write the rows of the partition that its transaction is for, no others.
-- The hash partitions themselves have no policy, so nobody reads them past their table.
DO $$
DECLARE
    name  text;
    child text;
    total integer := current_setting('context_manager.hash_partitions')::integer;
BEGIN
    FOREACH name IN ARRAY ARRAY['partitions', 'sessions', 'turns', 'entries', 'sources', 'passages',
                                'models', 'vectors', 'ledger', 'done'] LOOP
        FOR i IN 0 .. total - 1 LOOP
            child := name || '_' || i;
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
                           child, name, total, i);
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', child);
        END LOOP;
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        IF name <> 'partitions' THEN
            EXECUTE format(
                'CREATE POLICY of_this_scope ON %I USING ('
                '  tenant_id = current_setting(''context_manager.tenant'', true)'
                '  AND part = (SELECT p.part FROM partitions AS p'
                '    WHERE p.tenant_id = current_setting(''context_manager.tenant'', true)'
                '      AND p.user_id = current_setting(''context_manager.user'', true)'
                '      AND p.agent_id = current_setting(''context_manager.agent'', true)))', name);
        END IF;
    END LOOP;
END $$;

CREATE POLICY of_this_scope ON partitions USING (
    tenant_id = current_setting('context_manager.tenant', true)
    AND user_id = current_setting('context_manager.user', true)
    AND agent_id = current_setting('context_manager.agent', true));

-- Who has anything may be listed, by a transaction that says so; what they have may not.
CREATE POLICY of_a_listing ON partitions FOR SELECT USING (
    current_setting('context_manager.listing', true) = 'on');
