//! What is asked of the servers.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::client::FRESH;
use crate::data::{Data, employer, partner, professional};
use crate::measure::Target;
use crate::peer::Peer;
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

const EVENTS: &str = "query($after: EventNumber) { events(after: $after, first: 100) { \
    nodes { number type recordedAt data } } }";

const RECORD: &str = "mutation($input: ActivityInput!) { recordActivity(input: $input) { \
    duplicate activity { awardedPoints } userErrors { code message } } }";

const RECORDS: &str = "mutation($input: RecordActivitiesInput!) { recordActivities(input: $input) { \
    results { duplicate userErrors { code message } } userErrors { code message } } }";

/// What the peer is asked instead: what it can read of the same.
mod of_peer {
    pub(super) const ONE_PARTNER: &str = "query($code: String!) { partnerByCode(code: $code) { code name \
        partnerBalanceByPartnerId { credits technicalLevel businessLevel technicalLapsesOn businessLapsesOn } \
        partnerTotalsByPartnerId(first: 3, orderBy: PRIMARY_KEY_DESC) { nodes { period technical business } } } }";

    pub(super) const DASHBOARD: &str = "query($code: String!) { partnerByCode(code: $code) { code name \
        partnerBalanceByPartnerId { credits technicalLevel businessLevel technicalLapsesOn businessLapsesOn } \
        partnerTotalsByPartnerId(first: 3, orderBy: PRIMARY_KEY_DESC) { nodes { period technical business } } \
        ledgerEntriesByPartnerId(first: 20, orderBy: NUMBER_DESC) { nodes { \
        effectiveOn reason kind levelCredits balanceAfter unitsBefore unitsAfter } } \
        affiliationsByPartnerId(first: 10) { nodes { professionalByProfessionalId { code name \
        professionalBalanceByProfessionalId { points level } } } } } }";

    pub(super) const PAGE: &str = "query($year: Int!) { \
        allPartnerTotals(condition: { period: $year }, orderBy: TOTAL_DESC, first: 50) { \
        nodes { total partnerByPartnerId { code name } } } }";
}

/// The same question to the product, and to its limit and to a peer, where they can answer it.
pub(crate) struct Question {
    pub(crate) product: Target,
    pub(crate) limit: Option<Target>,
    pub(crate) peer: Option<Target>,
}

/// What is asked of a peer, and a text that a good answer has.
#[derive(Clone, Copy)]
struct Peers {
    query: &'static str,
    expected: &'static str,
}

/// Every question, over seeded data.
pub(crate) struct Requests<'d> {
    pub(crate) data: &'d Data,
    pub(crate) product: SocketAddr,
    pub(crate) limit: SocketAddr,
    pub(crate) peer: Option<&'d Peer>,
}

impl Requests<'_> {
    fn question(
        &self,
        query: &str,
        (path, expected): (&'static str, &'static str),
        peers: Option<Peers>,
        variables: impl Iterator<Item = (Value, Value)>,
    ) -> Question {
        let (variables, plain): (Vec<Value>, Vec<Value>) = variables.unzip();
        let bodies = |query: &str| {
            let body = |variables| json!({ "query": query, "variables": variables }).to_string();
            variables.iter().map(body).collect()
        };
        let own = |address, path, bodies| Target { address, process: None, path, bodies, expected };
        let of_peer = |(peer, peers): (&Peer, Peers)| Target {
            address: peer.address,
            process: Some(peer.process),
            path: "/graphql",
            bodies: bodies(peers.query),
            expected: peers.expected,
        };
        Question {
            product: own(self.product, "/graphql", bodies(query)),
            limit: Some(own(self.limit, path, plain.iter().map(Value::to_string).collect())),
            peer: self.peer.zip(peers).map(of_peer),
        }
    }

    fn codes(&self) -> impl Iterator<Item = (Value, Value)> + use<> {
        let codes = (0..self.data.partners).take(BODIES).map(|n| json!({ "code": partner(n) }));
        codes.map(|code| (code.clone(), code))
    }

    pub(crate) fn one_partner(&self) -> Question {
        let peers = Peers { query: of_peer::ONE_PARTNER, expected: "\"credits\":" };
        self.question(ONE_PARTNER, ("/r1", "\"balance\":"), Some(peers), self.codes())
    }

    pub(crate) fn dashboard(&self) -> Question {
        let peers = Peers { query: of_peer::DASHBOARD, expected: "\"unitsAfter\":" };
        self.question(DASHBOARD, ("/r2", "\"explanation\":"), Some(peers), self.codes())
    }

    pub(crate) fn page(&self) -> Question {
        use chrono::Datelike;
        let variables = (json!({ "year": self.data.today.year() }), json!({}));
        let peers = Peers { query: of_peer::PAGE, expected: "\"total\":" };
        self.question(PAGE, ("/r3", "\"total\":"), Some(peers), std::iter::once(variables))
    }

    /// Pages of the feed of events.
    pub(crate) fn events(&self) -> Question {
        let mut random = Random::new(7);
        let places = (0..BODIES).map(|_| json!({ "after": random.below(self.data.professionals) }));
        let body = |variables| json!({ "query": EVENTS, "variables": variables }).to_string();
        let bodies = places.map(body).collect();
        let expected = "\"number\":";
        let product = Target { address: self.product, process: None, path: "/graphql", bodies, expected };
        Question { product, limit: None, peer: None }
    }

    /// Activities of professionals; of one partner's alone when it is hot.
    pub(crate) fn record(&self, hot: bool) -> Question {
        let of_partner = |n: &u32| !hot || employer(*n, self.data.partners) == 0;
        let mut random = Random::new(3);
        let people: Vec<u32> = (0..self.data.professionals).filter(of_partner).collect();
        let variables = (0..BODIES).map(|_| {
            let person = people[random.index(people.len())];
            let (ours, plain) = self.activity(&mut random, person, FRESH);
            (json!({ "input": ours }), plain)
        });
        self.question(RECORD, ("/record", "\"duplicate\":false"), None, variables)
    }

    /// Sets of activities of all professionals.
    pub(crate) fn records(&self) -> Question {
        let mut random = Random::new(5);
        let variables = (0..8).map(|_| {
            let set = (0..SET).map(|number| {
                let person = random.below(self.data.professionals);
                self.activity(&mut random, person, &format!("{FRESH}-{number}"))
            });
            let (ours, plain): (Vec<Value>, Vec<Value>) = set.unzip();
            (json!({ "input": { "activities": ours } }), Value::Array(plain))
        });
        self.question(RECORDS, ("/records", "\"duplicate\":false"), None, variables)
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
