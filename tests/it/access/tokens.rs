//! Tokens of an OpenID Connect provider: good ones, and every bad one that we could think of.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::world::TODAY;
use crate::harness::{Answer, Backend, TestApp, TestDatabase, run};

const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "partner-program";
const WHO: &str = "{ viewer { role label partner { code } professional { code } integration keyId } }";

/// A signing key of the provider.
struct Signer {
    id: &'static str,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Signer {
    fn ec(id: &'static str) -> Self {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let pair =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key pair");
        Self { id, algorithm: Algorithm::ES256, key: EncodingKey::from_ec_der(pair.as_ref()) }
    }

    fn rsa(id: &'static str) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key pair");
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).expect("its encoding");
        // Behind the header of PKCS #8 lies what the library wants: PKCS #1.
        let key = EncodingKey::from_rsa_der(&der.as_ref()[26..]);
        Self { id, algorithm: Algorithm::RS256, key }
    }

    /// The public key as the provider publishes it.
    fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).expect("a public key");
        jwk.common.key_id = Some(self.id.to_owned());
        serde_json::to_value(jwk).expect("JSON")
    }

    fn header(&self) -> Header {
        Header { kid: Some(self.id.to_owned()), ..Header::new(self.algorithm) }
    }

    fn sign(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.key).expect("a token")
    }

    fn token(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a moment").as_secs()
}

/// Claims of a good token, with others in their place.
fn claims(role: &str, code: &str, more: &Value) -> Value {
    let mut claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "exp": now() + 300, "iat": now(), "nbf": now() - 5,
        "sub": "auth0|7", "role": role, "program_subject": code });
    for (name, value) in more.as_object().expect("claims") {
        if value.is_null() {
            claims.as_object_mut().expect("claims").remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn publish(path: &Path, signers: &[&Signer]) {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.public()).collect();
    std::fs::write(path, json!({ "keys": keys }).to_string()).expect("a file");
}

async fn start(backend: Backend, source: (&str, &str)) -> TestApp {
    let settings = [
        source,
        ("AUTH_ISSUER", ISSUER),
        ("AUTH_AUDIENCE", AUDIENCE),
        ("AUTH_SUBJECT_CLAIM", "program_subject"),
    ];
    let app = TestApp::start_with(TestDatabase::create(backend).await, TODAY, &settings).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    app
}

async fn who(app: &TestApp, token: &str) -> Answer {
    app.send_as(token, WHO, json!({})).await
}

both! {
    tokens_stand_for_roles_and_subjects,
    tokens_are_not_accepted_in_a_sandbox,
}

async fn tokens_are_not_accepted_in_a_sandbox(backend: Backend) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.json");
    let signer = Signer::ec("ec");
    publish(&path, &[&signer]);
    let app = start(backend, ("AUTH_JWKS_FILE", &path.display().to_string())).await;
    let sandbox = app.sandbox(json!({})).await;
    for (role, subject) in [("ADMINISTRATOR", ""), ("PARTNER", "nordwind")] {
        let token = signer.token(&claims(role, subject, &json!({})));
        assert_eq!(who(&app, &token).await.status, 200, "{role}");
        let answer = sandbox.send_as(&token, WHO, json!({})).await;
        assert_eq!((answer.status, answer.codes()), (401, vec!["UNAUTHENTICATED"]), "{role}");
    }
    // Who has a token creates sandboxes, whose creator is the subject.
    let administrator = signer.token(&claims("ADMINISTRATOR", "", &json!({})));
    let create = "mutation { createSandbox(input: {}) { sandbox { createdBy } userErrors { message } } }";
    let answer = app.send_as(&administrator, create, json!({})).await;
    assert_eq!(answer.body["data"]["createSandbox"]["sandbox"]["createdBy"], "auth0|7", "{}", answer.text);
}

async fn tokens_stand_for_roles_and_subjects(backend: Backend) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.json");
    let (ec, rsa) = (Signer::ec("ec"), Signer::rsa("rsa"));
    publish(&path, &[&ec, &rsa]);
    let app = start(backend, ("AUTH_JWKS_FILE", &path.display().to_string())).await;
    // role, subject, what the viewer is, or none when the token is refused
    let table = [
        ("ADMINISTRATOR", "", Some(json!([null, null, null]))),
        ("PROGRAM_STAFF", "whoever", Some(json!([null, null, null]))),
        ("INTEGRATOR", "community", Some(json!([null, null, "community"]))),
        ("PARTNER", "nordwind", Some(json!(["nordwind", null, null]))),
        ("PROFESSIONAL", "ada", Some(json!([null, "ada", null]))),
        ("PARTNER", "ada", None),
        ("PARTNER", "", None),
        ("PROFESSIONAL", "nobody", None),
        ("INTEGRATOR", "", None),
        ("administrator", "", None),
        ("", "", None),
    ];
    for signer in [&ec, &rsa] {
        for (role, subject, expected) in &table {
            let answer = who(&app, &signer.token(&claims(role, subject, &json!({})))).await;
            let Some(expected) = expected else {
                assert_eq!(answer.status, 401, "{role} {subject}: {}", answer.text);
                continue;
            };
            let viewer = &answer.body["data"]["viewer"];
            assert_eq!((answer.status, &viewer["role"]), (200, &json!(role)), "{}", answer.text);
            assert_eq!((&viewer["label"], &viewer["keyId"]), (&json!("auth0|7"), &Value::Null));
            let subject =
                json!([viewer["partner"]["code"], viewer["professional"]["code"], viewer["integration"]]);
            assert_eq!(&subject, expected, "{}", answer.text);
        }
    }
    // The audit log names the subject of the token.
    let mutation = "mutation { createPartner(input: { code: \"x\", name: \"X\", enrolledOn: \"2026-01-01\" }) { userErrors { code } } }";
    let staff = ec.token(&claims("PROGRAM_STAFF", "", &json!({})));
    assert_eq!(app.send_as(&staff, mutation, json!({})).await.codes(), Vec::<&str>::new());
    let data = app.ok("{ auditLog(last: 1) { nodes { actor role operation } } }", json!({})).await;
    let entry = json!({ "actor": "token:auth0|7", "role": "PROGRAM_STAFF", "operation": "createPartner" });
    assert_eq!(data["auditLog"]["nodes"][0], entry);
}

/// A token from its parts, whatever they hold.
fn raw(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode(signature))
}

/// A token that is signed with an empty secret, which the library refuses to do.
fn unkeyed(claims: &Value) -> String {
    let text = raw(&json!({ "alg": "HS256", "kid": "rsa", "typ": "JWT" }), claims, b"");
    let message = text.trim_end_matches('.');
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"");
    let signature = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Claims that no token of a caller has.
fn wrong_claims() -> Vec<(&'static str, Value)> {
    vec![
        ("another issuer", json!({ "iss": "https://evil.example.com" })),
        ("no issuer", json!({ "iss": null })),
        ("a list of issuers", json!({ "iss": [ISSUER, "https://evil.example.com"] })),
        ("another audience", json!({ "aud": "another-program" })),
        ("no audience", json!({ "aud": null })),
        ("an empty audience", json!({ "aud": [] })),
        ("expired", json!({ "exp": now() - 120 })),
        ("no end", json!({ "exp": null })),
        ("an end as text", json!({ "exp": "4102444800" })),
        ("not yet valid", json!({ "nbf": now() + 120 })),
        ("a beginning as text", json!({ "nbf": "soon" })),
        ("no subject", json!({ "sub": null })),
        ("an empty subject", json!({ "sub": "" })),
        ("no role", json!({ "role": null })),
        ("several roles", json!({ "role": ["ADMINISTRATOR", "PARTNER"] })),
        ("a list without a known role", json!({ "role": ["administrator", "offline_access"] })),
        ("a list in a list", json!({ "role": [["ADMINISTRATOR"]] })),
        ("oversized", json!({ "padding": "x".repeat(9_000) })),
    ]
}

#[test]
fn forged_tokens_are_refused() {
    run(forged());
}

async fn forged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.json");
    let (ec, rsa, stranger) = (Signer::ec("ec"), Signer::rsa("rsa"), Signer::ec("ec"));
    publish(&path, &[&ec, &rsa]);
    let app = start(Backend::Sqlite, ("AUTH_JWKS_FILE", &path.display().to_string())).await;
    let good = claims("ADMINISTRATOR", "", &json!({}));
    assert_eq!(who(&app, &ec.token(&good)).await.status, 200, "the good one is good");
    let with = |more: Value| ec.token(&claims("ADMINISTRATOR", "", &more));
    let header = |more: &dyn Fn(&mut Header)| {
        let mut header = ec.header();
        more(&mut header);
        ec.sign(&header, &good)
    };
    // HMAC with what everybody knows: the public key in each of the forms that it is written in.
    let public = rsa.public();
    let modulus = public["n"].as_str().expect("a modulus");
    let hmac = |secret: &[u8]| {
        let header = Header { kid: Some("rsa".to_owned()), ..Header::new(Algorithm::HS256) };
        encode(&header, &good, &EncodingKey::from_secret(secret).expect("a key")).expect("a token")
    };
    let signed = ec.token(&good);
    let (body, _) = signed.rsplit_once('.').expect("three parts");
    let table: Vec<(&str, String)> = vec![
        ("no algorithm", raw(&json!({ "alg": "none", "kid": "ec", "typ": "JWT" }), &good, b"")),
        ("no algorithm, in other letters", raw(&json!({ "alg": "nOnE", "kid": "ec" }), &good, b"")),
        ("no algorithm named", raw(&json!({ "kid": "ec" }), &good, b"x")),
        ("no signature", format!("{body}.")),
        ("two parts", body.to_owned()),
        ("a signature of zeros", format!("{body}.{}", URL_SAFE_NO_PAD.encode([0; 64]))),
        ("HMAC with the modulus", hmac(modulus.as_bytes())),
        ("HMAC with the modulus as bytes", hmac(&URL_SAFE_NO_PAD.decode(modulus).expect("base64"))),
        ("HMAC with the key as JSON", hmac(public.to_string().as_bytes())),
        ("HMAC with nothing", unkeyed(&good)),
        ("a stranger's key of the same id", stranger.token(&good)),
        (
            "an algorithm of another key",
            rsa.sign(&Header { kid: Some("ec".to_owned()), ..rsa.header() }, &good),
        ),
        (
            "an algorithm that the key is not for",
            rsa.sign(&Header { alg: Algorithm::RS512, ..rsa.header() }, &good),
        ),
        ("an unknown key id", header(&|it| it.kid = Some("other".to_owned()))),
        ("a key id as a path", header(&|it| it.kid = Some("../../../../dev/null".to_owned()))),
        ("a key id as the path of the set", header(&|it| it.kid = Some("keys.json".to_owned()))),
        ("a key id as a query", header(&|it| it.kid = Some("x' OR '1'='1".to_owned()))),
        ("an endless key id", header(&|it| it.kid = Some("k".repeat(4_000)))),
        ("no key id", header(&|it| it.kid = None)),
        ("a critical header", header(&|it| it.crit = Some(vec!["exp".to_owned()]))),
        ("a key of its own", {
            let mut header = stranger.header();
            header.jwk = serde_json::from_value(stranger.public()).ok();
            stranger.sign(&header, &good)
        }),
        ("an address of its own", {
            let header = Header { jku: Some("https://evil.example.com".to_owned()), ..stranger.header() };
            stranger.sign(&header, &good)
        }),
        ("garbage", "a.b.c".to_owned()),
        ("dots", "..".to_owned()),
    ];
    let plain = app.send_as("nonsense", WHO, json!({})).await;
    let wrong = wrong_claims().into_iter().map(|(what, more)| (what, with(more)));
    for (what, token) in table.into_iter().chain(wrong) {
        let answer = who(&app, &token).await;
        assert_eq!((answer.status, &answer.text), (401, &plain.text), "{what}");
    }
    // Near the limits on the good side.
    for more in [
        json!({ "exp": now() - 10 }),
        json!({ "nbf": now() + 10 }),
        json!({ "aud": ["x", AUDIENCE] }),
        json!({ "role": ["offline_access", "ADMINISTRATOR"] }),
    ] {
        assert_eq!(who(&app, &with(more.clone())).await.status, 200, "{more}");
    }
}

#[test]
fn key_sets_rotate_and_are_not_asked_for_at_will() {
    run(rotation());
}

async fn rotation() {
    let (old, new, next) = (Signer::ec("old"), Signer::ec("new"), Signer::ec("next"));
    let set = Arc::new(std::sync::Mutex::new(json!({ "keys": [old.public()] })));
    let asked = Arc::new(AtomicUsize::new(0));
    let (served, counted) = (Arc::clone(&set), Arc::clone(&asked));
    let keys = axum::routing::get(move || async move {
        counted.fetch_add(1, Ordering::Relaxed);
        axum::Json(served.lock().expect("a lock").clone())
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/keys", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/keys", keys)).await });
    let app = start(Backend::Sqlite, ("AUTH_JWKS_URL", &url)).await;
    let token = |signer: &Signer| signer.token(&claims("PROGRAM_STAFF", "", &json!({})));
    assert_eq!(who(&app, &token(&old)).await.status, 200);
    assert_eq!(asked.load(Ordering::Relaxed), 1, "at the start and not again");
    // The provider changes its key: the first token with the new one has the set read again.
    *set.lock().expect("a lock") = json!({ "keys": [new.public()] });
    assert_eq!(who(&app, &token(&new)).await.status, 200);
    assert_eq!(who(&app, &token(&old)).await.status, 401, "a key that was taken away is none");
    // Nobody can make the server ask more often than every 10 s.
    *set.lock().expect("a lock") = json!({ "keys": [next.public()] });
    for _ in 0..20 {
        assert_eq!(who(&app, &token(&next)).await.status, 401);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}
