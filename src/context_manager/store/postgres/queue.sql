-- The statements of the queue. The present is the server's own, so that nobody's clock matters.

-- name: enter
SELECT set_config('search_path', %(schema)s, true)

-- name: add
INSERT INTO jobs (work, tenant_id, user_id, agent_id, session_id, due, token, attempt)
VALUES (%(work)s, %(tenant)s, %(user)s, %(agent)s, %(session)s, {now} + %(after)s, '', 0)
ON CONFLICT (work, tenant_id, user_id, agent_id, session_id) DO UPDATE SET
    due = CASE WHEN jobs.token <> '' AND jobs.due > {now} THEN jobs.due
          ELSE least(jobs.due, excluded.due) END,
    again = CASE WHEN jobs.token <> '' AND jobs.due > {now} THEN least(jobs.again, excluded.due)
            ELSE jobs.again END

-- name: tell
SELECT pg_notify(%(channel)s, '')

-- name: take
WITH found AS MATERIALIZED (
    SELECT number FROM jobs WHERE due <= {now} AND work = ANY(%(works)s::text[])
    ORDER BY due, number LIMIT 1 FOR UPDATE SKIP LOCKED)
UPDATE jobs SET token = %(token)s, attempt = attempt + 1, due = {now} + %(seconds)s
FROM found WHERE jobs.number = found.number
RETURNING work, tenant_id, user_id, agent_id, session_id, attempt

-- name: renew
UPDATE jobs SET due = {now} + %(seconds)s WHERE token = %(token)s AND token <> '' RETURNING 1

-- name: finish
DELETE FROM jobs WHERE token = %(token)s AND token <> '' AND again IS NULL RETURNING 1

-- name: finish_once
UPDATE jobs SET due = again, again = NULL, token = '', attempt = 0
WHERE token = %(token)s AND token <> '' RETURNING 1

-- name: put_back
UPDATE jobs SET due = {now} + %(after)s, again = NULL, token = ''
WHERE token = %(token)s AND token <> '' RETURNING 1

-- name: counts
SELECT work, count(*) FROM jobs GROUP BY work
