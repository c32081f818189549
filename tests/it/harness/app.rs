//! The real application over real HTTP, and a client that has the administrator's key.

use std::collections::HashMap;

use partner_program::app::{self, RunningApp};
use partner_program::config::Settings;
use partner_program::service::Services;
use partner_program::store::Reader;
use serde_json::{Value, json};

use super::stream::Stream;
use super::{Activity, Backend, TestDatabase, commerce, deals, sandboxes, webhooks};

const KEY: &str = "an-administrator-of-the-tests";

/// An application that answers, on a migrated database of its own.
pub(crate) struct TestApp {
    running: RunningApp,
    client: reqwest::Client,
    // The last field: the database goes after everything that uses it.
    database: TestDatabase,
}

/// An HTTP answer of `/graphql`.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    /// Codes of the top-level errors.
    pub(crate) fn codes(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map_or(&[][..], Vec::as_slice);
        errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap_or("none")).collect()
    }
}

impl TestApp {
    /// Starts the application with its clock on a day.
    pub(crate) async fn start(backend: Backend, today: &str) -> Self {
        Self::start_on(TestDatabase::create(backend).await, today).await
    }

    /// Starts the application on a database that may have been used before.
    pub(crate) async fn start_on(database: TestDatabase, today: &str) -> Self {
        Self::start_with(database, today, &[]).await
    }

    /// Starts the application with more settings.
    pub(crate) async fn start_with(database: TestDatabase, today: &str, more: &[(&str, &str)]) -> Self {
        let settings = settings(&database, today, more);
        let running = Box::pin(app::start(&settings)).await.expect("the application starts");
        Self { running, client: reqwest::Client::new(), database }
    }

    /// The settings of another process on the same database.
    pub(crate) fn settings(&self, today: &str) -> Settings {
        settings(&self.database, today, &[])
    }

    /// Another process, as it were, on the same database. It goes before this one.
    pub(crate) async fn another(&self, today: &str) -> Self {
        Self::start_on(self.database.shared(), today).await
    }

    /// Stops the application and starts it again on another day, over the same data.
    pub(crate) async fn restart(self, today: &str) -> Self {
        Self::start_on(self.stop().await, today).await
    }

    /// Stops the application, and leaves the database.
    pub(crate) async fn stop(self) -> TestDatabase {
        let Self { running, database, .. } = self;
        running.stop().await.expect("the application stops");
        database
    }

    /// The use cases of the running application.
    pub(crate) fn services(&self) -> &Services {
        self.running.services()
    }

    /// The application's own connection for reading.
    pub(crate) fn reader(&self) -> &Reader {
        self.services().database().reader()
    }

    /// The database, to look at what the API does not show.
    pub(crate) fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// Every series of `/metrics` with its value, and the text itself.
    pub(crate) async fn metrics(&self) -> (HashMap<String, String>, String) {
        let response = self.client.get(self.running.metrics_url()).send().await.expect("an answer");
        let text = response.text().await.expect("a whole answer");
        let series = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a series and its value");
            (series.to_owned(), value.to_owned())
        });
        (series.collect(), text)
    }

    /// Sends one request.
    pub(crate) async fn send(&self, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables }).to_string();
        self.post(body).await
    }

    /// Sends a body as it is.
    pub(crate) async fn post(&self, body: impl Into<reqwest::Body>) -> Answer {
        self.post_as(KEY, body).await
    }

    /// Sends one request with other credentials than the administrator's.
    pub(crate) async fn send_as(&self, credentials: &str, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables }).to_string();
        self.post_as(credentials, body).await
    }

    /// Begins a subscription.
    pub(crate) async fn follow_as(&self, credentials: &str, query: &str) -> Stream {
        self.follow_at("/graphql", credentials, query).await
    }

    /// Begins a subscription at another endpoint, that of a sandbox.
    pub(crate) async fn follow_at(&self, path: &str, credentials: &str, query: &str) -> Stream {
        let request = self.client.post(self.running.url(path)).bearer_auth(credentials);
        let request = request.header("accept", "text/event-stream").json(&json!({ "query": query }));
        Stream::new(request.send().await.expect("an answer"))
    }

    /// Begins a request to an address of the application.
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, self.running.url(path))
    }

    /// A new API key for a role and a subject, made by a mutation.
    pub(crate) async fn key(&self, role: &str, subject: Option<&str>) -> String {
        let input = json!({ "role": role, "subject": subject, "label": format!("a key for {role}") });
        let secret = self.done("createApiKey", input).await["secret"].clone();
        secret.as_str().expect("a key").to_owned()
    }

    async fn post_as(&self, credentials: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.post_to("/graphql", credentials, body).await
    }

    /// Sends a body to another endpoint, that of a sandbox.
    pub(crate) async fn post_to(
        &self,
        path: &str,
        credentials: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let request = self.client.post(self.running.url(path)).bearer_auth(credentials);
        let request = request.header("content-type", "application/json").body(body);
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a whole answer");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, text, body }
    }

    /// The data of an answer that has no errors and no user errors.
    pub(crate) async fn ok(&self, query: &str, variables: Value) -> Value {
        let answer = self.send(query, variables).await;
        let fine = answer.body["errors"].is_null() && user_errors(&answer.body).is_empty();
        assert!(fine && answer.body["data"].is_object(), "{query}\n{}", answer.text);
        answer.body["data"].clone()
    }

    /// What a mutation's payload says, errors included.
    pub(crate) async fn mutate(&self, mutation: &str, input: Value) -> Value {
        let document = document(mutation);
        let answer = self.send(&document, json!({ "input": input })).await;
        let payload = &answer.body["data"][mutation];
        assert!(answer.body["errors"].is_null() && payload.is_object(), "{mutation}\n{}", answer.text);
        payload.clone()
    }

    /// The codes with which a mutation is refused; none when it is not.
    pub(crate) async fn refusals(&self, mutation: &str, input: Value) -> Vec<String> {
        let payload = self.mutate(mutation, input).await;
        user_errors(&payload)
            .iter()
            .map(|error| error["code"].as_str().unwrap_or("none").to_owned())
            .collect()
    }

    /// What a mutation's payload says, which must not refuse.
    pub(crate) async fn done(&self, mutation: &str, input: Value) -> Value {
        let payload = self.mutate(mutation, input.clone()).await;
        assert!(user_errors(&payload).is_empty(), "{mutation} {input}\n{payload}");
        payload
    }

    /// Enrols a partner.
    pub(crate) async fn partner(&self, code: &str, enrolled_on: &str) {
        let input = json!({ "code": code, "name": format!("Partner {code}"), "enrolledOn": enrolled_on });
        self.done("createPartner", input).await;
    }

    /// Signs a professional up.
    pub(crate) async fn professional(&self, code: &str, signed_up_on: &str) {
        let email = format!("{code}@example.com");
        let name = format!("Professional {code}");
        let input = json!({ "code": code, "name": name, "email": email, "signedUpOn": signed_up_on });
        self.done("signUpProfessional", input).await;
    }

    /// Lets a professional work for a partner.
    pub(crate) async fn affiliate(&self, professional: &str, partner: &str, starts_on: &str) {
        let input = json!({ "professional": professional, "partner": partner, "startsOn": starts_on });
        self.done("affiliateProfessional", input).await;
    }

    /// Records an activity that must be taken, and gives it.
    pub(crate) async fn record(&self, activity: Activity) -> Value {
        self.done("recordActivity", activity.input()).await["activity"].clone()
    }

    /// Voids an activity.
    pub(crate) async fn void(&self, activity: &Value) {
        let input = json!({ "activityId": activity["id"], "reason": "entered by mistake" });
        self.done("voidActivity", input).await;
    }

    /// A partner with its standing on a day.
    pub(crate) async fn partner_on(&self, code: &str, day: &str) -> Value {
        let data = self.ok(PARTNER_ON, json!({ "code": code, "day": day, "year": year(day) })).await;
        data["partner"].clone()
    }

    /// Level credits of both tracks so far in the year of a day, technical first.
    pub(crate) async fn credits_on(&self, code: &str, day: &str) -> (i64, i64) {
        let partner = self.partner_on(code, day).await;
        let credits = |track: &str| partner["standing"][track]["credits"].as_i64().expect("credits");
        (credits("technical"), credits("business"))
    }

    /// Credits that a partner can spend.
    pub(crate) async fn balance(&self, code: &str) -> i64 {
        let data =
            self.ok("query($code: String!) { partner(code: $code) { balance } }", json!({ "code": code }));
        data.await["partner"]["balance"].as_i64().expect("a balance")
    }

    /// A professional with the standing on a day.
    pub(crate) async fn professional_on(&self, code: &str, day: &str) -> Value {
        let data = self.ok(PROFESSIONAL_ON, json!({ "code": code, "day": day })).await;
        data["professional"].clone()
    }

    /// Every entry of a partner's ledger, in order of recording.
    pub(crate) async fn ledger(&self, code: &str) -> Vec<Value> {
        let mut entries = Vec::new();
        let mut after = Value::Null;
        loop {
            let data = self.ok(LEDGER, json!({ "code": code, "after": after })).await;
            let page = &data["partner"]["ledger"];
            entries.extend(page["nodes"].as_array().expect("a list").iter().cloned());
            if page["pageInfo"]["hasNextPage"] == false {
                assert_eq!(page["totalCount"], entries.len(), "the count is that of the pages");
                return entries;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }
}

fn settings(database: &TestDatabase, today: &str, more: &[(&str, &str)]) -> Settings {
    let settings = Settings::read(|name| {
        let value = match name {
            "DATABASE_URL" => database.url.as_str(),
            "BIND" => "127.0.0.1:0",
            "PROGRAM_TODAY" => today,
            "BOOTSTRAP_ADMIN_KEY" => KEY,
            _ => more.iter().find(|(known, _)| *known == name)?.1,
        };
        Some(value.to_owned())
    });
    settings.expect("settings of the tests")
}

const PARTNER_ON: &str = "query($code: String!, $day: Date, $year: Int!) { partner(code: $code) { balance \
    credits(year: $year) { technical business total } \
    standing(asOf: $day) { asOf overall { code rank } \
    technical { track credits level { code } earnedOn validUntil nextLevel { code } creditsToNextLevel } \
    business { track credits level { code } earnedOn validUntil nextLevel { code } creditsToNextLevel } \
    baseDiscounts { category percent } } } }";

const PROFESSIONAL_ON: &str = "query($code: String!, $day: Date) { professional(code: $code) { dojoCredits \
    standing(asOf: $day) { asOf membershipYear startsOn renewsOn points level { code } retainedLevel { code } \
    securedLevel { code } nextLevel { code } pointsToNextLevel pointsToRetain } } }";

const LEDGER: &str = "query($code: String!, $after: String) { partner(code: $code) { \
    ledger(first: 100, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { id effectiveOn \
    recordedAt reason track kind levelCredits spendableCredits balanceAfter explanation \
    activity { externalId } order { number status } } } } }";

fn year(day: &str) -> i32 {
    day.get(..4).and_then(|year| year.parse().ok()).expect("a date")
}

/// A document that runs one mutation and asks for all of its payload.
pub(crate) fn document(mutation: &str) -> String {
    const ACTIVITY: &str = "activity { id kind occurredOn quantity points status source externalId recordedAt \
        awardedPoints awardedCredits }";
    const ERRORS: &str = "userErrors { code message field }";
    let (input, object) = match mutation {
        "createPartner" => ("CreatePartnerInput", "partner { id code name enrolledOn }".to_owned()),
        "signUpProfessional" => ("SignUpProfessionalInput", "professional { id code signedUpOn }".to_owned()),
        "affiliateProfessional" => ("AffiliateProfessionalInput", "professional { id code }".to_owned()),
        "endAffiliation" => ("EndAffiliationInput", "professional { id code }".to_owned()),
        "saveEditionDraft" => ("SaveEditionDraftInput", "draft { id }".to_owned()),
        "publishEdition" => ("PublishEditionInput", "edition { id effectiveFrom }".to_owned()),
        "updatePartner" => ("UpdatePartnerInput", "partner { id code name enrolledOn }".to_owned()),
        "updateProfessional" => ("UpdateProfessionalInput", "professional { id code signedUpOn }".to_owned()),
        "endPartnership" => ("EndPartnershipInput", "partner { id code leftOn }".to_owned()),
        "endMembership" => ("EndMembershipInput", "professional { id code leftOn }".to_owned()),
        "mergePartners" => ("MergePartnersInput", "partner { id code formerCodes }".to_owned()),
        "mergeProfessionals" => {
            ("MergeProfessionalsInput", "professional { id code formerCodes }".to_owned())
        }
        "overrideLevel" => ("OverrideLevelInput", "partner { id } professional { id }".to_owned()),
        "endOverride" => ("EndOverrideInput", "partner { id } professional { id }".to_owned()),
        "issueCertificate" => (
            "IssueCertificateInput",
            "certificate { id url jwt holder level { code name } track validFrom validUntil status issuedAt }"
                .to_owned(),
        ),
        "correctAffiliation" => ("CorrectAffiliationInput", "professional { id code }".to_owned()),
        "voidAffiliation" => ("VoidAffiliationInput", "professional { id code }".to_owned()),
        "recordActivity" | "submitActivity" => ("ActivityInput", format!("{ACTIVITY} duplicate")),
        "recordActivities" => {
            ("RecordActivitiesInput", format!("results {{ {ACTIVITY} duplicate {ERRORS} }}"))
        }
        "reviewActivity" => ("ReviewActivityInput", ACTIVITY.to_owned()),
        "voidActivity" => ("VoidActivityInput", ACTIVITY.to_owned()),
        "voidActivities" => (
            "VoidActivitiesInput",
            format!(
                "results {{ {ACTIVITY} {ERRORS} effects {{ ledgerEntries {{ id }} }} }} remaining \
                effects {{ ledgerEntries {{ levelCredits spendableCredits }} levelChanges {{ to {{ code }} }} }}"
            ),
        ),
        "createApiKey" => ("CreateApiKeyInput", "apiKey { id prefix role label } secret".to_owned()),
        "revokeApiKey" => ("RevokeApiKeyInput", "apiKey { id revokedAt }".to_owned()),
        "eraseProfessional" => ("EraseProfessionalInput", "professional { id code name email }".to_owned()),
        _ => commerce::document(mutation)
            .or_else(|| deals::document(mutation))
            .or_else(|| webhooks::document(mutation))
            .or_else(|| sandboxes::document_of(mutation))
            .unwrap_or_else(|| panic!("the tests don't know the mutation {mutation}")),
    };
    format!("mutation($input: {input}!) {{ {mutation}(input: $input) {{ {object} {ERRORS} }} }}")
}

/// All user errors in an answer, wherever they are.
pub(crate) fn user_errors(body: &Value) -> Vec<&Value> {
    match body {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value {
                Value::Array(errors) if name == "userErrors" => errors.iter().collect(),
                value => user_errors(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(user_errors).collect(),
        _ => Vec::new(),
    }
}
