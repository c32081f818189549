//! The reference clients of both subscription transports: the packages `graphql-ws` and `graphql-sse`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::json;

use crate::npm;
use crate::server::{KEY, Server, send};

#[test]
fn the_reference_clients_subscribe_and_resume() {
    let server = Server::start(&[]);
    let output = npm::run("subscriptions.mjs", &[&server.url("/graphql"), KEY]);
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{wrong}");
    assert_eq!(said, "graphql-ws passed\ngraphql-sse passed\n");
}

/// Gives a partner a credit.
async fn record_event(server: &Server, number: usize) {
    let mutation =
        "mutation($input: ActivityInput!) { recordActivity(input: $input) { userErrors { message } } }";
    let input = json!({ "subject": { "partner": "wire" }, "kind": "CUSTOMER_MEETING", "occurredOn": "2025-02-03",
        "source": "wire", "externalId": number.to_string() });
    let answer =
        send(server.post().json(&json!({ "query": mutation, "variables": { "input": input } }))).await;
    assert_eq!(answer.body["data"]["recordActivity"]["userErrors"], json!([]), "{}", answer.text);
}

async fn latest(server: &Server) -> u64 {
    let answer = server.query("{ events(after: 0, first: 1) { latestNumber } }").await;
    answer.body["data"]["events"]["latestNumber"].as_u64().expect(&answer.text)
}

/// A server that shuts down closes its sockets with a reason; a killed one does not. Either way a client
/// that reconnects gets every event once, in order: it checks that itself.
#[tokio::test]
async fn a_client_resumes_after_restarts() {
    let mut server = Server::start(&[]);
    let enrol = "mutation { createPartner(input: { code: \"wire\", name: \"Wire\", enrolledOn: \"2024-01-01\" }) { userErrors { message } } }";
    assert_eq!(server.query(enrol).await.body["data"]["createPartner"]["userErrors"], json!([]));
    let mut happened = 0;
    for _ in 0..3 {
        happened += 1;
        record_event(&server, happened).await;
    }
    let first = latest(&server).await;
    let count = first + 12;
    let arguments = [&*server.url("/graphql"), KEY, &count.to_string()];
    let mut client =
        npm::command("reconnect.mjs", &arguments).stdout(Stdio::piped()).spawn().expect("Node.js");
    let mut said = BufReader::new(client.stdout.take().expect("its output")).lines();
    let mut hear = |wanted: String| {
        let mut heard = Vec::new();
        loop {
            let line = said.next().unwrap_or_else(|| panic!("no {wanted}: {heard:?}")).expect("a line");
            let is_it = line == wanted;
            heard.push(line);
            if is_it {
                return heard;
            }
        }
    };
    hear(format!("event {first}"));
    for (gracefully, closed) in [(true, "closed 1001"), (false, "closed 1006")] {
        happened += 1;
        record_event(&server, happened).await;
        hear(format!("event {}", latest(&server).await));
        server = server.restart(gracefully);
        hear(closed.to_owned());
        happened += 1;
        // The client may have reconnected or not.
        record_event(&server, happened).await;
        hear(format!("event {}", latest(&server).await));
    }
    while latest(&server).await < count {
        happened += 1;
        record_event(&server, happened).await;
    }
    hear("done".to_owned());
    assert!(client.wait().expect("its end").success());
}
