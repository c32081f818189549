//! The table of rights from outside: every operation of the schema, in every role, on an object of the
//! caller's own and on one that is not.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_graphql_parser::types::{TypeKind, TypeSystemDefinition};
use entity::value::{ImportKind, ImportPolicy, ImportStatus};
use partner_program::access::{Actor, Caller, Grant, Limits, Operation, Role, grant_of};
use serde_json::{Value, json};
use uuid::Uuid;

use super::isolation::global;
use super::world::{ROLES, TODAY, World};
use crate::harness::webhooks::until;
use crate::harness::{Activity, Answer, Backend, Order, TestApp, user_errors};

both! {
    every_operation_keeps_to_the_table,
    integrators_see_no_more_of_a_subject_than_they_sent,
    a_mutation_that_is_forbidden_in_part_runs_no_field,
}

/// What comes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
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
type Row = (&'static str, &'static str, &'static str, [(Fate, Fate); 5]);

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
const TABLE: &[Row] = &[
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

async fn every_operation_keeps_to_the_table(backend: Backend) {
    let world = World::new(backend).await;
    let mut number = 0;
    for (operation, template, shown, fates) in TABLE {
        for (role, (own, foreign)) in ROLES.iter().zip(fates) {
            for (is_own, expected) in [(true, own), (false, foreign)] {
                number += 1;
                let mut document = template.to_string();
                let is_mutation = !document.starts_with('{');
                if is_mutation {
                    document = format!("mutation {{ {document} userErrors {{ code message field }} }} }}");
                }
                let mut shown = (*shown).to_owned();
                let mut missing = document.clone();
                let words = fill(&world, is_own, number, &mut document, &mut shown).await;
                let answer = world.app.send_as(world.key(role), &document, json!({})).await;
                let whose = if is_own { "its own" } else { "another" };
                assert_eq!(
                    fate(&answer, &shown, is_mutation),
                    *expected,
                    "{operation}, {role}, {whose}: {}",
                    answer.text
                );
                if *expected != A {
                    continue;
                }
                // It is answered as if the object did not exist.
                let mut found = answer.text;
                for (word, value) in &words {
                    let other = none_of(word, value, number);
                    missing = missing.replace(word, &other);
                    found = found.replace(value.trim_matches('"'), other.trim_matches('"'));
                }
                let answer = world.app.send_as(world.key(role), &missing, json!({})).await;
                assert_eq!(found, answer.text, "{operation}, {role}, {whose}: {missing}");
            }
        }
    }
}

/// What stands in the place of a value for an object that does not exist.
fn none_of(word: &str, value: &str, number: usize) -> String {
    use base64::Engine as _;
    // Days, and the names of what would be new.
    if ["DAY", "FIRST", "-N\""].contains(&word) {
        return value.to_owned();
    }
    let plain = value.trim_matches('"');
    let decoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(plain).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let none = match decoded.as_deref().and_then(|text| text.split_once(':')) {
        Some((kind, _)) => global(kind, Uuid::now_v7()),
        None => format!("none-{number}"),
    };
    value.replace(plain, &none)
}

/// What an answer says came of the operation.
fn fate(answer: &Answer, shown: &str, is_mutation: bool) -> Fate {
    if answer.codes() == ["FORBIDDEN"] {
        // A mutation without permission is refused before it runs: such a response has no data at all.
        let of_mutation = answer.status == 403 && answer.body.get("data").is_none();
        assert!(if is_mutation { of_mutation } else { answer.body["data"].is_null() }, "{}", answer.text);
        return Fate::Forbidden;
    }
    // A field that cannot be null says that there is no such object.
    let message = answer.body["errors"][0]["message"].as_str().unwrap_or_default();
    if answer.codes() == ["BAD_USER_INPUT"] && message.starts_with("There is no ") {
        assert!(answer.body["data"].is_null(), "{}", answer.text);
        return Fate::Absent;
    }
    assert!(answer.body["errors"].is_null(), "{}", answer.text);
    let refused: Vec<&Value> = user_errors(&answer.body);
    if refused.iter().any(|error| error["code"] == "NOT_FOUND") {
        return Fate::Absent;
    }
    assert!(refused.is_empty(), "{}", answer.text);
    if answer.body["data"].to_string().contains(&format!("\"{shown}")) { Fate::Yes } else { Fate::Absent }
}

/// Puts objects in the place of words in capitals; some are made for the purpose.
#[expect(clippy::too_many_lines, reason = "one arm for each word")]
async fn fill(
    world: &World,
    is_own: bool,
    number: usize,
    document: &mut String,
    shown: &mut String,
) -> Vec<(&'static str, String)> {
    let app = &world.app;
    let (partner, professional, external, activity) = if is_own {
        ("nordwind", "ada", "own", &world.own)
    } else {
        ("polder", "bram", "foreign", &world.foreign)
    };
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut words: Vec<(&'static str, String)> = Vec::new();
    if ["FREE", "EMPLOYED", "EMPLOYMENT_ID"].iter().any(|word| document.contains(word)) {
        let code = format!("somebody-{number}");
        app.professional(&code, "2026-01-01").await;
        if document.contains("EMPLOYED") || document.contains("EMPLOYMENT_ID") {
            app.affiliate(&code, partner, "2026-01-01").await;
        }
        if document.contains("EMPLOYMENT_ID") {
            words.push(("EMPLOYMENT_ID", affiliation_id(app, &code).await));
        }
        words.extend([("FREE", code.clone()), ("EMPLOYED", code)]);
    }
    if document.contains("\"SPARE\"") {
        let code = format!("spare-{number}");
        app.partner(&code, "2026-08-01").await;
        words.push(("\"SPARE\"", format!("\"{code}\"")));
    }
    if document.contains("AFFILIATION_ID") {
        words.push(("AFFILIATION_ID", affiliation_id(app, professional).await));
    }
    if ["issueCertificate", "CERTIFICATE_ID"].iter().any(|word| document.contains(word)) {
        let certified = Activity::of_professional(professional, "CERTIFICATION_OBTAINED", "2026-03-02");
        app.record(certified.points(600)).await;
        app.record(Activity::of_partner(partner, "EVENT_ORGANIZED", "2026-03-02")).await;
    }
    if document.contains("CERTIFICATE_ID") {
        let issued = app.done("issueCertificate", json!({ "professional": professional })).await;
        words.push(("CERTIFICATE_ID", text(&issued["certificate"]["id"])));
    }
    if document.contains("CLAIM") {
        let claim = Activity::of_professional(professional, "BLOG_POST_PUBLISHED", "2026-05-01").points(500);
        words.push(("CLAIM", text(&app.done("submitActivity", claim.input()).await["activity"]["id"])));
    }
    if document.contains("RECORDED") {
        let recorded = Activity::of_professional(professional, "DOCS_CORRECTION", "2026-05-01");
        words.push(("RECORDED", text(&app.record(recorded).await["id"])));
    }
    if document.contains("DRAFT_ID") {
        // A month of its own for each edition that is published.
        let month = chrono::NaiveDate::from_ymd_opt(2027, 1, 1).expect("a date");
        let month = month + chrono::Months::new(number.try_into().expect("small"));
        let policy = app.ok("{ edition { document } }", json!({})).await["edition"]["document"].clone();
        let input = json!({ "name": "x", "document": policy, "effectiveFrom": month });
        words.push(("DRAFT_ID", text(&app.done("saveEditionDraft", input).await["draft"]["id"])));
    }
    if document.contains("RECALCULATION_ID") {
        let query = "mutation($document: String!) { planRecalculation(input: { document: $document, \
            effectiveFrom: \"2025-01-01\", reason: \"why\" }) { recalculation { id } userErrors { message } } }";
        let policy = app.ok("{ edition { document } }", json!({})).await["edition"]["document"].clone();
        let planned = app.ok(query, json!({ "document": policy })).await;
        let recalculation = &planned["planRecalculation"]["recalculation"];
        if document.contains("revertRecalculation") {
            let input = json!({ "id": recalculation["id"] });
            let query = "mutation($id: ID!) { applyRecalculation(input: { recalculation: $id }) { recalculation { id } } }";
            app.ok(query, input).await;
            app.services().complete_recalculations().await.expect("every subject");
        }
        words.push(("RECALCULATION_ID", text(&recalculation["id"])));
    }
    if document.contains("TRIAL_ID") {
        let policy = app.ok("{ edition { document } }", json!({})).await["edition"]["document"].clone();
        let query = "query($document: String!) { tryEdition(input: { document: $document }) { id } }";
        words.push((
            "TRIAL_ID",
            text(&app.ok(query, json!({ "document": policy })).await["tryEdition"]["id"]),
        ));
    }
    if document.contains("RUN_ID") {
        let services = app.services().for_caller(Arc::new(Caller::system("import")), None);
        let run = services.import_run_begin("a.csv", ImportKind::Partners, ImportPolicy::Valid).await;
        services.import_run_end(run.expect("a run"), ImportStatus::Finished).await.expect("an end");
        let data = app.ok("{ importRuns(last: 1) { nodes { id } } }", json!({})).await;
        words.push(("RUN_ID", text(&data["importRuns"]["nodes"][0]["id"])));
    }
    if document.contains("endOverride") {
        let day = chrono::NaiveDate::from_ymd_opt(2027, 1, 1).expect("a date");
        let day = day + chrono::Days::new(number as u64);
        let input = json!({ "partner": partner, "track": "TECHNICAL", "level": "CREATOR", "from": day, "until": day, "reason": "x" });
        app.done("overrideLevel", input).await;
    }
    if document.contains("SANDBOX_ID") {
        if app.sandboxes().await.is_empty() {
            app.sandbox(json!({})).await;
        }
        let ready = async || app.sandboxes().await.iter().all(|one| one["status"] == "READY");
        until("the sandboxes", ready).await;
        let id = app.sandboxes().await[0]["id"].clone();
        words.push(("SANDBOX_ID", text(&id)));
    }
    if document.contains("NEW_KEY") {
        let input = json!({ "role": "PARTNER", "subject": partner, "label": "to revoke" });
        words.push(("NEW_KEY", text(&app.done("createApiKey", input).await["apiKey"]["id"])));
    }
    if document.contains("KEY_ID") {
        let data = app.ok("{ apiKeys(first: 1) { nodes { id } } }", json!({})).await;
        words.push(("KEY_ID", text(&data["apiKeys"]["nodes"][0]["id"])));
    }
    if document.contains("AUDIT_ID") {
        let data = app.ok("{ auditLog(first: 1) { nodes { id } } }", json!({})).await;
        words.push(("AUDIT_ID", text(&data["auditLog"]["nodes"][0]["id"])));
    }
    if document.contains("POINTS_ID") {
        let query = format!(
            "{{ professional(code: \"{professional}\") {{ pointsLedger(first: 1) {{ nodes {{ id }} }} }} }}"
        );
        let data = app.ok(&query, json!({})).await;
        words.push(("POINTS_ID", text(&data["professional"]["pointsLedger"]["nodes"][0]["id"])));
    }
    if document.contains("ENTRY_ID") {
        words.push(("ENTRY_ID", text(&app.ledger(partner).await[0]["id"])));
    }
    words.extend(sales(world, is_own, number, document).await);
    for (word, role, outcome) in [("WON", "INTEGRATOR", "WON_BY_PARTNER"), ("LOST", "ADMINISTRATOR", "LOST")]
    {
        if document.contains(&format!("\"{word}\"")) {
            let reference = format!("{word}-{number}");
            let register = json!({ "partner": partner, "reference": reference, "customer": reference, "scope": "x",
                "registeredOn": "2026-08-01" });
            let close = json!({ "reference": reference, "outcome": outcome, "closedOn": "2026-08-02" });
            for (mutation, input) in [("registerDeal", register), ("closeDeal", close)] {
                let document = crate::harness::document(mutation);
                let answer = app.send_as(world.key(role), &document, json!({ "input": input })).await;
                assert!(user_errors(&answer.body).is_empty(), "{}", answer.text);
            }
            words.push((word, reference));
        }
    }
    if document.contains("CUSTOMER_ID") {
        for (word, name) in [("CUSTOMER_ID", "one"), ("OTHER_ID", "two")] {
            let name = format!("{name}-{number}");
            let register = json!({ "partner": partner, "reference": format!("of-{name}"), "customer": name, "scope": "x",
                "registeredOn": "2026-08-01" });
            app.done("registerDeal", register).await;
            let query =
                format!("{{ customers(filter: {{ search: \"{name}\" }}) {{ nodes {{ id name }} }} }}");
            let data = app.ok(&query, json!({})).await;
            let nodes = data["customers"]["nodes"].as_array().expect("customers");
            let found = nodes.iter().find(|node| node["name"] == *name).expect("the customer");
            words.push((word, text(&found["id"])));
        }
    }
    words.extend(webhooks(world, document).await);
    words.extend([
        ("PARTNER_ID", world.id("partner", partner).await),
        ("PROFESSIONAL_ID", world.id("professional", professional).await),
        ("ACTIVITY_ID", text(&activity["id"])),
        ("EXTERNAL", external.to_owned()),
        ("\"PARTNER\"", format!("\"{partner}\"")),
        ("PROFESSIONAL\"", format!("{professional}\"")),
        ("-N\"", format!("-{number}\"")),
    ]);
    for (word, value) in &words {
        *document = document.replace(word, value);
        if shown == word.trim_matches('"') {
            shown.clone_from(&value.trim_matches('"').to_owned());
        }
    }
    words
}

/// Global id of the first affiliation of a professional.
async fn affiliation_id(app: &TestApp, professional: &str) -> String {
    let query =
        "query($code: String!) { professional(code: $code) { affiliations(first: 1) { nodes { id } } } }";
    let data = app.ok(query, json!({ "code": professional })).await;
    let id = &data["professional"]["affiliations"]["nodes"][0]["id"];
    id.as_str().expect("an affiliation").to_owned()
}

/// Endpoints of webhooks that a document names, and a delivery.
async fn webhooks(world: &World, document: &str) -> Vec<(&'static str, String)> {
    let create = async || {
        let input =
            json!({ "url": "https://nobody.invalid/", "description": "x", "types": ["DEAL_EXPIRED"] });
        world.app.done("createWebhookEndpoint", input).await["webhookEndpoint"]["id"].clone()
    };
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    let mut words = Vec::new();
    if document.contains("SPARE_ID") {
        words.push(("SPARE_ID", text(&create().await)));
    }
    if document.contains("ENDPOINT_ID") || document.contains("DELIVERY_ID") {
        let found = world.app.ok("{ webhookEndpoints(first: 1) { nodes { id } } }", json!({})).await;
        let mut id = found["webhookEndpoints"]["nodes"][0]["id"].clone();
        if id.is_null() {
            id = create().await;
        }
        words.push(("ENDPOINT_ID", text(&id)));
        if document.contains("DELIVERY_ID") {
            let sent = world.app.done("sendTestWebhook", json!({ "id": id })).await;
            words.push(("DELIVERY_ID", text(&sent["webhookDelivery"]["id"])));
        }
    }
    words
}

/// Orders, deals and the like that a document names, made for the purpose.
async fn sales(world: &World, is_own: bool, number: usize, document: &str) -> Vec<(&'static str, String)> {
    let (partner, professional) = if is_own { ("nordwind", "ada") } else { ("polder", "bram") };
    let day = chrono::NaiveDate::from_ymd_opt(2027, 1, 1).expect("a date");
    let day = day + chrono::Days::new(number as u64);
    let mut words = vec![("DAY", day.to_string())];
    // what the document names, its id, the key that makes it, the mutation, its input, what is asked of it
    let deal = json!({ "partner": partner, "reference": format!("deal-{number}"), "customer": format!("c-{number}"),
        "scope": "x", "registeredOn": "2026-08-01" });
    let order = json!({ "order": { "partner": partner, "purpose": "SELF_USE", "currency": "EUR",
        "lines": [{ "product": "dmc", "quantity": 1 }] }, "idempotencyKey": format!("made-{number}") });
    let swag =
        json!({ "professional": professional, "item": "hoodie", "idempotencyKey": format!("made-{number}") });
    let maker = if is_own { "INTEGRATOR" } else { "ADMINISTRATOR" };
    let made = [
        ("DEAL", "DEAL_ID", maker, "registerDeal", "RegisterDealInput", deal, "deal", "reference"),
        ("ORDER", "ORDER_ID", "ADMINISTRATOR", "placeOrder", "PlaceOrderInput", order, "order", "number"),
        (
            "SWAG",
            "SWAG_ID",
            "ADMINISTRATOR",
            "placeSwagOrder",
            "PlaceSwagOrderInput",
            swag,
            "swagOrder",
            "number",
        ),
    ];
    for (word, id, role, mutation, input_type, input, object, name) in made {
        if !document.contains(&format!("\"{word}")) {
            continue;
        }
        let query = format!(
            "mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {object} {{ id {name} }} userErrors {{ message }} }} }}"
        );
        let answer = world.app.send_as(world.key(role), &query, json!({ "input": input })).await;
        let found = &answer.body["data"][mutation][object];
        let text =
            |field: &str| found[field].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned();
        words.extend([(id, text("id")), (word, text(name))]);
    }
    if document.contains("\"QUOTE") {
        let query = "mutation($order: OrderInput!) { saveQuote(input: { order: $order, validUntil: \"2026-12-31\" }) \
            { savedQuote { id number } } }";
        let order = Order::self_use(partner).line("dmc", 1).input();
        let saved = world.app.ok(query, json!({ "order": order })).await["saveQuote"]["savedQuote"].clone();
        let text = |field: &str| saved[field].as_str().expect("a text").to_owned();
        words.extend([("QUOTE_ID", text("id")), ("QUOTE", text("number"))]);
    }
    if document.contains("\"FULFILLED") {
        let order = world.app.place(&Order::self_use(partner).line("dmc", 1)).await;
        world.app.fulfill(&order, TODAY).await;
        words.push(("FULFILLED", order["number"].as_str().expect("a number").to_owned()));
    }
    if document.contains("\"CONTRACT\"") {
        let reference = format!("made-{number}");
        // Days of its own, so that no two contracts of a partner meet.
        let first = day + chrono::Days::new(3_000 + 2 * number as u64);
        let days = (first.to_string(), (first + chrono::Days::new(1)).to_string());
        world.app.contract(partner, &reference, (&days.0, &days.1), &[("TRAINING", "7")]).await;
        words.push(("FIRST", days.0));
        words.push(("\"CONTRACT\"", format!("\"{reference}\"")));
    }
    for (word, query, path) in [
        ("PRODUCT_ID", "{ product(code: \"dmc\") { id } }".to_owned(), "/product/id"),
        ("ITEM_ID", "{ swagItem(code: \"hoodie\") { id } }".to_owned(), "/swagItem/id"),
        (
            "CONTRACT_ID",
            format!("{{ partner(code: \"{partner}\") {{ contracts {{ id }} }} }}"),
            "/partner/contracts/0/id",
        ),
    ] {
        if document.contains(word) {
            let data = world.app.ok(&query, json!({})).await;
            words.push((word, data.pointer(path).and_then(Value::as_str).expect("an id").to_owned()));
        }
    }
    words
}

/// Fields of a type, with arguments where they need some and a selection where they have one.
fn fields(name: &str) -> Vec<(String, String)> {
    let sdl = partner_program::graphql::schema::definitions();
    let document = async_graphql_parser::parse_schema(sdl).expect("the SDL is GraphQL");
    let types: Vec<_> = document
        .definitions
        .into_iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some(definition.node),
            _ => None,
        })
        .collect();
    let is_object = |name: &str| {
        types.iter().any(|one| {
            one.name.node == name
                && matches!(one.kind, TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_))
        })
    };
    let found = types.iter().find(|one| one.name.node == name).expect("a type");
    let TypeKind::Object(object) = &found.kind else { panic!("{name} is no object") };
    let fields = object.fields.iter().map(|field| {
        let field = &field.node;
        let arguments: Vec<String> = field
            .arguments
            .iter()
            .filter(|argument| !argument.node.ty.node.nullable)
            .map(|argument| {
                let value = match argument.node.ty.node.to_string().as_str() {
                    "Date!" => "\"2027-01-01\"",
                    "Track!" => "TECHNICAL",
                    "Boolean!" => "false",
                    _ => "2026",
                };
                format!("{}: {value}", argument.node.name.node)
            })
            .collect();
        let arguments =
            if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
        let base = field.ty.node.to_string().replace(['[', ']', '!'], "");
        let selection = if is_object(&base) { " { __typename }" } else { "" };
        (field.name.node.to_string(), format!("{}{arguments}{selection}", field.name.node))
    });
    fields.collect()
}

async fn integrators_see_no_more_of_a_subject_than_they_sent(backend: Backend) {
    let world = World::new(backend).await;
    let key = world.key("INTEGRATOR");
    let partner = Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-04-01").external_id("event");
    let record = crate::harness::document("recordActivity");
    let recorded = world.app.send_as(key, &record, json!({ "input": partner.input() })).await;
    assert!(user_errors(&recorded.body).is_empty(), "{}", recorded.text);
    for (kind, external, open) in [
        ("Partner", "event", &["id", "code", "name", "enrolledOn"][..]),
        ("Professional", "own", &["id", "code", "name", "email", "signedUpOn", "partner"]),
    ] {
        for (name, field) in fields(kind) {
            let query = format!(
                "{{ activity(source: \"test\", externalId: \"{external}\") {{ subject {{ ... on {kind} {{ {field} }} }} }} }}"
            );
            let answer = world.app.send_as(key, &query, json!({})).await;
            let subject = &answer.body["data"]["activity"]["subject"];
            if open.contains(&name.as_str()) {
                assert!(answer.body["errors"].is_null(), "{kind}.{name}: {}", answer.text);
                let code = if kind == "Partner" { "nordwind" } else { "ada" };
                match name.as_str() {
                    "name" => assert_eq!(subject["name"], code),
                    "email" | "partner" => assert!(subject[&name].is_null(), "{}", answer.text),
                    _ => assert!(!subject[&name].is_null(), "{}", answer.text),
                }
            } else {
                assert_eq!(answer.codes(), ["FORBIDDEN"], "{kind}.{name}: {}", answer.text);
            }
        }
    }
}

async fn a_mutation_that_is_forbidden_in_part_runs_no_field(backend: Backend) {
    let world = World::new(backend).await;
    let app = &world.app;
    let create = |code: &str| {
        format!(
            "createPartner(input: {{ code: \"{code}\", name: \"New\", enrolledOn: \"2026-01-01\" }}) {{ partner {{ code }} }}"
        )
    };
    let key = "createApiKey(input: { role: PARTNER, subject: \"nordwind\", label: \"new\" }) { secret }";
    let staff = world.key("PROGRAM_STAFF");
    for (code, document) in [
        ("first", format!("mutation {{ {} b: {key} }}", create("first"))),
        ("within", format!("mutation {{ {} ...F }} fragment F on Mutation {{ b: {key} }}", create("within"))),
        (
            "later",
            format!(
                "mutation($yes: Boolean = true) {{ {} ... @include(if: $yes) {{ b: {key} }} }}",
                create("later")
            ),
        ),
    ] {
        let answer = app.send_as(staff, &document, json!({})).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"], "{}", answer.text);
        assert!(answer.body.get("data").is_none(), "{}", answer.text);
        let error = &answer.body["errors"][0];
        assert_eq!(error["path"], json!(["b"]));
        let message =
            "Your role or API key does not permit createApiKey. No field of the mutation was executed.";
        assert_eq!(error["message"], message);
        let found =
            app.ok("query($code: String!) { partner(code: $code) { code } }", json!({ "code": code })).await;
        assert!(found["partner"].is_null(), "{document}");
    }
    let skipped = format!("mutation {{ {} ... @skip(if: true) {{ b: {key} }} }}", create("alone"));
    let answer = app.send_as(staff, &skipped, json!({})).await;
    assert_eq!(
        answer.body["data"],
        json!({ "createPartner": { "partner": { "code": "alone" } } }),
        "{}",
        answer.text
    );
}
