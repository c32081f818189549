//! Connections to PostgreSQL are encrypted and verified as the URL says, or the start fails and says why.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sqlx::{Connection, Row};

use crate::cluster::Cluster;
use crate::server::{Server, failed_start};

/// A CA, and a certificate for `localhost` that it has issued, with the certificate's key.
struct Certificates {
    ca: String,
    server: String,
    key: String,
}

fn certificates() -> Certificates {
    let mut ca = CertificateParams::new(Vec::new()).expect("parameters");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().expect("a key");
    let ca_pem = ca.self_signed(&ca_key).expect("a certificate").pem();
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    let server = server.signed_by(&key, &issuer).expect("a certificate").pem();
    Certificates { ca: ca_pem, server, key: key.serialize_pem() }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_encrypted_and_verified_as_the_url_says() {
    let trusted = certificates();
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let (ca, other_ca) = (file("ca.pem", &trusted.ca), file("other.pem", &certificates().ca));
    let (empty, missing) = (file("empty.pem", "no certificate"), format!("{ca}.missing"));
    let cluster =
        Cluster::start_with(&["ssl=on"], &[("server.crt", &trusted.server), ("server.key", &trusted.key)]);
    cluster.create("tls").await;
    let url = |host: &str, parameters: &str| {
        format!("postgres://postgres@{}/tls?{parameters}", cluster.address().replace("127.0.0.1", host))
    };

    // host, parameters, whether the connections are encrypted, what the log says
    let (none, unverified, verified) = (
        "encryption=none",
        "TLSv1.3, the server's certificate is not verified",
        "TLSv1.3, the server's certificate is verified",
    );
    let accepted = [
        ("localhost", format!("sslmode=verify-full&sslrootcert={ca}"), true, verified),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={ca}"), true, verified),
        ("127.0.0.1", format!("sslmode=require&sslrootcert={ca}"), true, verified),
        ("127.0.0.1", "sslmode=require".to_owned(), true, unverified),
        ("127.0.0.1", String::new(), true, unverified),
        ("127.0.0.1", "sslmode=disable".to_owned(), false, none),
    ];
    for (index, (host, parameters, is_encrypted, logged)) in accepted.into_iter().enumerate() {
        let server = Server::start(&url(host, &parameters));
        server.create_partner(&format!("p{index}")).await;
        let mut session = cluster.connect("tls").await;
        // For reading, for writing, and the one that listens.
        let encrypted = loop {
            let sessions = sqlx::query(
                "SELECT s.ssl, a.query LIKE 'LISTEN %' FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                 WHERE a.application_name = 'partner-program' AND a.datname = 'tls'",
            );
            let rows = sessions.fetch_all(&mut session).await.expect("a read");
            if rows.len() >= 3 && rows.iter().any(|row| row.get(1)) {
                break rows.iter().map(|row| row.get(0)).collect::<Vec<bool>>();
            }
        };
        assert!(encrypted.iter().all(|it| *it == is_encrypted), "{host} {parameters}: {encrypted:?}");
        assert!(server.log().contains(logged), "{host} {parameters}: {}", server.log());
        session.close().await.expect("a session ends");
    }

    // host, parameters, what the error says
    let refused = [
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={other_ca}"),
            "is not issued by a trusted CA: name the file",
        ),
        ("localhost", "sslmode=verify-full".to_owned(), "is not issued by a trusted CA: name the file"),
        (
            "localhost",
            format!("sslmode=require&sslrootcert={other_ca}"),
            "is not issued by a trusted CA: name the file",
        ),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={ca}"), "is not valid for the name 127.0.0.1"),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={missing}"),
            "cannot read the certificates of sslrootcert=",
        ),
        ("localhost", format!("sslmode=verify-full&sslrootcert={empty}"), "has no certificate in PEM format"),
        ("localhost", "sslmode=verify-ful".to_owned(), "did you mean verify-full?"),
        ("localhost", "sslmod=require".to_owned(), "did you mean sslmode?"),
    ];
    for (host, parameters, expected) in refused {
        let error = failed_start(&url(host, &parameters));
        assert!(error.starts_with("error: DATABASE_URL"), "{error}");
        assert!(
            error.contains(expected) && error.trim().lines().count() == 1,
            "{host} {parameters}: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_refused_if_tls_is_required() {
    let cluster = Cluster::start();
    let error = failed_start(&format!("{}?sslmode=require", cluster.url("postgres")));
    let expected =
        format!("PostgreSQL at {} does not support TLS, which sslmode=require requires", cluster.address());
    assert!(error.contains(&expected), "{error}");
}
