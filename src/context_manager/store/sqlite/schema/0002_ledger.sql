-- What is written down about memory and is not remembered itself: receipts, tombstones, recorded
-- prompts, in books of lines whose names differ. number grows with every line written, anywhere.
CREATE TABLE ledger (
    number    INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    book      TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    checksum  BLOB    NOT NULL,
    body      TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX ledger_by_name ON ledger (partition, book, name);
CREATE INDEX ledger_by_number ON ledger (partition, book, number);
