//! The table: for each operation and role what comes of it, checked against the rights of the services.

use std::collections::BTreeSet;

use async_graphql_parser::types::{TypeKind, TypeSystemDefinition};
use partner_program::access::{Actor, Caller, Grant, Limits, Operation, Role, grant_of};
use uuid::Uuid;

use crate::access::world::ROLES;

/// What comes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is answered or done.
    Yes,
    /// The object does not exist.
    Absent,
    /// The role never may.
    Forbidden,
}

use Fate::{Absent as A, Forbidden as F, Yes as Y};

/// An operation of the schema; a document, where words in capitals stand for objects; how the answer
/// shows the object; and for each role what comes of it for an object of its own and for another one.
pub(super) type Row = (&'static str, &'static str, &'static str, [(Fate, Fate); 5]);

const EVERYBODY: [(Fate, Fate); 5] = [(Y, Y); 5];
const STAFF: [(Fate, Fate); 5] = [(Y, Y), (Y, Y), (F, F), (F, F), (F, F)];
const ADMINISTRATORS: [(Fate, Fate); 5] = [(Y, Y), (F, F), (F, F), (F, F), (F, F)];
const OF_STAFF: [(Fate, Fate); 5] = [(Y, Y), (Y, Y), (A, A), (A, A), (A, A)];
const OF_PARTNERS: [(Fate, Fate); 5] = [(Y, Y), (Y, Y), (A, A), (Y, A), (A, A)];
const OF_PEOPLE: [(Fate, Fate); 5] = [(Y, Y), (Y, Y), (A, A), (Y, A), (Y, A)];
const OF_ACTIVITIES: [(Fate, Fate); 5] = [(Y, Y), (Y, Y), (Y, A), (Y, A), (Y, A)];

const OF_THE_CATALOG: [(Fate, Fate); 5] = [(Y, Y), (Y, Y), (A, A), (Y, Y), (A, A)];
const OF_THE_SHOP: [(Fate, Fate); 5] = [(Y, Y), (Y, Y), (A, A), (A, A), (Y, Y)];
const OF_SHOPPERS: [(Fate, Fate); 5] = [(Y, Y), (Y, Y), (A, A), (A, A), (Y, A)];
const OF_SPENDERS: [(Fate, Fate); 5] = [(Y, Y), (Y, Y), (F, F), (F, F), (Y, A)];
const OF_BUYERS: [(Fate, Fate); 5] = [(Y, Y), (Y, Y), (F, F), (Y, A), (F, F)];
const OF_DEALERS: [(Fate, Fate); 5] = [(Y, Y), (Y, Y), (Y, A), (Y, A), (F, F)];

#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    ("viewer", "{ viewer { role } }", "role", EVERYBODY),
    ("today", "{ today }", "20", EVERYBODY),
    ("edition", "{ edition { name } }", "name", EVERYBODY),
    ("node", "{ node(id: \"PARTNER_ID\") { id } }", "PARTNER_ID", OF_PARTNERS),
    ("node", "{ node(id: \"PROFESSIONAL_ID\") { id } }", "PROFESSIONAL_ID", OF_PEOPLE),
    ("node", "{ node(id: \"ACTIVITY_ID\") { id } }", "ACTIVITY_ID", OF_ACTIVITIES),
    ("node", "{ node(id: \"ENTRY_ID\") { id } }", "ENTRY_ID", OF_PARTNERS),
    ("node", "{ node(id: \"KEY_ID\") { id } }", "KEY_ID", [(Y, Y), (A, A), (A, A), (A, A), (A, A)]),
    ("node", "{ node(id: \"AUDIT_ID\") { id } }", "AUDIT_ID", OF_STAFF),
    ("node", "{ node(id: \"POINTS_ID\") { id } }", "POINTS_ID", OF_PEOPLE),
    ("nodes", "{ nodes(ids: [\"PARTNER_ID\"]) { id } }", "PARTNER_ID", OF_PARTNERS),
    ("nodes", "{ nodes(ids: [\"PROFESSIONAL_ID\"]) { id } }", "PROFESSIONAL_ID", OF_PEOPLE),
    ("partner", "{ partner(code: \"PARTNER\") { code } }", "PARTNER", OF_PARTNERS),
    ("statement", "{ statement(partner: \"PARTNER\", from: \"2026-01-01\", to: \"2026-01-31\") { partner { code } } }", "PARTNER", OF_BUYERS),
    ("programReport", "{ programReport(from: \"2026-01-01\", to: \"2026-01-31\") { from } }", "2026-01-01", [(Y, Y), (Y, Y), (F, F), (F, F), (F, F)]),
    ("partner", "{ partner(code: \"PARTNER\") { code balance leftOn standing { overall { code } } levelHistory { reversed } ledger { totalCount } \
        quotes { totalCount } contracts { reference } affiliations { totalCount } salesTarget(year: 2026) { reachedOn } } }", "balance", OF_PARTNERS),
    ("partners", "{ partners { nodes { code } } }", "PARTNER", OF_PARTNERS),
    ("professional", "{ professional(code: \"PROFESSIONAL\") { code } }", "PROFESSIONAL", OF_PEOPLE),
    ("professional", "{ professional(code: \"PROFESSIONAL\") { code leftOn standing { points } levelHistory { reversed } pointsLedger { totalCount } \
        affiliations { totalCount } } }", "points", OF_PEOPLE),
    ("professionals", "{ professionals { nodes { code } } }", "PROFESSIONAL", OF_PEOPLE),
    ("activity", "{ activity(source: \"test\", externalId: \"EXTERNAL\") { id } }", "id", OF_ACTIVITIES),
    ("activities", "{ activities { nodes { id } } }", "ACTIVITY_ID", OF_ACTIVITIES),
    ("deals", "{ deals(last: 1, filter: { partner: \"PARTNER\" }) { nodes { id } } node(id: \"DEAL_ID\") { id } }", "DEAL_ID", [(Y, Y), (Y, Y), (Y, A), (Y, A), (A, A)]),
    ("orders", "{ orders(last: 1, filter: { partner: \"PARTNER\" }) { nodes { number } } order(number: \"ORDER\") { number } }", "number", OF_PARTNERS),
    ("swagOrders", "{ swagOrders(last: 1, filter: { professional: \"PROFESSIONAL\" }) { nodes { number } } swagOrder(number: \"SWAG\") { number } }", "number", OF_SHOPPERS),
    ("affiliations", "{ affiliations(filter: { professional: \"PROFESSIONAL\" }) { nodes { id startsOn } } }", "startsOn", OF_PEOPLE),
    ("contracts", "{ contracts(filter: { partner: \"PARTNER\" }) { nodes { reference } } }", "reference", OF_PARTNERS),
    ("product", "{ product(code: \"dmc\") { code } }", "dmc", OF_THE_CATALOG),
    ("products", "{ products { nodes { code } } }", "dmc", OF_THE_CATALOG),
    ("node", "{ node(id: \"PRODUCT_ID\") { id } }", "PRODUCT_ID", OF_THE_CATALOG),
    ("quote", "{ quote(input: { partner: \"PARTNER\", purpose: SELF_USE, currency: \"EUR\", lines: [{ product: \"dmc\", quantity: 2 }] }) { quote { total { amount } } userErrors { code } } }", "amount", OF_BUYERS),
    ("order", "{ order(number: \"ORDER\") { number } }", "number", OF_PARTNERS),
    ("node", "{ node(id: \"ORDER_ID\") { id } }", "ORDER_ID", OF_PARTNERS),
    ("node", "{ node(id: \"CONTRACT_ID\") { id } }", "CONTRACT_ID", OF_PARTNERS),
    ("node", "{ node(id: \"AFFILIATION_ID\") { id } }", "AFFILIATION_ID", OF_PEOPLE),
    ("deal", "{ deal(reference: \"DEAL\") { reference } }", "reference", [(Y, Y), (Y, Y), (Y, A), (Y, A), (A, A)]),
    ("node", "{ node(id: \"DEAL_ID\") { id } }", "DEAL_ID", [(Y, Y), (Y, Y), (Y, A), (Y, A), (A, A)]),
    ("customers", "{ customers { totalCount } }", "totalCount", STAFF),
    ("node", "{ node(id: \"CUSTOMER_ID\") { id } }", "CUSTOMER_ID", OF_STAFF),
    ("joinCustomers", "joinCustomers(input: { from: \"CUSTOMER_ID\", into: \"OTHER_ID\", reason: \"x\" }) { customer { id }", "id", STAFF),
    ("separateCustomers", "separateCustomers(input: { customer: \"CUSTOMER_ID\", names: [\"Inc one-N\"], reason: \"x\" }) { customer { id }", "id", STAFF),
    ("swagItem", "{ swagItem(code: \"hoodie\") { code } }", "hoodie", OF_THE_SHOP),
    ("swagItems", "{ swagItems { nodes { code } } }", "hoodie", OF_THE_SHOP),
    ("node", "{ node(id: \"ITEM_ID\") { id } }", "ITEM_ID", OF_THE_SHOP),
    ("swagOrder", "{ swagOrder(number: \"SWAG\") { number } }", "number", OF_SHOPPERS),
    ("node", "{ node(id: \"SWAG_ID\") { id } }", "SWAG_ID", OF_SHOPPERS),
    ("events", "{ events(partner: \"PARTNER\") { nodes { data } } }", "PARTNER", OF_PARTNERS),
    ("events", "{ events(professional: \"PROFESSIONAL\") { nodes { data } } }", "PROFESSIONAL", OF_PEOPLE),
    ("events", "{ events(first: 100) { nodes { activity { externalId } } } }", "EXTERNAL", OF_ACTIVITIES),
    ("webhookEndpoints", "{ webhookEndpoints { totalCount } }", "totalCount", STAFF),
    ("node", "{ node(id: \"ENDPOINT_ID\") { id } }", "ENDPOINT_ID", OF_STAFF),
    ("node", "{ node(id: \"DELIVERY_ID\") { id ... on WebhookDelivery { endpoint { url } } } }", "DELIVERY_ID", OF_STAFF),
    ("importRuns", "{ importRuns { totalCount } }", "totalCount", [(Y, Y), (Y, Y), (Y, Y), (F, F), (F, F)]),
    ("node", "{ node(id: \"RUN_ID\") { id } }", "RUN_ID", OF_STAFF),
    ("editions", "{ editions { nodes { effectiveFrom } } }", "effectiveFrom", EVERYBODY),
    ("editionDrafts", "{ editionDrafts { totalCount } }", "totalCount", ADMINISTRATORS),
    ("saveEditionDraft", "saveEditionDraft(input: { name: \"N\", document: \"\" }) { draft { id }", "id", ADMINISTRATORS),
    ("approveEditionDraft", "approveEditionDraft(input: { draft: \"DRAFT_ID\", revision: 1 }) { draft { id }", "id", ADMINISTRATORS),
    ("withdrawEditionDraft", "withdrawEditionDraft(input: { draft: \"DRAFT_ID\" }) { draft { id }", "id", ADMINISTRATORS),
    ("publishEdition", "publishEdition(input: { draft: \"DRAFT_ID\" }) { edition { id }", "id", ADMINISTRATORS),
    ("node", "{ node(id: \"DRAFT_ID\") { id } }", "DRAFT_ID", [(Y, Y), (A, A), (A, A), (A, A), (A, A)]),
    ("tryEdition", "{ tryEdition(input: { draft: \"DRAFT_ID\" }) { status } }", "status", ADMINISTRATORS),
    ("node", "{ node(id: \"TRIAL_ID\") { id } }", "TRIAL_ID", [(Y, Y), (A, A), (A, A), (A, A), (A, A)]),
    ("cancelTrial", "cancelTrial(input: { trial: \"TRIAL_ID\" }) { trial { id }", "id", ADMINISTRATORS),
    ("recalculations", "{ recalculations { totalCount } }", "totalCount", ADMINISTRATORS),
    ("recalculations", "{ recalculation(id: \"RECALCULATION_ID\") { id } }", "RECALCULATION_ID", [(Y, Y), (A, A), (A, A), (A, A), (A, A)]),
    ("node", "{ node(id: \"RECALCULATION_ID\") { id } }", "RECALCULATION_ID", [(Y, Y), (A, A), (A, A), (A, A), (A, A)]),
    ("recalculation", "{ recalculation(id: \"RECALCULATION_ID\") { id } }", "RECALCULATION_ID", [(Y, Y), (A, A), (A, A), (A, A), (A, A)]),
    ("planRecalculation", "planRecalculation(input: { draft: \"DRAFT_ID\", effectiveFrom: \"2025-01-01\", reason: \"why\" }) { recalculation { id }", "id", ADMINISTRATORS),
    ("applyRecalculation", "applyRecalculation(input: { recalculation: \"RECALCULATION_ID\" }) { recalculation { id }", "id", ADMINISTRATORS),
    ("revertRecalculation", "revertRecalculation(input: { recalculation: \"RECALCULATION_ID\", reason: \"why\" }) { recalculation { id }", "id", ADMINISTRATORS),
    ("sandboxes", "{ sandboxes { status } }", "sandboxes", ADMINISTRATORS),
    ("createSandbox", "createSandbox(input: {}) { secret", "pp_", ADMINISTRATORS),
    ("node", "{ node(id: \"SANDBOX_ID\") { id } }", "SANDBOX_ID", [(Y, Y), (A, A), (A, A), (A, A), (A, A)]),
    ("advanceSandbox", "advanceSandbox(input: { id: \"SANDBOX_ID\", to: \"2027-01-01\" }) { sandbox { id }", "id", ADMINISTRATORS),
    ("deleteSandbox", "deleteSandbox(input: { id: \"SANDBOX_ID\" }) { deletedId", "deletedId", ADMINISTRATORS),
    ("checkEdition", "{ checkEdition(document: \"x\") { problems { line } } }", "line", ADMINISTRATORS),
    ("apiKeys", "{ apiKeys { totalCount } }", "totalCount", ADMINISTRATORS),
    ("auditLog", "{ auditLog(filter: { partner: \"PARTNER\" }) { totalCount } }", "totalCount", STAFF),
    ("auditLog", "{ auditLog(filter: { operation: \"createApiKey\" }) { nodes { id } } }", "id", [(Y, Y), (A, A), (F, F), (F, F), (F, F)]),
    ("createPartner", "createPartner(input: { code: \"new-N\", name: \"New\", enrolledOn: \"2026-01-01\" }) { partner { id }", "id", STAFF),
    ("signUpProfessional", "signUpProfessional(input: { code: \"new-N\", name: \"New\", email: \"n@example.com\", signedUpOn: \"2026-01-01\" }) { professional { id }", "id", STAFF),
    ("updatePartner", "updatePartner(input: { code: \"PARTNER\", name: \"New N\" }) { partner { id }", "id", STAFF),
    ("updateProfessional", "updateProfessional(input: { code: \"PROFESSIONAL\", name: \"New N\" }) { professional { id }", "id", STAFF),
    ("endPartnership", "endPartnership(input: { partner: \"PARTNER\", reason: \"x\" }) { partner { id }", "id", STAFF),
    ("endMembership", "endMembership(input: { professional: \"PROFESSIONAL\", reason: \"x\" }) { professional { id }", "id", STAFF),
    ("mergePartners", "mergePartners(input: { from: \"SPARE\", into: \"PARTNER\", reason: \"x\" }) { partner { id }", "id", STAFF),
    ("mergeProfessionals", "mergeProfessionals(input: { from: \"FREE\", into: \"PROFESSIONAL\", reason: \"x\" }) { professional { id }", "id", STAFF),
    ("overrideLevel", "overrideLevel(input: { partner: \"PARTNER\", track: BUSINESS, level: \"CREATOR\", from: \"DAY\", until: \"DAY\", reason: \"x\" }) { partner { id }", "id", STAFF),
    ("endOverride", "endOverride(input: { partner: \"PARTNER\", track: TECHNICAL, reason: \"x\" }) { partner { id }", "id", STAFF),
    ("affiliateProfessional", "affiliateProfessional(input: { professional: \"FREE\", partner: \"PARTNER\", startsOn: \"2026-02-01\" }) { professional { id }", "id", STAFF),
    ("endAffiliation", "endAffiliation(input: { professional: \"EMPLOYED\", endsOn: \"2026-03-01\" }) { professional { id }", "id", STAFF),
    ("correctAffiliation", "correctAffiliation(input: { affiliation: \"EMPLOYMENT_ID\", startsOn: \"2026-02-01\", reason: \"x\" }) { professional { id }", "id", STAFF),
    ("voidAffiliation", "voidAffiliation(input: { affiliation: \"EMPLOYMENT_ID\", reason: \"x\" }) { professional { id }", "id", STAFF),
    ("recordActivity", "recordActivity(input: { subject: { professional: \"PROFESSIONAL\" }, kind: \"DOCS_CORRECTION\", occurredOn: \"2026-04-01\", source: \"test\", externalId: \"r-N\" }) { activity { id }", "id",
        [(Y, Y), (Y, Y), (Y, Y), (F, F), (F, F)]),
    ("recordActivities", "recordActivities(input: { activities: [{ subject: { partner: \"PARTNER\" }, kind: \"EVENT_ORGANIZED\", occurredOn: \"2026-04-01\", source: \"test\", externalId: \"b-N\" }] }) { results { activity { id } userErrors { code } }", "id",
        [(Y, Y), (Y, Y), (Y, Y), (F, F), (F, F)]),
    ("submitActivity", "submitActivity(input: { subject: { professional: \"PROFESSIONAL\" }, kind: \"BLOG_POST_PUBLISHED\", occurredOn: \"2026-04-01\", source: \"test\", externalId: \"s-N\" }) { activity { id }", "id",
        [(Y, Y), (Y, Y), (Y, Y), (A, A), (Y, A)]),
    ("submitActivity", "submitActivity(input: { subject: { partner: \"PARTNER\" }, kind: \"EVENT_ORGANIZED\", occurredOn: \"2026-04-01\", source: \"test\", externalId: \"p-N\" }) { activity { id }", "id",
        [(Y, Y), (Y, Y), (Y, Y), (Y, A), (A, A)]),
    ("reviewActivity", "reviewActivity(input: { activityId: \"CLAIM\", decision: REJECT }) { activity { id }", "id", STAFF),
    ("voidActivity", "voidActivity(input: { activityId: \"RECORDED\" }) { activity { id }", "id", STAFF),
    ("voidActivities", "voidActivities(input: { ids: [\"RECORDED\"], reason: \"x\" }) { results { activity { id } userErrors { code } }", "id", STAFF),
    ("registerDeal", "registerDeal(input: { partner: \"PARTNER\", reference: \"new-N\", customer: \"c-N\", scope: \"x\", registeredOn: \"2026-08-01\" }) { deal { id }", "id",
        [(Y, Y), (Y, Y), (Y, Y), (Y, A), (F, F)]),
    ("updateDeal", "updateDeal(input: { reference: \"DEAL\", status: ENGAGED, on: \"2026-08-02\" }) { deal { id }", "id", OF_DEALERS),
    ("reportDealActivity", "reportDealActivity(input: { reference: \"DEAL\", kind: MEETING, on: \"2026-08-02\" }) { deal { id }", "id", OF_DEALERS),
    ("closeDeal", "closeDeal(input: { reference: \"DEAL\", outcome: LOST, closedOn: \"2026-08-02\" }) { deal { id }", "id", OF_DEALERS),
    ("reviewDeal", "reviewDeal(input: { reference: \"WON\", decision: APPROVE }) { deal { id }", "id", STAFF),
    ("reopenDeal", "reopenDeal(input: { reference: \"LOST\", reason: \"a mistake\" }) { deal { id }", "id", STAFF),
    ("withdrawDeal", "withdrawDeal(input: { reference: \"DEAL\", on: \"2026-08-02\" }) { deal { id }", "id", OF_DEALERS),
    ("saveProduct", "saveProduct(input: { code: \"new-N\", name: \"New\", category: LICENSE, prices: [] }) { product { id }", "id", STAFF),
    ("recordContract", "recordContract(input: { partner: \"PARTNER\", reference: \"new-N\", startsOn: \"DAY\", endsOn: \"DAY\", rates: [{ category: LICENSE, percent: \"7\" }] }) { partner { id }", "id", STAFF),
    ("endContract", "endContract(input: { partner: \"PARTNER\", reference: \"CONTRACT\", endsOn: \"FIRST\", reason: \"x\" }) { partner { id }", "id", STAFF),
    ("voidContract", "voidContract(input: { partner: \"PARTNER\", reference: \"CONTRACT\", reason: \"x\" }) { partner { id }", "id", STAFF),
    ("setSalesTarget", "setSalesTarget(input: { partner: \"PARTNER\", year: 2026, target: { amount: \"1000000\", currency: \"EUR\" } }) { partner { id }", "id", STAFF),
    ("placeOrder", "placeOrder(input: { order: { partner: \"PARTNER\", purpose: SELF_USE, currency: \"EUR\", lines: [{ product: \"dmc\", quantity: 2 }] }, idempotencyKey: \"new-N\" }) { order { id }", "id", OF_BUYERS),
    ("fulfillOrder", "fulfillOrder(input: { number: \"ORDER\", fulfilledOn: \"2026-08-31\" }) { order { id }", "id", STAFF),
    ("cancelOrder", "cancelOrder(input: { number: \"ORDER\" }) { order { id }", "id", OF_BUYERS),
    ("returnOrder", "returnOrder(input: { number: \"FULFILLED\", reason: \"x\", returnedOn: \"2026-08-31\" }) { order { id }", "id", STAFF),
    ("savedQuote", "{ savedQuote(number: \"QUOTE\") { number } }", "number", OF_PARTNERS),
    ("node", "{ node(id: \"QUOTE_ID\") { id } }", "QUOTE_ID", OF_PARTNERS),
    ("saveQuote", "saveQuote(input: { order: { partner: \"PARTNER\", purpose: SELF_USE, currency: \"EUR\", lines: [{ product: \"dmc\", quantity: 2 }] }, validUntil: \"2026-12-31\" }) { savedQuote { id }", "id", OF_BUYERS),
    ("placeOrder", "placeOrder(input: { quote: \"QUOTE\", idempotencyKey: \"quoted-N\" }) { order { id }", "id", OF_BUYERS),
    ("withdrawQuote", "withdrawQuote(input: { number: \"QUOTE\" }) { savedQuote { id }", "id", OF_BUYERS),
    ("saveSwagItem", "saveSwagItem(input: { code: \"new-N\", name: \"New\", dojoCredits: 5, stock: 5 }) { swagItem { id }", "id", STAFF),
    ("placeSwagOrder", "placeSwagOrder(input: { professional: \"PROFESSIONAL\", item: \"hoodie\", idempotencyKey: \"new-N\" }) { swagOrder { id }", "id", OF_SPENDERS),
    ("cancelSwagOrder", "cancelSwagOrder(input: { number: \"SWAG\" }) { swagOrder { id }", "id", OF_SPENDERS),
    ("fulfillSwagOrder", "fulfillSwagOrder(input: { number: \"SWAG\" }) { swagOrder { id }", "id", STAFF),
    ("issueCertificate", "issueCertificate(input: { partner: \"PARTNER\" }) { certificate { id }", "id", [(Y, Y), (Y, Y), (F, F), (Y, A), (A, A)]),
    ("issueCertificate", "issueCertificate(input: { professional: \"PROFESSIONAL\" }) { certificate { id }", "id", [(Y, Y), (Y, Y), (F, F), (Y, A), (Y, A)]),
    ("node", "{ node(id: \"CERTIFICATE_ID\") { id } }", "CERTIFICATE_ID", OF_PEOPLE),
    ("createApiKey", "createApiKey(input: { role: PARTNER, subject: \"PARTNER\", label: \"new\" }) { secret", "pp_", ADMINISTRATORS),
    ("revokeApiKey", "revokeApiKey(input: { id: \"NEW_KEY\" }) { apiKey { id }", "id", ADMINISTRATORS),
    ("createWebhookEndpoint", "createWebhookEndpoint(input: { url: \"https://nobody.invalid/\", description: \"new\", partner: \"PARTNER\", types: [DEAL_EXPIRED] }) { secret", "whsec_", ADMINISTRATORS),
    ("updateWebhookEndpoint", "updateWebhookEndpoint(input: { id: \"ENDPOINT_ID\", description: \"new-N\" }) { webhookEndpoint { id }", "id", ADMINISTRATORS),
    ("enableWebhookEndpoint", "enableWebhookEndpoint(input: { id: \"ENDPOINT_ID\" }) { webhookEndpoint { id }", "id", ADMINISTRATORS),
    ("disableWebhookEndpoint", "disableWebhookEndpoint(input: { id: \"ENDPOINT_ID\" }) { webhookEndpoint { id }", "id", ADMINISTRATORS),
    ("rotateWebhookSecret", "rotateWebhookSecret(input: { id: \"ENDPOINT_ID\" }) { secret", "whsec_", ADMINISTRATORS),
    ("sendTestWebhook", "sendTestWebhook(input: { id: \"ENDPOINT_ID\" }) { webhookDelivery { id }", "id", ADMINISTRATORS),
    ("resendWebhookDelivery", "resendWebhookDelivery(input: { deliveryId: \"DELIVERY_ID\" }) { webhookDelivery { id }", "id", ADMINISTRATORS),
    ("replayWebhookEvents", "replayWebhookEvents(input: { id: \"ENDPOINT_ID\", after: 0 }) { webhookEndpoint { id }", "id", ADMINISTRATORS),
    ("deleteWebhookEndpoint", "deleteWebhookEndpoint(input: { id: \"SPARE_ID\" }) { deletedId", "deletedId", ADMINISTRATORS),
    ("eraseProfessional", "eraseProfessional(input: { professional: \"FREE\" }) { professional { id }", "id", ADMINISTRATORS),
];

/// What can only be followed: `subscriptions.rs` tests who may.
const FOLLOWED: [&str; 2] = ["partnerChanged", "professionalChanged"];

/// Names of the queries and mutations of the schema.
fn operations() -> BTreeSet<String> {
    let sdl = partner_program::graphql::schema::definitions();
    let document = async_graphql_parser::parse_schema(sdl).expect("the SDL is GraphQL");
    let mut names = BTreeSet::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        if !["Query", "Mutation", "Subscription"].contains(&definition.node.name.node.as_str()) {
            continue;
        }
        let TypeKind::Object(object) = definition.node.kind else { continue };
        names.extend(object.fields.iter().map(|field| field.node.name.node.to_string()));
    }
    names
}

#[test]
fn no_operation_is_without_a_row() {
    let followed = FOLLOWED.iter().map(|name| (*name).to_owned());
    let rows: BTreeSet<String> = TABLE.iter().map(|row| row.0.to_owned()).chain(followed).collect();
    assert_eq!(rows, operations(), "the table and the schema name other operations");
}

/// Operations of the services that no field at the top of the schema has the name of: those of fields within, whose rows
/// are those of the objects, and those that no caller of the API asks for.
const WITHIN: [&str; 13] = [
    "certificate",
    "partner account",
    "ledger entry",
    "contact",
    "points",
    "affiliation",
    "administrative audit log",
    "verify",
    "import",
    "maintainEventFeed",
    "maintainStoredValues",
    "recalculateSubjects",
    "sendWebhooks",
];

/// The table here says what the table of the services grants: everything, what is the caller's own, or nothing.
#[test]
fn the_rows_are_those_of_the_rights() {
    let id = Uuid::nil();
    let roles = [
        Role::Administrator,
        Role::ProgramStaff,
        Role::Integrator("community".into()),
        Role::Partner(id),
        Role::Professional(id),
    ];
    let callers =
        roles.map(|role| Caller { actor: Actor::Token("somebody".into()), role, limits: Limits::default() });
    for operation in Operation::ALL {
        let rows: Vec<&Row> = TABLE.iter().filter(|row| row.0 == operation.name()).collect();
        assert_eq!(rows.is_empty(), WITHIN.contains(&operation.name()), "{operation:?}");
        for (place, caller) in callers.iter().enumerate() {
            let fates: Vec<(Fate, Fate)> = rows.iter().map(|row| row.3[place]).collect();
            let is_right = match grant_of(caller, *operation) {
                Grant::Everything => fates.contains(&(Y, Y)),
                Grant::Own => fates.iter().any(|(own, _)| *own == Y),
                // A mutation that a role never may is forbidden; what it can't read does not exist for it.
                Grant::Nothing if operation.is_change() => fates.iter().all(|fates| *fates == (F, F)),
                Grant::Nothing => fates.iter().all(|(own, other)| *own != Y && *other != Y),
            };
            assert!(rows.is_empty() || is_right, "{operation:?}, {}: {fates:?}", ROLES[place]);
        }
    }
}
