//! `export --csv`: a list as a CSV file, read as clients read it.

use std::fmt::Write;
use std::io;

use async_graphql::{Request, Value, Variables};
use serde_json::json;

use super::CommandError;
use super::database::open_existing;
use crate::config::Settings;
use crate::graphql::documents::executor;
use crate::graphql::schema;

/// Items of a page.
const PAGE: usize = 100;

/// A list that can be written: its name, and the fields that are its columns.
struct CsvList {
    name: &'static str,
    fields: &'static [&'static str],
}

/// Fields that are not of one type, as a document asks for them.
const OF_UNIONS: [(&str, &str); 2] = [
    ("subject.partner", "... on Partner { partner: code }"),
    ("subject.professional", "... on Professional { professional: code }"),
];

const LISTS: [CsvList; 9] = [
    CsvList {
        name: "partners",
        fields: &[
            "code",
            "name",
            "enrolledOn",
            "leftOn",
            "balance",
            "standing.overall.code",
            "standing.technical.level.code",
            "standing.technical.credits",
            "standing.technical.validUntil",
            "standing.business.level.code",
            "standing.business.credits",
            "standing.business.validUntil",
        ],
    },
    CsvList {
        name: "professionals",
        fields: &[
            "code",
            "name",
            "email",
            "signedUpOn",
            "leftOn",
            "partner.code",
            "dojoCredits",
            "standing.points",
            "standing.level.code",
            "standing.validUntil",
            "standing.renewsOn",
        ],
    },
    CsvList {
        name: "activities",
        fields: &[
            "source",
            "externalId",
            "subject.partner",
            "subject.professional",
            "kind",
            "occurredOn",
            "quantity",
            "points",
            "status",
            "awardedPoints",
            "awardedCredits",
            "recordedAt",
        ],
    },
    CsvList {
        name: "deals",
        fields: &[
            "reference",
            "partner.code",
            "customer",
            "scope",
            "registeredOn",
            "status",
            "statusSince",
            "validUntil",
            "outcome",
            "closedOn",
            "holdsOpportunity",
            "conflict",
        ],
    },
    CsvList {
        name: "orders",
        fields: &[
            "number",
            "partner.code",
            "purpose",
            "customer",
            "status",
            "placedOn",
            "fulfilledOn",
            "level.code",
            "credits",
            "list.amount",
            "net.amount",
            "redeemed.amount",
            "total.amount",
            "total.currency",
        ],
    },
    CsvList {
        name: "swagOrders",
        fields: &[
            "number",
            "professional.code",
            "item.code",
            "quantity",
            "dojoCredits",
            "status",
            "placedOn",
            "fulfilledOn",
            "cancelledOn",
        ],
    },
    CsvList {
        name: "affiliations",
        fields: &["professional.code", "partner.code", "startsOn", "endsOn", "recordedAt"],
    },
    CsvList { name: "contracts", fields: &["reference", "partner.code", "startsOn", "endsOn"] },
    CsvList { name: "customers", fields: &["name", "firstWonOn", "firstDeal.reference"] },
];

/// Names of the lists.
pub(super) fn names() -> Vec<&'static str> {
    LISTS.iter().map(|list| list.name).collect()
}

/// Writes a list to the standard output.
pub(super) async fn export(settings: &Settings, name: &str) -> Result<u8, CommandError> {
    let unknown = || CommandError(format!("there is no list {name}; the lists are {}", names().join(", ")));
    let list = LISTS.iter().find(|list| list.name == name).ok_or_else(unknown)?;
    let services = open_existing(settings, "with `serve`").await?;
    let schema = executor(schema::builder());
    let document = list.document();
    let mut csv = csv::Writer::from_writer(io::stdout().lock());
    csv.write_record(list.fields)?;
    let mut after = json!(null);
    loop {
        let request = Request::new(&document).variables(Variables::from_json(json!({ "after": after })));
        let response = schema.execute(request.data(services.clone())).await;
        if let Some(error) = response.errors.first() {
            return Err(CommandError(format!("the list {name} can't be read: {}", error.message)));
        }
        let page = value_at(&response.data, &["list"]).clone();
        let Value::List(rows) = value_at(&page, &["nodes"]) else { break };
        for row in rows {
            csv.write_record(list.fields.iter().map(|field| text(row, field)))?;
        }
        after = match (
            value_at(&page, &["pageInfo", "hasNextPage"]),
            value_at(&page, &["pageInfo", "endCursor"]),
        ) {
            (Value::Boolean(true), Value::String(cursor)) => json!(cursor),
            _ => break,
        };
    }
    csv.flush()?;
    services.database().clone().close().await?;
    Ok(0)
}

impl CsvList {
    /// The document that reads a page.
    fn document(&self) -> String {
        let paths: Vec<Vec<&str>> = self.fields.iter().map(|field| field.split('.').collect()).collect();
        let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
        let (name, fields) = (self.name, selection("", &paths));
        format!(
            "query($after: String) {{ list: {name}(first: {PAGE}, after: $after) {{ nodes {{ {fields} }} \
             pageInfo {{ hasNextPage endCursor }} }} }}"
        )
    }
}

/// The fields of paths below one, each once.
fn selection(above: &str, paths: &[&[&str]]) -> String {
    let mut text = String::new();
    let mut rest = paths;
    while let Some((first, _)) = rest.split_first() {
        let name = first[0];
        let same = rest.iter().take_while(|path| path[0] == name).count();
        let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        let below: Vec<&[&str]> =
            rest[..same].iter().map(|path| &path[1..]).filter(|path| !path.is_empty()).collect();
        let of_union = OF_UNIONS.iter().find(|(field, _)| *field == path).map(|(_, asked)| *asked);
        text.push_str(of_union.unwrap_or(name));
        text.push(' ');
        if !below.is_empty() {
            // Writing to a String does not fail.
            let _ = write!(text, "{{ {}}} ", selection(&path, &below));
        }
        rest = &rest[same..];
    }
    text
}

fn value_at<'v>(value: &'v Value, path: &[&str]) -> &'v Value {
    path.iter().fold(value, |value, name| match value {
        Value::Object(fields) => fields.get(*name).unwrap_or(&Value::Null),
        _ => &Value::Null,
    })
}

fn text(row: &Value, field: &str) -> String {
    let path: Vec<&str> = field.split('.').collect();
    match value_at(row, &path) {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Enum(name) => name.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_is_a_document_of_the_schema() {
        let schema = executor(schema::builder()).sdl();
        let compiled =
            apollo_compiler::Schema::parse_and_validate(schema, "schema.graphql").expect("a schema");
        for list in &LISTS {
            let document = list.document();
            let checked =
                apollo_compiler::ExecutableDocument::parse_and_validate(&compiled, &document, "list.graphql");
            assert!(checked.is_ok(), "{document}: {}", checked.expect_err("problems"));
        }
    }
}
