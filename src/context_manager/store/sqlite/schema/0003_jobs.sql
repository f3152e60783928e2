-- Work that is left to workers. A job is a hint: what is to be done is found in memory itself, so a
-- row may be lost, and rows carry no checksum. due: seconds since 1970 from when it may be taken;
-- while token is not empty it is taken until then. again: when it is due once more after that.
CREATE TABLE jobs (
    number     INTEGER PRIMARY KEY,
    work       TEXT    NOT NULL,
    tenant_id  TEXT    NOT NULL,
    user_id    TEXT    NOT NULL,
    agent_id   TEXT    NOT NULL,
    session_id TEXT    NOT NULL,
    due        REAL    NOT NULL,
    token      TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    again      REAL
) STRICT;

CREATE UNIQUE INDEX jobs_by_name ON jobs (work, tenant_id, user_id, agent_id, session_id);
CREATE INDEX jobs_by_due ON jobs (due);
