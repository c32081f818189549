//! Global ids: base64url of `Type:uuid`, so that an id of one type never refers to an object of another.

use async_graphql::ID;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::service::ObjectId;

/// Types that have a global id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeType {
    Partner,
    Professional,
    Activity,
    Affiliation,
    LedgerEntry,
    PointsEntry,
    Edition,
    EditionDraft,
    EditionTrial,
    Recalculation,
    Sandbox,
    ApiKey,
    AuditEntry,
    Product,
    Contract,
    SavedQuote,
    Order,
    Deal,
    Customer,
    SwagItem,
    SwagOrder,
    WebhookEndpoint,
    WebhookDelivery,
    ImportRun,
    Certificate,
}

impl NodeType {
    const ALL: [Self; 25] = [
        Self::Partner,
        Self::Professional,
        Self::Activity,
        Self::Affiliation,
        Self::LedgerEntry,
        Self::PointsEntry,
        Self::Edition,
        Self::EditionDraft,
        Self::EditionTrial,
        Self::Recalculation,
        Self::Sandbox,
        Self::ApiKey,
        Self::AuditEntry,
        Self::Product,
        Self::Contract,
        Self::SavedQuote,
        Self::Order,
        Self::Deal,
        Self::Customer,
        Self::SwagItem,
        Self::SwagOrder,
        Self::WebhookEndpoint,
        Self::WebhookDelivery,
        Self::ImportRun,
        Self::Certificate,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Partner => "Partner",
            Self::Professional => "Professional",
            Self::Activity => "Activity",
            Self::Affiliation => "Affiliation",
            Self::LedgerEntry => "LedgerEntry",
            Self::PointsEntry => "PointsEntry",
            Self::Edition => "Edition",
            Self::EditionDraft => "EditionDraft",
            Self::EditionTrial => "EditionTrial",
            Self::Recalculation => "Recalculation",
            Self::Sandbox => "Sandbox",
            Self::ApiKey => "ApiKey",
            Self::AuditEntry => "AuditEntry",
            Self::Product => "Product",
            Self::Contract => "Contract",
            Self::SavedQuote => "SavedQuote",
            Self::Order => "Order",
            Self::Deal => "Deal",
            Self::Customer => "Customer",
            Self::SwagItem => "SwagItem",
            Self::SwagOrder => "SwagOrder",
            Self::WebhookEndpoint => "WebhookEndpoint",
            Self::WebhookDelivery => "WebhookDelivery",
            Self::ImportRun => "ImportRun",
            Self::Certificate => "Certificate",
        }
    }

    /// The global id of a row.
    pub(crate) fn id(self, key: Uuid) -> ID {
        encode(&format!("{}:{key}", self.name())).into()
    }

    /// The global id of something whose type is known by name only.
    pub(crate) fn named(name: &str, key: Uuid) -> ID {
        encode(&format!("{name}:{key}")).into()
    }

    /// Reads a global id; `None` for what never was one.
    pub(crate) fn parse(id: &ID) -> Option<(Self, Uuid)> {
        let text = decode(id.as_str())?;
        let (name, key) = text.split_once(':')?;
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == name)?;
        let key = Uuid::try_parse(key).ok().filter(|parsed| parsed.to_string() == key)?;
        Some((kind, key))
    }
}

impl NodeType {
    /// The id of an object of this type as the client sent it; without a key where it is the id of nothing of the kind.
    pub(crate) fn object(self, id: &ID) -> ObjectId<'_> {
        let key = Self::parse(id).filter(|(of, _)| *of == self).map(|(_, key)| key);
        ObjectId { key, text: id.as_str() }
    }
}

/// The global id of an import run, for the command line.
pub(crate) fn import_run_id(key: Uuid) -> String {
    NodeType::ImportRun.id(key).to_string()
}

/// The key of an import run from its global id.
pub(crate) fn read_import_run_id(text: &str) -> Option<Uuid> {
    NodeType::ImportRun.object(&ID::from(text)).key
}

/// The global id of a sandbox, which its address has.
pub(crate) fn sandbox_id(key: Uuid) -> String {
    NodeType::Sandbox.id(key).to_string()
}

/// The key of a sandbox from its global id.
pub(crate) fn read_sandbox_id(text: &str) -> Option<Uuid> {
    NodeType::Sandbox.object(&ID::from(text)).key
}

/// Text as base64url.
pub(crate) fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Text from base64url of bounded length.
pub(crate) fn decode(text: &str) -> Option<String> {
    if text.len() > 1_024 {
        return None;
    }
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_say_their_type() {
        let key = Uuid::from_u128(7);
        for kind in NodeType::ALL {
            assert_eq!(NodeType::parse(&kind.id(key)), Some((kind, key)));
        }
        let long = encode(&"x".repeat(2_000));
        let upper = encode(&format!("Partner:{}", key.to_string().to_uppercase().replace('0', "A")));
        for garbage in
            ["", "x", "UGFydG5lcg", &encode("Partner:7"), &encode("Nobody:x"), &long, &upper, "%%%"]
        {
            assert_eq!(NodeType::parse(&ID::from(garbage)), None, "{garbage}");
        }
    }
}
