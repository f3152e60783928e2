-- The first schema. A partition (tenant, user, agent) is a small integer here; it comes first in
-- every index, and every statement names it. Identifiers compare byte by byte (BINARY).

CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- next_key: the next key of an entry or age of a session, never given twice.
-- erased, scrubbed: how many changes have deleted something, and how many of them are known to have
-- left no byte in the file; while they differ, the file is to be scrubbed.
-- readable_by: the lowest number of a schema whose code can read this file.
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counters VALUES ('next_key', 1), ('erased', 0), ('scrubbed', 0), ('readable_by', 1);

CREATE TABLE partitions (
    id        INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    user_id   TEXT NOT NULL,
    agent_id  TEXT NOT NULL,
    change    INTEGER NOT NULL,
    epoch     INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX partitions_by_name ON partitions (tenant_id, user_id, agent_id);

-- next_seq only grows, so a seq is never used again, whatever is forgotten.
CREATE TABLE sessions (
    partition  INTEGER NOT NULL,
    session_id TEXT    NOT NULL,
    age        INTEGER NOT NULL,
    next_seq   INTEGER NOT NULL,
    PRIMARY KEY (partition, session_id)
) STRICT, WITHOUT ROWID;

-- A turn's text is that of its messages, the entries with its session and seq.
CREATE TABLE turns (
    key          INTEGER PRIMARY KEY,
    partition    INTEGER NOT NULL,
    id           TEXT    NOT NULL,
    session_id   TEXT    NOT NULL,
    seq          INTEGER NOT NULL,
    timestamp    REAL    NOT NULL,
    token_count  INTEGER NOT NULL,
    priority     REAL    NOT NULL,
    consolidated INTEGER NOT NULL,
    metadata     TEXT    NOT NULL,
    checksum     BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX turns_by_id ON turns (partition, id);
CREATE UNIQUE INDEX turns_by_seq ON turns (partition, session_id, seq);
CREATE INDEX turns_open ON turns (partition, session_id, seq) WHERE consolidated = 0;

-- change: the partition's change that last touched the entry or one of its vectors.
-- metadata and text come last, so that reading the rest never follows their overflow pages.
CREATE TABLE entries (
    key           INTEGER PRIMARY KEY,
    partition     INTEGER NOT NULL,
    change        INTEGER NOT NULL,
    id            TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    session_id    TEXT    NOT NULL,
    task_id       TEXT    NOT NULL,
    seq           INTEGER NOT NULL,
    place         INTEGER NOT NULL,
    timestamp     REAL    NOT NULL,
    role          TEXT,
    name          TEXT,
    turn_id       TEXT,
    trust         INTEGER NOT NULL,
    importance    REAL    NOT NULL,
    expires_at    REAL,
    valid_from    REAL,
    valid_to      REAL,
    superseded_by TEXT,
    checksum      BLOB    NOT NULL,
    digest        BLOB    NOT NULL,
    source_ids    TEXT    NOT NULL,
    metadata      TEXT    NOT NULL,
    text          TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX entries_by_id ON entries (partition, id);
CREATE INDEX entries_by_age ON entries (partition);
CREATE INDEX entries_by_change ON entries (partition, change);
CREATE INDEX entries_by_seq ON entries (partition, session_id, seq, place);
CREATE INDEX entries_by_kind ON entries (partition, kind);
CREATE INDEX entries_by_digest ON entries (partition, digest) WHERE digest <> x'';

-- What was derived from what; entries.source_ids holds the same in order.
CREATE TABLE sources (
    partition INTEGER NOT NULL,
    source_id TEXT    NOT NULL,
    entry     INTEGER NOT NULL,
    PRIMARY KEY (partition, source_id, entry)
) STRICT, WITHOUT ROWID;

CREATE INDEX sources_by_entry ON sources (partition, entry);

CREATE TABLE passages (
    key       INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    entry     INTEGER NOT NULL,
    ordinal   INTEGER NOT NULL,
    start     INTEGER NOT NULL,
    stop      INTEGER NOT NULL,
    tokens    INTEGER NOT NULL,
    checksum  BLOB    NOT NULL,
    words     BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX passages_by_entry ON passages (partition, entry, ordinal);

CREATE TABLE models (
    id          INTEGER PRIMARY KEY,
    fingerprint TEXT    NOT NULL UNIQUE,
    dimension   INTEGER NOT NULL
) STRICT;

-- At most one vector for each passage and model; a passage without one is the embed job.
CREATE TABLE vectors (
    key       INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    model     INTEGER NOT NULL,
    entry     INTEGER NOT NULL,
    ordinal   INTEGER NOT NULL,
    checksum  BLOB    NOT NULL,
    data      BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX vectors_by_passage ON vectors (partition, model, entry, ordinal);
CREATE INDEX vectors_by_entry ON vectors (partition, entry);

-- Idempotency keys, hashed with the store's secret, and what their change did.
CREATE TABLE done (
    partition INTEGER NOT NULL,
    digest    BLOB    NOT NULL,
    applied   TEXT    NOT NULL,
    PRIMARY KEY (partition, digest)
) STRICT, WITHOUT ROWID;
