//! The claims that identify a caller, as providers put them into their tokens.

use serde_json::{Map, Value};

use crate::access::RoleName;

/// Maximum length of an actor's name, in bytes.
const ACTOR_MAX: usize = 256;
/// Maximum characters of a claim that the log repeats.
const EXCERPT_CHARS_MAX: usize = 200;

/// The claims of a verified token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `sub`: the name in the audit log.
    pub actor: String,
    /// The role.
    pub role: RoleName,
    /// The partner, professional or integration that it represents; empty without the claim.
    pub subject: String,
}

impl Claims {
    /// Reads the claims of a verified token; the role and the subject have names that may be paths.
    ///
    /// # Errors
    /// Why they do not identify a caller, for the log.
    pub(super) fn read(
        claims: &Map<String, Value>,
        role_claim: &str,
        subject_claim: &str,
    ) -> Result<Self, String> {
        let actor = claims.get("sub").and_then(Value::as_str).filter(|actor| {
            !actor.is_empty() && actor.len() <= ACTOR_MAX && !actor.chars().any(char::is_control)
        });
        let actor = actor.ok_or_else(|| {
            format!("the claim sub is not a text of 1 to {ACTOR_MAX} bytes without control characters")
        })?;
        let subject = find(claims, subject_claim).and_then(Value::as_str).unwrap_or_default();
        Ok(Self { actor: actor.to_owned(), role: role(claims, role_claim)?, subject: subject.to_owned() })
    }
}

/// The claim with a name, or at a path of names with dots between them, such as `realm_access.roles`. Names may
/// contain dots themselves, so the longest name that exists comes first.
fn find<'c>(claims: &'c Map<String, Value>, path: &str) -> Option<&'c Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    path.rmatch_indices('.').find_map(|(at, _)| find(claims.get(&path[..at])?.as_object()?, &path[at + 1..]))
}

/// The only known role in a claim that is a text or a list of texts. A token with several grants none of them:
/// which one its holder should have is for the provider to say.
fn role(claims: &Map<String, Value>, name: &str) -> Result<RoleName, String> {
    let value = find(claims, name).ok_or_else(|| format!("the claim {name} for the role is missing"))?;
    let texts: Option<Vec<&str>> = match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(values) => values.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let texts = texts.ok_or_else(|| format!("the claim {name} is neither a text nor a list of texts"))?;
    let known: Vec<RoleName> =
        RoleName::ALL.into_iter().filter(|role| texts.contains(&role.as_str())).collect();
    match known[..] {
        [role] => Ok(role),
        [] => {
            let accepted = RoleName::ALL.map(RoleName::as_str).join(", ");
            let given = excerpt(&value.to_string());
            Err(format!("the claim {name} has no known role ({accepted}), but {given}"))
        }
        _ => {
            let known: Vec<&str> = known.iter().map(|role| role.as_str()).collect();
            Err(format!("the claim {name} has several known roles, {}; it must have one", known.join(", ")))
        }
    }
}

/// The beginning of a claim, for the log.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn exactly_one_known_role_is_found() {
        let claims = json!({
            "role": "PARTNER",
            "lower": "partner",
            "padded": " PARTNER",
            "joined": "PARTNER INTEGRATOR",
            "empty": [],
            "others": ["offline_access", "uma_authorization"],
            "one": ["offline_access", "PARTNER"],
            "twice": ["PARTNER", "PARTNER"],
            "several": ["PARTNER", "ADMINISTRATOR"],
            "mixed": ["PARTNER", 7],
            "nested": [["PARTNER"]],
            "number": 7,
            "nothing": null,
            "realm_access": { "roles": ["default-roles", "PARTNER"] },
            "resource_access": { "partner.program": { "roles": ["PARTNER"] } },
            "https://id.example.com/roles": ["PARTNER"],
            "a.b": { "c": "PARTNER" },
            "a": { "b": { "c": "ADMINISTRATOR" } },
        });
        let claims = claims.as_object().expect("an object");
        // name of the claim, and why it grants no role
        for (name, refused) in [
            ("role", None),
            ("one", None),
            ("twice", None),
            ("realm_access.roles", None),
            ("resource_access.partner.program.roles", None),
            ("https://id.example.com/roles", None),
            ("a.b.c", None),
            (
                "lower",
                Some(
                    "the claim lower has no known role (ADMINISTRATOR, PROGRAM_STAFF, INTEGRATOR, PARTNER, PROFESSIONAL), but \"partner\"",
                ),
            ),
            ("padded", Some("has no known role")),
            ("joined", Some("has no known role")),
            ("empty", Some("has no known role")),
            ("others", Some("but [\"offline_access\",\"uma_authorization\"]")),
            (
                "several",
                Some("the claim several has several known roles, ADMINISTRATOR, PARTNER; it must have one"),
            ),
            ("mixed", Some("the claim mixed is neither a text nor a list of texts")),
            ("nested", Some("is neither a text nor a list of texts")),
            ("number", Some("is neither a text nor a list of texts")),
            ("nothing", Some("is neither a text nor a list of texts")),
            ("realm_access", Some("is neither a text nor a list of texts")),
            ("missing", Some("the claim missing for the role is missing")),
            ("realm_access.role", Some("for the role is missing")),
            ("role.roles", Some("for the role is missing")),
            (".role", Some("for the role is missing")),
            ("", Some("for the role is missing")),
        ] {
            match (role(claims, name), refused) {
                (Ok(found), None) => assert_eq!(found, RoleName::Partner, "{name}"),
                (Err(why), Some(part)) => assert!(why.contains(part), "{name}: {why}"),
                (found, _) => panic!("{name}: {found:?}"),
            }
        }
    }

    #[test]
    fn the_subject_may_be_nested_too() {
        let claims =
            json!({ "sub": "7", "role": "PARTNER", "program": { "code": "nordwind", "codes": ["x"] } });
        let claims = claims.as_object().expect("an object");
        for (name, subject) in
            [("program.code", "nordwind"), ("sub", "7"), ("program.codes", ""), ("program", ""), ("none", "")]
        {
            let read = Claims::read(claims, "role", name).expect("claims");
            assert_eq!((read.subject.as_str(), read.actor.as_str()), (subject, "7"), "{name}");
        }
        for actor in [json!(""), json!("a\nb"), json!("x".repeat(ACTOR_MAX + 1)), json!(7), Value::Null] {
            let mut claims = claims.clone();
            claims.insert("sub".to_owned(), actor);
            assert!(Claims::read(&claims, "role", "sub").is_err());
        }
    }
}
