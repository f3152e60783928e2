-- Each row of content carries a keyed hash of what it holds and whose it is; rows that were written
-- before have none. The server's data checksums cover pages, and only where they are switched on.
ALTER TABLE entries ADD COLUMN checksum bytea;
ALTER TABLE turns ADD COLUMN checksum bytea;
ALTER TABLE passages ADD COLUMN checksum bytea;
ALTER TABLE vectors ADD COLUMN checksum bytea;
ALTER TABLE ledger ADD COLUMN checksum bytea;
