//! Texts of the set-based statements, one for each engine, put together once.

/// Which words an engine needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    Postgres,
    Sqlite,
}

/// The statements.
pub(super) struct Sets {
    pub(super) lock_professionals: String,
    pub(super) affiliations: String,
    pub(super) lock_partners: String,
    pub(super) known: String,
    pub(super) places: String,
    pub(super) tallies: String,
    pub(super) professional_totals: String,
    pub(super) professional_days: String,
    pub(super) partner_totals: String,
    pub(super) partner_days: String,
    pub(super) activities: String,
    pub(super) log: String,
    pub(super) points: String,
    pub(super) entries: String,
    pub(super) put_tallies: String,
    pub(super) put_professional_days: String,
    pub(super) put_partner_days: String,
    pub(super) put_professional_totals: String,
    pub(super) put_partner_totals: String,
    pub(super) put_professional_balances: String,
    pub(super) put_partner_balances: String,
}

impl Sets {
    #[expect(clippy::too_many_lines, reason = "it is a list of texts")]
    pub(super) fn new(engine: Engine) -> Self {
        // SQLite takes the set first only with this hint.
        let (keys, join, lock, places) = match engine {
            Engine::Postgres => (
                "jsonb_to_recordset($1::text::jsonb) AS k(id uuid, code text, rule text, day date, year int)",
                "JOIN",
                "FOR UPDATE OF b",
                "SELECT nextval('log_seq') FROM generate_series(1, $1)",
            ),
            Engine::Sqlite => (
                "(SELECT unhex(value->>'id') AS id, value->>'code' AS code, value->>'rule' AS rule, \
                 value->>'day' AS day, value->>'year' AS year FROM json_each($1)) k",
                "CROSS JOIN",
                "",
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
                 SELECT (SELECT COALESCE(MAX(seq), 0) FROM log) + i FROM n",
            ),
        };
        let select = |what: &str, table: &str| format!("SELECT {what} FROM {keys} {join} {table}");
        let put = |table: &str, columns: &str, key: &str| insert(engine, table, columns, key);
        Self {
            lock_professionals: select(
                "p.id, p.code, p.signed_up_on, b.dojo_credits, b.points, b.entries, b.last_recorded_at",
                &format!(
                    "professionals p ON p.code = k.code JOIN professional_balances b ON b.professional_id = p.id \
                     ORDER BY p.id {lock}"
                ),
            ),
            affiliations: select(
                "a.professional_id, a.partner_id, a.starts_on, a.ends_on",
                "affiliations a ON a.professional_id = k.id",
            ),
            lock_partners: select(
                "b.partner_id AS id, b.credits, b.level_credits, b.entries, b.last_recorded_at",
                &format!("partner_balances b ON b.partner_id = k.id ORDER BY b.partner_id {lock}"),
            ),
            known: select("a.external_id", "activities a ON a.source = 'load' AND a.external_id = k.code"),
            places: places.to_owned(),
            tallies: select(
                "t.partner_id, t.window_start, t.units, t.awarded, t.latest_on",
                "partner_tallies t ON t.partner_id = k.id AND t.rule = k.rule AND t.window_start = k.day",
            ),
            professional_totals: select(
                "t.professional_id, t.membership_year, t.points, t.last_on",
                "professional_totals t ON t.professional_id = k.id AND t.membership_year = k.year",
            ),
            professional_days: select(
                "d.professional_id, d.day, d.points",
                "professional_days d ON d.professional_id = k.id AND d.day = k.day",
            ),
            partner_totals: select(
                "t.partner_id, t.period, t.technical, t.technical_last_on, t.technical_reached, t.business, \
                 t.business_reached",
                "partner_totals t ON t.partner_id = k.id AND t.period = k.year",
            ),
            partner_days: select(
                "d.partner_id, d.day, d.credits",
                "partner_days d ON d.partner_id = k.id AND d.track = 'TECHNICAL' AND d.day = k.day",
            ),
            activities: put(
                "activities",
                "id:u seq:i professional_id:u kind:t occurred_on:d quantity:i points:i \
                 attributes:t source:t external_id:t recorded_at:m status:t awarded_points:i",
                "",
            ),
            log: put("log", "seq:i recorded_at:m action:t activity_id:u", ""),
            points: put(
                "points_entries",
                "id:u professional_id:u number:i log_seq:i activity_id:u effective_on:d \
                 recorded_at:m reason:t kind:t edition_id:u window_start:d units_before:i \
                 units_after:i points:i dojo_credits:i dojo_balance_after:i day_after:i",
                "",
            ),
            entries: put(
                "ledger_entries",
                "id:u partner_id:u number:i log_seq:i activity_id:u effective_on:d recorded_at:m \
                 reason:t kind:t edition_id:u window_start:d units_before:i units_after:i track:t \
                 level_credits:i spendable_credits:i balance_after:i day_after:i",
                "",
            ),
            put_tallies: put(
                "partner_tallies",
                "partner_id:u rule:t window_start:d units:i awarded:i latest_on:d",
                "partner_id rule window_start",
            ),
            put_professional_days: put(
                "professional_days",
                "professional_id:u day:d points:i",
                "professional_id day",
            ),
            put_partner_days: put(
                "partner_days",
                "partner_id:u track:t day:d credits:i",
                "partner_id track day",
            ),
            put_professional_totals: put(
                "professional_totals",
                "professional_id:u membership_year:n points:i last_on:d",
                "professional_id membership_year",
            ),
            put_partner_totals: put(
                "partner_totals",
                "partner_id:u period:n technical:i technical_last_on:d technical_reached:t \
                 business:i business_reached:t total:i",
                "partner_id period",
            ),
            put_professional_balances: put(
                "professional_balances",
                "professional_id:u dojo_credits:i points:i entries:i last_recorded_at:m",
                "professional_id",
            ),
            put_partner_balances: put(
                "partner_balances",
                "partner_id:u credits:i level_credits:i entries:i last_recorded_at:m",
                "partner_id",
            ),
        }
    }
}

/// Inserts a set of rows from JSON, or gives rows of the same key its values. A column is a name with the
/// letter of its type: uuid, i64, i32 (n), text, date, moment.
fn insert(engine: Engine, table: &str, columns: &str, key: &str) -> String {
    let columns: Vec<(&str, &str)> = columns.split(' ').filter_map(|column| column.split_once(':')).collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let list = names.join(", ");
    let source = match engine {
        Engine::Postgres => {
            let types = columns.iter().map(|(name, kind)| {
                let kind = match *kind {
                    "u" => "uuid",
                    "i" => "bigint",
                    "n" => "int",
                    "d" => "date",
                    "m" => "timestamptz",
                    _ => "text",
                };
                format!("{name} {kind}")
            });
            let types = types.collect::<Vec<_>>().join(", ");
            format!("SELECT {list} FROM jsonb_to_recordset($1::text::jsonb) AS v({types})")
        }
        Engine::Sqlite => {
            let values = columns.iter().map(|(name, kind)| match *kind {
                "u" => format!("unhex(value->>'{name}')"),
                _ => format!("value->>'{name}'"),
            });
            format!("SELECT {} FROM json_each($1) WHERE true", values.collect::<Vec<_>>().join(", "))
        }
    };
    let conflict = if key.is_empty() {
        String::new()
    } else {
        let keys: Vec<&str> = key.split(' ').collect();
        let others = names.iter().filter(|name| !keys.contains(name));
        let values = others.map(|name| format!("{name} = excluded.{name}")).collect::<Vec<_>>().join(", ");
        format!(" ON CONFLICT ({}) DO UPDATE SET {values}", keys.join(", "))
    };
    format!("INSERT INTO {table} ({list}) {source}{conflict}")
}
