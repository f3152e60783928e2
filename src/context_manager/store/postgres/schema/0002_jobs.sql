-- Work that is left to workers. A job is a hint: what is to be done is found in memory itself. The
-- table stands apart from memory, is not divided by tenant and holds no content. due: seconds since
-- 1970 from when it may be taken; while token is not empty it is taken until then. again: when it
-- is due once more after that.
CREATE TABLE jobs (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work       text COLLATE "C" NOT NULL,
    tenant_id  text COLLATE "C" NOT NULL,
    user_id    text COLLATE "C" NOT NULL,
    agent_id   text COLLATE "C" NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    due        double precision NOT NULL,
    token      text COLLATE "C" NOT NULL,
    attempt    integer NOT NULL,
    again      double precision,
    UNIQUE (work, tenant_id, user_id, agent_id, session_id)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX jobs_by_due ON jobs (due, number);
CREATE INDEX jobs_by_token ON jobs (token) WHERE token <> '';
