//! A certificate as a badge: an `AchievementCredential` of Open Badges 3.0 in the data model of Verifiable Credentials 2.0.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{CREDENTIALS_V2, Issuer, SigningError};

/// The vocabulary of Open Badges.
const OPEN_BADGES: &str = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json";

/// Which level of its holder a badge is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertifiedLevel {
    /// A partner's level of the technical track.
    Technical,
    /// A partner's level of the business track.
    Business,
    /// A partner's overall level.
    Overall,
    /// A professional's level.
    Professional,
}

impl CertifiedLevel {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Technical, Self::Business, Self::Overall, Self::Professional];

    /// The word in addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Technical => "technical",
            Self::Business => "business",
            Self::Overall => "overall",
            Self::Professional => "professional",
        }
    }

    /// What the level is one of.
    #[must_use]
    pub fn of(self) -> &'static str {
        match self {
            Self::Technical => "Partner Program, technical track",
            Self::Business => "Partner Program, business track",
            Self::Overall => "Partner Program",
            Self::Professional => "DevOps Professional Program",
        }
    }

    fn criteria(self, threshold: i64) -> String {
        match self {
            Self::Technical => {
                format!(
                    "{threshold} technical level credits in a calendar year, or a decision of the program's staff."
                )
            }
            Self::Business => {
                format!(
                    "{threshold} business level credits in a calendar year, or a decision of the program's staff."
                )
            }
            Self::Overall => format!(
                "{threshold} level credits of one track in a calendar year, or a decision of the program's staff."
            ),
            Self::Professional => {
                format!(
                    "{threshold} DevOps Points in a membership year, or a decision of the program's staff."
                )
            }
        }
    }
}

/// What was achieved: a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Achievement<'a> {
    /// Which level of the holder.
    pub level_of: CertifiedLevel,
    /// Code of the level.
    pub code: &'a str,
    /// Display name of the level.
    pub name: &'a str,
    /// The sum that reaches it.
    pub threshold: i64,
}

impl Achievement<'_> {
    /// The achievement as an object of Open Badges; its id is an address that answers with it.
    #[must_use]
    pub fn to_json(&self, issuer: &Issuer) -> Value {
        let Self { level_of, code, name, threshold } = *self;
        json!({
            "id": format!("{}/certificates/levels/{}/{code}", issuer.origin(), level_of.word()),
            "type": ["Achievement"],
            "name": name,
            "description": format!("Level {name} of the {}.", level_of.of()),
            "achievementType": "Certification",
            "criteria": { "narrative": level_of.criteria(threshold) },
        })
    }
}

/// Where a status list says whether a badge is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusEntry {
    /// Number of the list.
    pub list: i32,
    /// Place of the bit.
    pub place: i32,
}

/// What a badge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Badge<'b> {
    /// The part of its address that nobody can guess.
    pub token: &'b str,
    /// Name of the holder.
    pub holder: &'b str,
    /// The level.
    pub achievement: Achievement<'b>,
    /// When the first day begins.
    pub from: DateTime<Utc>,
    /// When the last day ends; none if the level is never lost.
    pub until: Option<DateTime<Utc>>,
    /// Where its status is.
    pub status: StatusEntry,
}

impl Issuer {
    /// The address of a certificate.
    #[must_use]
    pub fn certificate_url(&self, token: &str) -> String {
        format!("{}/certificates/{token}", self.origin)
    }

    /// The address of a status list.
    pub(super) fn list_url(&self, list: i32) -> String {
        format!("{}/certificates/status/{list}", self.origin)
    }

    /// A badge as a signed token. Its payload is the credential with the registered claims that Open Badges asks for; the
    /// holder is named, and has no other identifier.
    ///
    /// # Errors
    /// When it can't be signed, which no content is known to cause.
    pub fn sign_badge(&self, badge: &Badge<'_>) -> Result<String, SigningError> {
        self.sign(&self.claims(badge))
    }

    fn claims(&self, badge: &Badge<'_>) -> Value {
        let Badge { token, holder, achievement, from, until, status } = badge;
        let id = self.certificate_url(token);
        let list = self.list_url(status.list);
        let mut claims = json!({
            "@context": [CREDENTIALS_V2, OPEN_BADGES],
            "id": id,
            "type": ["VerifiableCredential", "AchievementCredential"],
            "name": format!("{}, {}", achievement.name, achievement.level_of.of()),
            "issuer": { "id": self.did, "type": ["Profile"], "name": self.name, "url": self.origin },
            "validFrom": text(*from),
            "credentialSubject": {
                "type": ["AchievementSubject"],
                "identifier": [{
                    "type": "IdentityObject", "hashed": false, "identityType": "name", "identityHash": holder,
                }],
                "achievement": achievement.to_json(self),
            },
            "credentialStatus": {
                "id": format!("{list}#{}", status.place),
                "type": "BitstringStatusListEntry",
                "statusPurpose": "revocation",
                "statusListIndex": status.place.to_string(),
                "statusListCredential": list,
            },
            "iss": self.did,
            "jti": id,
            "nbf": from.timestamp(),
        });
        if let Some(until) = until {
            claims["validUntil"] = json!(text(*until));
            claims["exp"] = json!(until.timestamp());
        }
        claims
    }
}

/// A moment as credentials have it.
pub(super) fn text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::credential::SigningKey;

    #[test]
    fn a_badge_says_the_same_each_time() {
        let key = || SigningKey::from_bytes(&[7; 32]).expect("a key");
        let issuer = || Issuer::new("https://a.example", "A", key(), Vec::new());
        let moment = |seconds| DateTime::from_timestamp(seconds, 0).expect("a moment");
        let achievement = Achievement {
            level_of: CertifiedLevel::Professional,
            code: "CATALYST",
            name: "Catalyst",
            threshold: 15_000,
        };
        let badge = Badge {
            token: "t",
            holder: "Ada \"<Nowak>\"",
            achievement,
            from: moment(0),
            until: Some(moment(86_399)),
            status: StatusEntry { list: 1, place: 7 },
        };
        let signed = issuer().sign_badge(&badge).expect("a token");
        assert_eq!(issuer().sign_badge(&badge).as_ref(), Ok(&signed));
        let parts: Vec<Value> = signed
            .split('.')
            .take(2)
            .map(|part| {
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
            })
            .collect();
        let kid = format!("did:web:a.example#{}", key().public().thumbprint());
        assert_eq!(parts[0], json!({ "typ": "vc+jwt", "alg": "EdDSA", "cty": "vc", "kid": kid }));
        let claims = &parts[1];
        assert_eq!(claims["validFrom"], "1970-01-01T00:00:00Z");
        assert_eq!(claims["validUntil"], "1970-01-01T23:59:59Z");
        assert_eq!((&claims["nbf"], &claims["exp"]), (&json!(0), &json!(86_399)));
        assert_eq!(claims["jti"], claims["id"]);
        assert_eq!(claims["credentialSubject"]["identifier"][0]["identityHash"], badge.holder);
        assert_eq!(claims["credentialStatus"]["id"], "https://a.example/certificates/status/1#7");
        let forever = Badge { until: None, ..badge };
        let claims = issuer().claims(&forever);
        assert!(claims.get("exp").is_none() && claims.get("validUntil").is_none(), "{claims}");
    }
}
