//! Documents that run mutations, and ask for what they made and changed.

/// What a mutation changes, with the objects that it changed or made.
const EFFECTS: &str = "effects { ledgerEntries { effectiveOn reason track kind levelCredits spendableCredits \
    balanceAfter explanation rule { title } activity { externalId status awardedCredits review { decision reason } \
    voided { reason } } order { status } quote { status } deal { reference status } } \
    pointsEntries { effectiveOn reason kind points dojoCredits explanation \
    activity { externalId status awardedPoints review { decision } voided { reason } } } \
    levelChanges { partner { code balance } professional { code dojoCredits } track from { code } \
    to { code } on timeBased } }";
const ACTIVITY: &str = "activity { id status awardedPoints awardedCredits review { decision reason } \
    voided { reason } replaces { status } }";
const AFFILIATIONS: &str = "professional { code affiliations(first: 100) { nodes { id startsOn endsOn \
    partner { code } voided { reason } } } }";
const ORDER: &str = "order { number status partner { balance } cancelled { reason } returned { reason } }";
const DEAL: &str = "deal { reference status outcome holdsOpportunity conflict review { decision reason } \
    withdrawn { reason } reopened { reason } history { on status } endCustomer { id spellings } }";
const PARTNER: &str = "partner { code balance leftOn enrolledOn \
    standing { technical { level { code } } business { level { code } } } }";
const PROFESSIONAL: &str = "professional { code dojoCredits leftOn signedUpOn \
    standing { points level { code } } }";

/// A document that runs one mutation and asks for what it made, and maybe for what it changed.
pub(crate) fn document(name: &str, with_effects: bool) -> String {
    let object = match name {
        "recordActivity" | "submitActivity" | "reviewActivity" | "voidActivity" => ACTIVITY,
        "voidActivities" => "results { activity { id status voided { reason } } userErrors { code } }",
        "affiliateProfessional"
        | "endAffiliation"
        | "correctAffiliation"
        | "voidAffiliation"
        | "mergeProfessionals" => AFFILIATIONS,
        "placeOrder" | "cancelOrder" | "fulfillOrder" | "returnOrder" => ORDER,
        "saveQuote" | "withdrawQuote" => "savedQuote { number status partner { balance } }",
        "placeSwagOrder" | "cancelSwagOrder" | "fulfillSwagOrder" => {
            "swagOrder { number status professional { dojoCredits } }"
        }
        "saveSwagItem" => "swagItem { code dojoCredits }",
        "saveProduct" => "product { code }",
        "registerDeal" | "updateDeal" | "reportDealActivity" | "closeDeal" | "reviewDeal" | "reopenDeal"
        | "withdrawDeal" => DEAL,
        "joinCustomers" | "separateCustomers" => "customer { id name spellings firstDeal { reference } }",
        "endMembership" | "updateProfessional" => PROFESSIONAL,
        "overrideLevel" | "endOverride" => {
            return with_errors(name, &format!("{PARTNER} {PROFESSIONAL} {EFFECTS}"));
        }
        _ => PARTNER,
    };
    let effects = if with_effects { EFFECTS } else { "" };
    with_errors(name, &format!("{object} {effects}"))
}

fn with_errors(name: &str, fields: &str) -> String {
    let input_type = match name {
        "recordActivity" | "submitActivity" => "Activity".to_owned(),
        _ => format!("{}{}", name[..1].to_uppercase(), &name[1..]),
    };
    format!(
        "mutation($input: {input_type}Input!) {{ {name}(input: $input) {{ {fields} \
         userErrors {{ code field message }} }} }}"
    )
}
