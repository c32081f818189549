//! What is asked of both servers.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::client::FRESH;
use crate::data::{Data, employer, partner, professional};
use crate::measure::Target;
use crate::random::Random;

/// Most different bodies of one figure.
const BODIES: usize = 2_000;
/// Activities of a set.
pub(crate) const SET: u32 = 1_000;

const ONE_PARTNER: &str = "query($code: String!) { partner(code: $code) { code name standing { \
    technical { level { code } credits validUntil } business { level { code } credits validUntil } \
    overall { code } } balance } }";

const DASHBOARD: &str = "query($code: String!) { partner(code: $code) { code name standing { \
    technical { level { code } credits validUntil } business { level { code } credits validUntil } \
    overall { code } } balance \
    ledger(last: 20) { nodes { effectiveOn reason levelCredits balanceAfter explanation } } \
    professionals(first: 10) { nodes { code name standing { points level { code } } } } } }";

const PAGE: &str = "query($year: Int!) { partners(first: 50, orderBy: CREDITS_THIS_YEAR) { \
    nodes { code name credits(year: $year) { total } } } }";

const RECORD: &str = "mutation($input: ActivityInput!) { recordActivity(input: $input) { \
    duplicate activity { awardedPoints } userErrors { code message } } }";

const RECORDS: &str = "mutation($input: RecordActivitiesInput!) { recordActivities(input: $input) { \
    results { duplicate userErrors { code message } } userErrors { code message } } }";

/// The same question to the product and to its limit.
pub(crate) struct Pair {
    pub(crate) product: Target,
    pub(crate) limit: Target,
}

/// Every question, over seeded data.
pub(crate) struct Requests<'d> {
    pub(crate) data: &'d Data,
    pub(crate) product: SocketAddr,
    pub(crate) limit: SocketAddr,
}

impl Requests<'_> {
    fn pair(
        &self,
        query: &str,
        path: &'static str,
        expected: &'static str,
        variables: impl Iterator<Item = (Value, Value)>,
    ) -> Pair {
        let (ours, theirs) = variables
            .map(|(variables, plain)| {
                (json!({ "query": query, "variables": variables }).to_string(), plain.to_string())
            })
            .unzip();
        Pair {
            product: Target { address: self.product, path: "/graphql", bodies: ours, expected },
            limit: Target { address: self.limit, path, bodies: theirs, expected },
        }
    }

    fn codes(&self) -> impl Iterator<Item = (Value, Value)> + use<> {
        let codes = (0..self.data.partners).take(BODIES).map(|n| json!({ "code": partner(n) }));
        codes.map(|code| (code.clone(), code))
    }

    pub(crate) fn one_partner(&self) -> Pair {
        self.pair(ONE_PARTNER, "/r1", "\"balance\":", self.codes())
    }

    pub(crate) fn dashboard(&self) -> Pair {
        self.pair(DASHBOARD, "/r2", "\"explanation\":", self.codes())
    }

    pub(crate) fn page(&self) -> Pair {
        use chrono::Datelike;
        let variables = (json!({ "year": self.data.today.year() }), json!({}));
        self.pair(PAGE, "/r3", "\"total\":", std::iter::once(variables))
    }

    /// Activities of professionals; of one partner's alone when it is hot.
    pub(crate) fn record(&self, hot: bool) -> Pair {
        let of_partner = |n: &u32| !hot || employer(*n, self.data.partners) == 0;
        let mut random = Random::new(3);
        let people: Vec<u32> = (0..self.data.professionals).filter(of_partner).collect();
        let variables = (0..BODIES).map(|_| {
            let person = people[random.index(people.len())];
            let (ours, plain) = self.activity(&mut random, person, FRESH);
            (json!({ "input": ours }), plain)
        });
        self.pair(RECORD, "/record", "\"duplicate\":false", variables)
    }

    /// Sets of activities of all professionals.
    pub(crate) fn records(&self) -> Pair {
        let mut random = Random::new(5);
        let variables = (0..8).map(|_| {
            let set = (0..SET).map(|number| {
                let person = random.below(self.data.professionals);
                self.activity(&mut random, person, &format!("{FRESH}-{number}"))
            });
            let (ours, plain): (Vec<Value>, Vec<Value>) = set.unzip();
            (json!({ "input": { "activities": ours } }), Value::Array(plain))
        });
        self.pair(RECORDS, "/records", "\"duplicate\":false", variables)
    }

    fn activity(&self, random: &mut Random, person: u32, external_id: &str) -> (Value, Value) {
        let (code, points) = (professional(person), 25 + random.below(226));
        let day = self.data.today;
        let ours = json!({
            "subject": { "professional": code }, "kind": "COURSE_COMPLETED", "occurredOn": day,
            "points": points, "source": "load", "externalId": external_id,
        });
        let plain = json!({
            "professional": code, "kind": "COURSE_COMPLETED", "occurredOn": day, "points": points,
            "externalId": external_id,
        });
        (ours, plain)
    }
}
