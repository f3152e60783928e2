-- The statements of the queue. The present is SQLite's own, so that processes need not agree on it.

-- name: add
INSERT INTO jobs (work, tenant_id, user_id, agent_id, session_id, due, token, attempt)
VALUES (:work, :tenant, :user, :agent, :session, unixepoch('subsec') + :after, '', 0)
ON CONFLICT DO UPDATE SET
    due = iif(token <> '' AND due > unixepoch('subsec'), due, min(due, excluded.due)),
    again = iif(token <> '' AND due > unixepoch('subsec'),
                min(ifnull(again, excluded.due), excluded.due), again)

-- name: due
SELECT number FROM jobs
WHERE due <= unixepoch('subsec') AND work IN (SELECT value FROM json_each(:works))
ORDER BY due, number LIMIT 1

-- name: take
UPDATE jobs SET token = :token, attempt = attempt + 1, due = unixepoch('subsec') + :seconds
WHERE number = :number
RETURNING work, tenant_id, user_id, agent_id, session_id, attempt

-- name: renew
UPDATE jobs SET due = unixepoch('subsec') + :seconds WHERE token = :token

-- name: finish
DELETE FROM jobs WHERE token = :token AND again IS NULL

-- name: finish_once
UPDATE jobs SET due = again, again = NULL, token = '', attempt = 0 WHERE token = :token

-- name: put_back
UPDATE jobs SET due = unixepoch('subsec') + :after, again = NULL, token = ''
WHERE token = :token

-- name: counts
SELECT work, count(*) FROM jobs GROUP BY work
