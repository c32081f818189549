-- Turns the tables that grow with every activity into partitioned ones: activities, ledger_entries and points_entries
-- by the year in which a row was recorded, the log by its places. See docs/growth.md, which says when and how.
--
--   PGOPTIONS='-c partition.since=2027-01-01' psql --set ON_ERROR_STOP=1 --file partition.sql "$DATABASE_URL"
--
-- Run it once, as the owner of the tables, while no server is running, and after a backup. Rows stay where they are:
-- each table becomes the first partition of the new one. Settings, all optional:
--
--   partition.since       the moment from which rows go into partitions by year; no row may be newer. By default the next
--                        year (UTC); on an empty database an early one, such as 2024-01-01, to restore an archive into it.
--   partition.log_steps  steps of the log in a partition, 10000000 by default.
--
-- Ids are UUIDs of version 7, which begin with the time at which they were made. So a year is a range of ids, and primary
-- and foreign keys stay as they are. A unique key on other columns can't be one of the whole table: each partition has its
-- own, and a trigger looks for the key in the others.
BEGIN;
SET LOCAL lock_timeout = '10s';
SET LOCAL statement_timeout = 0;
SET LOCAL client_min_messages = warning;

DO $$ BEGIN
    IF current_setting('server_version_num')::integer < 150000 THEN
        RAISE EXCEPTION 'PostgreSQL 15 or later is required';
    END IF;
    IF EXISTS (SELECT 1 FROM pg_class WHERE oid = to_regclass('activities') AND relkind = 'p') THEN
        RAISE EXCEPTION 'the tables are partitioned already';
    END IF;
END $$;

LOCK TABLE activities, log, ledger_entries, points_entries IN ACCESS EXCLUSIVE MODE;

-- What is remembered for later partitions.
CREATE TABLE partition_settings (first_moment timestamptz NOT NULL, first_seq bigint NOT NULL, log_steps bigint NOT NULL);

-- Unique keys that each partition has for itself.
CREATE TABLE partition_keys (owner text NOT NULL, name text PRIMARY KEY, columns text NOT NULL, condition text NOT NULL);

-- Keys of rows within a day of the end of a partition (in the log: within 100,000 steps). Of two transactions that write
-- the same key into two partitions at the same time, the second waits here for the first.
CREATE TABLE partition_edges (name text, key text, PRIMARY KEY (name, key));

-- The least id of a moment.
CREATE FUNCTION partition_id(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS
$$ SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;

-- Adds to a partition what does not come with its table: unique keys, and that it is not emptied.
CREATE FUNCTION partition_complete(owner text, name text, suffix text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT * FROM partition_keys k WHERE k.owner = partition_complete.owner ORDER BY k.name LOOP
        EXECUTE format('CREATE UNIQUE INDEX %I ON %I (%s)%s', one.name || '_' || suffix, name, one.columns,
            CASE one.condition WHEN '' THEN '' ELSE ' WHERE ' || one.condition END);
    END LOOP;
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
        name || '_no_truncate', name);
END $$;

-- Makes the partitions that are missing: of the years until some years after this one, and of the next steps of the log,
-- or those after so many steps, for an archive that is going to be restored.
-- Returns how many it has made. Run it once a year; what has no partition goes into the one named …_default, and stays.
CREATE FUNCTION partition_ahead(years integer DEFAULT 2, steps bigint DEFAULT 0) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    settings partition_settings;
    owner text;
    suffix text;
    first timestamptz;
    year integer;
    seq bigint;
    last bigint;
    made integer := 0;
BEGIN
    SELECT * INTO STRICT settings FROM partition_settings;
    FOREACH owner IN ARRAY ARRAY['activities', 'ledger_entries', 'points_entries'] LOOP
        first := settings.first_moment;
        year := date_part('year', first AT TIME ZONE 'UTC');
        WHILE year <= date_part('year', now() AT TIME ZONE 'UTC') + years LOOP
            suffix := year::text;
            IF to_regclass(format('%I', owner || '_' || suffix)) IS NULL THEN
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', owner || '_' || suffix, owner,
                    partition_id(first), partition_id(make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC')));
                PERFORM partition_complete(owner, owner || '_' || suffix, suffix);
                made := made + 1;
            END IF;
            year := year + 1;
            first := make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC');
        END LOOP;
    END LOOP;
    seq := settings.first_seq;
    SELECT last_value INTO last FROM log_seq;
    WHILE seq <= GREATEST(last, steps) + 2 * settings.log_steps LOOP
        suffix := seq::text;
        IF to_regclass(format('%I', 'log_' || suffix)) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF log FOR VALUES FROM (%L) TO (%L)', 'log_' || suffix, seq,
                seq + settings.log_steps);
            PERFORM partition_complete('log', 'log_' || suffix, suffix);
            made := made + 1;
        END IF;
        seq := seq + settings.log_steps;
    END LOOP;
    RETURN made;
END $$;

DO $$
DECLARE
    tables CONSTANT text[] := ARRAY['activities', 'log', 'ledger_entries', 'points_entries'];
    own CONSTANT text := current_schema();
    settings partition_settings;
    owner text;
    key text;      -- the column of the primary key, by which the table is partitioned
    past text;     -- the partition that the table becomes
    suffix text;
    bound text;    -- what its rows are less than
    near text;     -- whether a row is near the end of a partition
    checked text;  -- the condition of a unique key, about the new row
    kept jsonb := '[]';  -- statements to be run once the tables are partitioned, in order
    one record;
    is_newer boolean;
BEGIN
    settings.first_moment := COALESCE(nullif(current_setting('partition.since', true), '')::timestamptz,
        make_timestamptz(date_part('year', now() AT TIME ZONE 'UTC')::integer + 1, 1, 1, 0, 0, 0, 'UTC'));
    settings.log_steps := COALESCE(nullif(current_setting('partition.log_steps', true), '')::bigint, 10000000);
    IF settings.log_steps < 1000 THEN
        RAISE EXCEPTION 'partition.log_steps must be at least 1000';
    END IF;
    SELECT last_value / settings.log_steps * settings.log_steps + settings.log_steps INTO settings.first_seq FROM log_seq;
    INSERT INTO partition_settings SELECT settings.*;

    -- Foreign keys to the tables go, and come back at the end; those from the tables to others stay on the rows.
    FOR one IN
        SELECT c.conname, c.conrelid::regclass AS referring, pg_get_constraintdef(c.oid) AS definition,
            c.confrelid = ANY (SELECT to_regclass(t) FROM unnest(tables) t) AS moves
        FROM pg_constraint c WHERE c.contype = 'f' AND (c.confrelid = ANY (SELECT to_regclass(t) FROM unnest(tables) t)
            OR c.conrelid = ANY (SELECT to_regclass(t) FROM unnest(tables) t))
        ORDER BY c.conname
    LOOP
        IF one.moves THEN
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.referring, one.conname);
        END IF;
        kept := kept || to_jsonb(format('ALTER TABLE %s ADD CONSTRAINT %I %s', one.referring, one.conname, one.definition));
    END LOOP;

    FOREACH owner IN ARRAY tables LOOP
        key := CASE owner WHEN 'log' THEN 'seq' ELSE 'id' END;
        IF owner = 'log' THEN
            suffix := 'before_' || settings.first_seq;
            bound := settings.first_seq::text;
            near := format('NEW.seq %% %1$s < 100000 OR NEW.seq %% %1$s >= %1$s - 100000', settings.log_steps);
        ELSE
            suffix := 'before_' || to_char(settings.first_moment AT TIME ZONE 'UTC', 'YYYY');
            bound := partition_id(settings.first_moment)::text;
            near := 'date_part(''year'', made - interval ''1 day'') <> date_part(''year'', made + interval ''1 day'')';
        END IF;
        past := owner || '_' || suffix;
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE %I >= %L)', owner, key, bound) INTO is_newer;
        IF is_newer THEN
            RAISE EXCEPTION '% has rows that are not before partition.since, %', owner, settings.first_moment;
        END IF;

        -- Triggers on rows are those of the whole table; PostgreSQL gives them to each partition.
        FOR one IN SELECT tgname, pg_get_triggerdef(oid) AS definition FROM pg_trigger
            WHERE tgrelid = to_regclass(owner) AND NOT tgisinternal ORDER BY tgname
        LOOP
            EXECUTE format('DROP TRIGGER %I ON %I', one.tgname, owner);
            kept := kept || to_jsonb(one.definition);
        END LOOP;
        -- As does whoever may read and write the table.
        FOR one IN SELECT p.privilege_type, p.grantee::regrole::text AS grantee FROM pg_class c, aclexplode(c.relacl) p
            WHERE c.oid = to_regclass(owner) AND p.grantee <> c.relowner AND p.grantee <> 0
        LOOP
            kept := kept || to_jsonb(format('GRANT %s ON %I TO %s', one.privilege_type, owner, one.grantee));
        END LOOP;

        EXECUTE format('ALTER TABLE %I RENAME TO %I', owner, past);
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE '
            'INCLUDING COMMENTS) PARTITION BY RANGE (%I)', owner, past, key);
        FOR one IN
            SELECT i.indexrelid::regclass::text AS name, c.relname, pg_get_indexdef(i.indexrelid) AS definition,
                i.indisprimary, i.indisunique, k.conname,
                (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(i.indkey) WITH ORDINALITY AS u(number, place)
                    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.number) AS columns,
                COALESCE(pg_get_expr(i.indpred, i.indrelid), '') AS condition
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
            WHERE i.indrelid = to_regclass(past) ORDER BY c.relname
        LOOP
            EXECUTE format('ALTER INDEX %I RENAME TO %I', one.relname, one.relname || '_' || suffix);
            IF one.indisprimary THEN
                EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I PRIMARY KEY (%I)', owner, one.relname, key);
            ELSIF NOT one.indisunique THEN
                -- The definition names the table by its new name, which is that of the partition.
                EXECUTE regexp_replace(one.definition, 'INDEX \S+ ON \S+', format('INDEX %I ON %I', one.relname, owner));
            ELSE
                INSERT INTO partition_keys SELECT owner, one.relname,
                    (SELECT string_agg(quote_ident(c), ', ') FROM unnest(one.columns) c), one.condition;
                -- Places in the log are drawn from a sequence, which gives none twice.
                CONTINUE WHEN one.columns = ARRAY['seq'];
                SELECT string_agg(format('NEW.%I IS NOT NULL', c), ' AND ') INTO checked FROM unnest(one.columns) c;
                IF one.condition <> '' THEN
                    SELECT regexp_replace(one.condition, '\m(' || string_agg(attname::text, '|') || ')\M', 'NEW.\1', 'g')
                        || ' AND ' || checked INTO checked FROM pg_attribute
                        WHERE attrelid = to_regclass(past) AND attnum > 0 AND NOT attisdropped;
                END IF;
                EXECUTE format(
                    'CREATE FUNCTION %1$I() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$ '
                    'DECLARE made timestamp; BEGIN %2$s IF %3$s THEN '
                    'INSERT INTO %4$I.partition_edges AS e (name, key) VALUES (%5$L, ROW(%6$s)::text) '
                    'ON CONFLICT (name, key) DO UPDATE SET name = e.name; END IF; '
                    'IF EXISTS (SELECT 1 FROM %4$I.%7$I o WHERE %8$s AND o.%9$I <> NEW.%9$I%10$s) THEN '
                    'RAISE unique_violation USING MESSAGE = %11$L, CONSTRAINT = %5$L, TABLE = %7$L, SCHEMA = %4$L; END IF; '
                    'RETURN NULL; END $f$',
                    'refuse_second_' || one.relname,
                    CASE owner WHEN 'log' THEN '' ELSE 'made := to_timestamp((''x'' || translate(left(NEW.id::text, 13), '
                        '''-'', ''''))::bit(48)::bigint / 1000) AT TIME ZONE ''UTC'';' END,
                    near, own, one.relname,
                    (SELECT string_agg(format('NEW.%I', c), ', ') FROM unnest(one.columns) c), owner,
                    (SELECT string_agg(format('o.%1$I = NEW.%1$I', c), ' AND ') FROM unnest(one.columns) c), key,
                    CASE one.condition WHEN '' THEN '' ELSE ' AND (' || one.condition || ')' END,
                    format('duplicate key value violates unique constraint "%s"', one.relname));
                kept := kept || to_jsonb(format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OF %s ON %I FOR EACH ROW '
                    'WHEN (%s) EXECUTE FUNCTION %I()', 'refuse_second_' || one.relname,
                    (SELECT string_agg(quote_ident(c), ', ') FROM (SELECT unnest(one.columns) AS c UNION
                        SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass(past) AND attnum > 0
                        AND NOT attisdropped AND one.condition ~ ('\m' || attname || '\M')) a),
                    owner, checked, 'refuse_second_' || one.relname));
            END IF;
        END LOOP;
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%L)', owner, past, bound);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
            past || '_no_truncate', past);
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', owner || '_default', owner);
        PERFORM partition_complete(owner, owner || '_default', 'default');
    END LOOP;

    FOR one IN SELECT value #>> '{}' AS statement FROM jsonb_array_elements(kept) LOOP
        EXECUTE one.statement;
    END LOOP;
    PERFORM partition_ahead();

    -- The program writes the keys of the edges by its triggers.
    FOR one IN SELECT DISTINCT p.grantee::regrole::text AS grantee FROM pg_class c, aclexplode(c.relacl) p
        WHERE c.oid = to_regclass('activities') AND p.grantee <> c.relowner AND p.grantee <> 0
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON partition_edges TO %s', one.grantee);
    END LOOP;
END $$;

COMMIT;
ANALYZE activities;
ANALYZE log;
ANALYZE ledger_entries;
ANALYZE points_entries;
