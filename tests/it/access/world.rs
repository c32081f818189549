//! Two of everything: what belongs to the callers of the tests, and what does not.

use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp, document};

pub(crate) const TODAY: &str = "2026-08-31";

/// The roles with a key each: their own partner is `nordwind`, their own professional `ada`, and the
/// integration `community` recorded the activity `own`. Partner `polder`, professional `bram` and the
/// activity `foreign` are not theirs.
pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) keys: [(&'static str, String); 5],
    pub(crate) own: Value,
    pub(crate) foreign: Value,
}

/// The names of the roles, in the order of the tables.
pub(crate) const ROLES: [&str; 5] =
    ["ADMINISTRATOR", "PROGRAM_STAFF", "INTEGRATOR", "PARTNER", "PROFESSIONAL"];

impl World {
    pub(crate) async fn new(backend: Backend) -> Self {
        let app = TestApp::certifying(backend, TODAY).await;
        for (partner, professional) in [("nordwind", "ada"), ("polder", "bram")] {
            app.partner(partner, "2024-06-01").await;
            app.professional(professional, "2024-06-01").await;
            app.affiliate(professional, partner, "2024-06-01").await;
        }
        let stock = "mutation { saveProduct(input: { code: \"dmc\", name: \"DataMiner credit\", category: USAGE_BASED_SERVICE, \
            prices: [{ amount: \"1\", currency: \"EUR\" }] }) { product { id } } saveSwagItem(input: { code: \"hoodie\", name: \"Hoodie\", \
            dojoCredits: 1, stock: 1000 }) { swagItem { id } } }";
        app.ok(stock, json!({})).await;
        for partner in ["nordwind", "polder"] {
            let contract = format!(
                "mutation {{ recordContract(input: {{ partner: \"{partner}\", reference: \"k\", \
                startsOn: \"2026-01-01\", endsOn: \"2026-12-31\", rates: [{{ category: SUPPORT_SERVICE, percent: \"5\" }}] }}) \
                {{ partner {{ id }} }} }}"
            );
            app.ok(&contract, json!({})).await;
        }
        let keys = [
            ("ADMINISTRATOR", app.key("ADMINISTRATOR", None).await),
            ("PROGRAM_STAFF", app.key("PROGRAM_STAFF", None).await),
            ("INTEGRATOR", app.key("INTEGRATOR", Some("community")).await),
            ("PARTNER", app.key("PARTNER", Some("nordwind")).await),
            ("PROFESSIONAL", app.key("PROFESSIONAL", Some("ada")).await),
        ];
        let other = app.key("INTEGRATOR", Some("academy")).await;
        let record = async |key: &str, who: &str, id: &str| {
            let activity = Activity::of_professional(who, "CERTIFICATION_OBTAINED", "2026-03-01");
            let input = activity.points(600).external_id(id).input();
            let query = document("recordActivity");
            let answer = app.send_as(key, &query, json!({ "input": input })).await;
            let recorded = answer.body["data"]["recordActivity"]["activity"].clone();
            assert!(recorded["id"].is_string(), "{}", answer.text);
            recorded
        };
        let own = record(&keys[2].1, "ada", "own").await;
        let foreign = record(&other, "bram", "foreign").await;
        Self { app, keys, own, foreign }
    }

    /// The key of a role.
    pub(crate) fn key(&self, role: &str) -> &str {
        let found = self.keys.iter().find(|(known, _)| *known == role);
        &found.unwrap_or_else(|| panic!("no key for {role}")).1
    }

    /// Global id of a partner or professional.
    pub(crate) async fn id(&self, kind: &str, code: &str) -> String {
        let query = format!("query($code: String!) {{ {kind}(code: $code) {{ id }} }}");
        let data = self.app.ok(&query, json!({ "code": code })).await;
        data[kind]["id"].as_str().expect("an id").to_owned()
    }
}
