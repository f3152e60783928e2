-- What finds candidates in a memory that is too large to be read whole. Keys of entries are divided
-- into blocks (key >> 10); a block that was filed is found by what stands here, any other is read
-- whole. What is forgotten takes its lists along, and lets its block be filed anew.

-- near: whether a table near_PART_ID holds the vectors of this model that were filed.
ALTER TABLE models ADD COLUMN near boolean NOT NULL DEFAULT false;

-- model: 0 for the words, else whose vectors. passages: how many the block had, vectors: how many of
-- them had one, words: how many words they have together.
CREATE TABLE filed (
    tenant_id text COLLATE "C" NOT NULL,
    part      bigint NOT NULL,
    model     integer NOT NULL,
    block     bigint NOT NULL,
    passages  integer NOT NULL,
    vectors   integer NOT NULL,
    words     bigint NOT NULL,
    PRIMARY KEY (tenant_id, part, model, block)
) PARTITION BY HASH (tenant_id);

-- Which passages of a block hold a term. held: how many; packed: which, and how often.
CREATE TABLE postings (
    tenant_id text COLLATE "C" NOT NULL,
    part      bigint NOT NULL,
    term      bigint NOT NULL,
    block     bigint NOT NULL,
    held      integer NOT NULL,
    packed    bytea NOT NULL,
    PRIMARY KEY (tenant_id, part, term, block)
) PARTITION BY HASH (tenant_id);

CREATE INDEX postings_by_block ON postings (tenant_id, part, block);

ALTER TABLE postings ALTER COLUMN packed SET STORAGE MAIN;

-- As many hash partitions as the other tables have, behind the same wall.
DO $$
DECLARE
    name  text;
    child text;
    total integer := (SELECT count(*) FROM pg_inherits WHERE inhparent = 'entries'::regclass);
BEGIN
    FOREACH name IN ARRAY ARRAY['filed', 'postings'] LOOP
        FOR i IN 0 .. total - 1 LOOP
            child := name || '_' || i;
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
                           child, name, total, i);
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', child);
        END LOOP;
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY of_this_scope ON %I USING ('
            '  tenant_id = current_setting(''context_manager.tenant'', true)'
            '  AND part = (SELECT p.part FROM partitions AS p'
            '    WHERE p.tenant_id = current_setting(''context_manager.tenant'', true)'
            '      AND p.user_id = current_setting(''context_manager.user'', true)'
            '      AND p.agent_id = current_setting(''context_manager.agent'', true)))', name);
    END LOOP;
END $$;
