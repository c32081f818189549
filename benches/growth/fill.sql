-- Copies the program of seed.mjs: `psql -v copies=1000 -v from=2022-01-01 -v to=2026-11-30 -f fill.sql URL`.
-- Each copy is a program of its own in the same database: other codes and ids, the same rows otherwise. Ids of activities and
-- entries get times from `from` to `to` in the order of the log, as if the program had grown for years. Triggers and
-- foreign keys are not asked: this is no way to write into a database that is in use.
\set ON_ERROR_STOP on
\timing off
SET session_replication_role = replica;
SET synchronous_commit = off;
SET work_mem = '256MB';
SET maintenance_work_mem = '1GB';

-- A copy of an id: the first 96 bits have the time and what distinguishes ids of the same millisecond.
CREATE FUNCTION pg_temp.copied(id uuid, copy integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT (left(translate(id::text, '-', ''), 24) || lpad(to_hex(copy), 8, '0'))::uuid $$;
CREATE FUNCTION pg_temp.moved(id uuid, seq bigint, last bigint, first_moment timestamptz, last_moment timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(to_hex((extract(epoch FROM first_moment) * 1000 +
    seq * ((extract(epoch FROM last_moment) - extract(epoch FROM first_moment)) * 1000 / last))::bigint), 12, '0')
    || substr(translate(id::text, '-', ''), 13))::uuid $$;
CREATE FUNCTION pg_temp.named(code text, copy integer) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE copy WHEN 0 THEN code ELSE code || '-' || copy END $$;

SELECT MAX(seq) + 1 AS last FROM log \gset
CREATE TEMP TABLE seed_log AS SELECT * FROM log;
CREATE TEMP TABLE seed_activities AS
    SELECT a.*, pg_temp.moved(id, seq, :last, :'from', :'to') AS moved FROM activities a;
CREATE UNIQUE INDEX ON seed_activities (id);
UPDATE seed_log l SET activity_id = a.moved FROM seed_activities a WHERE a.id = l.activity_id;
CREATE TEMP TABLE seed_ledger_entries AS SELECT * FROM ledger_entries;
CREATE TEMP TABLE seed_points_entries AS SELECT * FROM points_entries;
UPDATE seed_ledger_entries e SET activity_id = a.moved FROM seed_activities a WHERE a.id = e.activity_id;
UPDATE seed_points_entries e SET activity_id = a.moved FROM seed_activities a WHERE a.id = e.activity_id;
UPDATE seed_ledger_entries SET id = pg_temp.moved(id, log_seq, :last, :'from', :'to');
UPDATE seed_points_entries SET id = pg_temp.moved(id, log_seq, :last, :'from', :'to');
UPDATE seed_activities SET id = moved;
ALTER TABLE seed_activities DROP COLUMN moved;

-- Every table that is copied: the column that orders it, what is not copied as it is (an expression by column), and the
-- columns of ids.
CREATE TEMP TABLE plan (place serial, name text, ordered text, ids text[], others jsonb);
INSERT INTO plan (name, ordered, ids, others) VALUES
    ('partners', 'code', '{id}', '{"code": "pg_temp.named(s.code, copy)", "search_key": "replace(s.search_key, s.code, pg_temp.named(s.code, copy))"}'),
    ('professionals', 'code', '{id}', '{"code": "pg_temp.named(s.code, copy)", "email": "pg_temp.named(s.email, copy)",
        "email_key": "pg_temp.named(s.email_key, copy)", "search_key": "replace(s.search_key, s.code, pg_temp.named(s.code, copy))"}'),
    ('affiliations', 'id', '{id,partner_id,professional_id}', '{}'),
    ('partner_balances', 'partner_id', '{partner_id}', '{}'),
    ('professional_balances', 'professional_id', '{professional_id}', '{}'),
    ('partner_days', 'partner_id', '{partner_id}', '{}'),
    ('professional_days', 'professional_id', '{professional_id}', '{}'),
    ('partner_totals', 'partner_id', '{partner_id}', '{}'),
    ('professional_totals', 'professional_id', '{professional_id}', '{}'),
    ('partner_tallies', 'partner_id', '{partner_id}', '{}'),
    ('professional_tallies', 'professional_id', '{professional_id}', '{}'),
    ('log', 'seq', '{activity_id,affiliation_id,partner_id,professional_id}', '{"seq": "s.seq * @copies + copy"}'),
    ('activities', 'seq', '{id,partner_id,professional_id}',
        '{"seq": "s.seq * @copies + copy", "external_id": "pg_temp.named(s.external_id, copy)"}'),
    ('points_entries', 'log_seq', '{id,professional_id,activity_id}', '{"log_seq": "s.log_seq * @copies + copy"}'),
    ('ledger_entries', 'log_seq', '{id,partner_id,activity_id}', '{"log_seq": "s.log_seq * @copies + copy"}');
SELECT format('CREATE TEMP TABLE IF NOT EXISTS seed_%1$s AS SELECT * FROM %1$s', name) FROM plan ORDER BY place \gexec

-- Indexes of large tables come back when the rows are there. Those of a partitioned table stay.
CREATE TEMP TABLE kept AS SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
    FROM pg_index i JOIN plan p ON i.indrelid = p.name::regclass JOIN pg_class t ON t.oid = i.indrelid
    WHERE :copies > 50 AND t.relkind = 'r' AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid);
SELECT format('DROP INDEX %s', name) FROM kept \gexec
SELECT format('DELETE FROM %s', name) FROM plan UNION ALL SELECT 'DELETE FROM seals' UNION ALL SELECT 'DELETE FROM events' \gexec
UPDATE event_feed SET removed = last;

SELECT format('INSERT INTO %1$I (%2$s) SELECT %3$s FROM (SELECT * FROM seed_%1$s ORDER BY %4$I) s '
    'CROSS JOIN LATERAL generate_series(0, %5$s - 1 + length(left(s.%4$I::text, 0))) AS copy',
    p.name, string_agg(quote_ident(c.column_name), ', ' ORDER BY c.ordinal_position),
    string_agg(CASE WHEN c.column_name = ANY (p.ids) THEN format('pg_temp.copied(s.%I, copy)', c.column_name)
        WHEN p.others ? c.column_name THEN replace(p.others ->> c.column_name::text, '@copies', :'copies')
        ELSE format('s.%I', c.column_name) END, ', ' ORDER BY c.ordinal_position),
    p.ordered, :copies)
FROM plan p JOIN information_schema.columns c ON c.table_schema = current_schema() AND c.table_name = p.name
GROUP BY p.place, p.name, p.ordered ORDER BY p.place \gexec

-- Sealed, so that the server has nothing to seal; the heads are none.
INSERT INTO seals (number, log_seq, head)
    SELECT row_number() OVER (ORDER BY seq), seq, repeat('0', 64) FROM log WHERE :copies > 2;
SELECT setval('log_seq', (SELECT MAX(seq) FROM log));
SELECT definition FROM kept \gexec
