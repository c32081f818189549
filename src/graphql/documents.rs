//! A cache of documents that were parsed, checked and validated, by their text.
//!
//! Everything that the text decides is checked when a document is first seen: limits, grammar, the rules of the
//! specification, and the values in it. What depends on variables, their own check and the complexity, is done for
//! each request. The schema that runs a document repeats none of it.

use std::collections::HashMap;
use std::sync::Arc;

use apollo_compiler::validation::Valid;
use async_graphql::{
    Executor, ObjectType, Request, Schema, SchemaBuilder, ServerError, SubscriptionType, ValidationMode,
    Variables,
};
use async_graphql_parser::types::OperationType;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::complexity::{self, rate_limit_cost};
use super::document_ref::{self, DocumentHash, DocumentRef};
use super::introspection::SchemaDescription;
use super::limits::{Limits, check_limit, len_u64};
use super::operations::{Document, split_operations};
use super::refusal::{Code, ERRORS_MAX, Refusal};
use super::root_fields::{self, RootField};
use super::schema_types::SchemaTypes;
use super::syntax::{self, Parsed};
use super::trusted_documents::TrustedDocument;
use super::{literals, merging, pages, shape, single_root, unset_variables, validation, variables};

/// Longest document that is cached, in bytes. Longer ones are generated, and run once.
const CACHED_BYTES_MAX: usize = 16_384;

/// Selection sets inside each other that the library itself accepts. Above what [`Limits`]
/// can let through, so that refusals come from there and have their code.
const LIBRARY_DEPTH_MAX: usize = 1_000;

/// Builds a schema that executes the requests of [`Documents`]. It assumes that documents are valid.
pub fn executor<Q, M, S>(builder: SchemaBuilder<Q, M, S>) -> Schema<Q, M, S>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    builder.limit_recursive_depth(LIBRARY_DEPTH_MAX).validation_mode(ValidationMode::Fast).finish()
}

/// A request that is ready to run.
#[derive(Debug)]
pub struct Prepared {
    /// The request, with its document and variables; the caller adds data to it.
    pub request: Request,
    /// Whether it is a query, a mutation or a subscription.
    pub kind: OperationType,
    /// Label for metrics: the root field, or the operation's name where documents are trusted. The set of
    /// labels is bounded, whatever clients send.
    pub label: Arc<str>,
    /// The complexity, in points.
    pub complexity: u64,
    /// What the request costs of its caller's rate limit, in points.
    pub rate_limit_cost: u64,
    /// The root fields that a mutation will run, in order.
    pub root_fields: Vec<RootField>,
    /// The description of the schema, if the response must contain it.
    pub description: Option<SchemaDescription>,
}

/// A schema, its limits and the documents that passed validation.
pub struct Documents<E> {
    schema: E,
    types: SchemaTypes,
    limits: Limits,
    /// The text for `__schema { description }`, if the library's is replaced.
    description: Option<&'static str>,
    cache: Cache<Box<str>, Arc<Document>, MemoryWeighter>,
    /// Documents that clients persisted under their hash, if they may.
    persisted: Option<Cache<DocumentHash, Arc<Document>, MemoryWeighter>>,
    /// The allowlist, if there is one.
    trusted: Option<Trusted>,
    /// The server's own documents, by name. They are no part of the allowlist, and clients cannot refer to them.
    own: HashMap<String, String>,
    /// Minimum size that a document is counted with, in bytes; it bounds the number of documents.
    memory_min: u64,
}

impl<E: Executor> Documents<E> {
    /// Caches up to `documents_max` documents, which occupy up to `memory_max` bytes. The schema is one of
    /// [`executor`].
    #[must_use]
    pub fn new(schema: E, types: SchemaTypes, limits: Limits, documents_max: usize, memory_max: u64) -> Self {
        Self {
            schema,
            types,
            limits,
            description: None,
            memory_min: memory_max / len_u64(documents_max.max(1)),
            cache: Cache::with_weighter(documents_max, memory_max, MemoryWeighter),
            persisted: None,
            trusted: None,
            own: HashMap::new(),
        }
    }

    /// Adds the server's own documents, by name, which [`Documents::prepare_own`] prepares.
    #[must_use]
    pub fn with_own_documents(self, own: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { own: own.into_iter().collect(), ..self }
    }

    /// Replaces the library's text for `__schema { description }`.
    #[must_use]
    pub fn with_description(self, description: &'static str) -> Self {
        Self { description: Some(description), ..self }
    }

    /// Lets clients persist documents under their hash, in up to `memory_max` bytes; 0 turns this off.
    #[must_use]
    pub fn with_persisted_queries(mut self, memory_max: u64) -> Self {
        let documents_max = usize::try_from(memory_max / self.memory_min.max(1)).unwrap_or(usize::MAX);
        self.persisted =
            (memory_max > 0).then(|| Cache::with_weighter(documents_max.max(1), memory_max, MemoryWeighter));
        self
    }

    /// Restricts the server to these documents: the allowlist.
    ///
    /// # Errors
    ///
    /// A document that could not be run, or an id of two documents, in one line.
    pub fn with_trusted_documents(mut self, documents: Vec<TrustedDocument>) -> Result<Self, String> {
        let mut trusted = Trusted::default();
        for TrustedDocument { text, ids, origin } in documents {
            let hash = DocumentHash::of(&text);
            let document = self.parse(&text).map_err(|errors| {
                let message = errors.first().map_or("", |error| error.message.as_str());
                format!("{origin}: {}", message.split_whitespace().collect::<Vec<_>>().join(" "))
            })?;
            trusted.by_hash.insert(hash, Arc::new(document));
            for id in ids {
                if trusted.by_id.insert(id.clone(), hash).is_some_and(|other| other != hash) {
                    return Err(format!("{origin}: another document has the id {id}"));
                }
            }
        }
        self.trusted = Some(trusted);
        Ok(self)
    }

    /// The definitions that documents are validated against.
    #[must_use]
    pub fn schema_definition(&self) -> Arc<Valid<apollo_compiler::Schema>> {
        Arc::clone(&self.types.schema)
    }

    /// The schema that executes requests from [`Documents::prepare`].
    #[must_use]
    pub fn schema(&self) -> &E {
        &self.schema
    }

    /// How many documents are cached.
    #[must_use]
    pub fn cached(&self) -> usize {
        self.cache.len()
    }

    /// Prepares a request for execution. An empty operation name counts as none.
    ///
    /// # Errors
    ///
    /// Every reason why the request is not run, each with its code.
    pub fn prepare(
        &self,
        source: &DocumentRef,
        operation_name: Option<&str>,
        variables: Variables,
    ) -> Result<Prepared, Vec<ServerError>> {
        let document = self.resolve(source)?;
        self.prepare_document(&document, operation_name, variables)
    }

    /// Prepares one of the server's own documents for execution, like one that a client sent.
    ///
    /// # Errors
    ///
    /// Every reason why the request is not run, each with its code.
    pub fn prepare_own(&self, name: &str, variables: Variables) -> Result<Prepared, Vec<ServerError>> {
        let text = self.own.get(name).ok_or_else(|| single_error(document_ref::not_found()))?;
        let document = self.by_text(text)?;
        self.prepare_document(&document, None, variables)
    }

    fn prepare_document(
        &self,
        document: &Document,
        operation_name: Option<&str>,
        variables: Variables,
    ) -> Result<Prepared, Vec<ServerError>> {
        let name = operation_name.filter(|name| !name.is_empty());
        let operation = document.operation(name).map_err(single_error)?;
        let definitions = &operation.definition().variable_definitions;
        let variables = variables::check(&self.types, definitions, variables).map_err(errors)?;
        variables::check_never_null(operation, &variables).map_err(errors)?;
        let complexity = operation.complexity.unwrap_or_else(|| {
            complexity::estimate(&self.limits, &self.types, &operation.document, &variables).value
        });
        check_limit("complexity", self.limits.complexity, complexity).map_err(single_error)?;
        let mut document = operation.document.clone();
        unset_variables::omit(&mut document, &operation.optional, &variables);
        let root_fields = match operation.kind {
            OperationType::Mutation => {
                let root_fields = root_fields::merge(&mut document, &variables);
                pages::check(&self.types.outputs, &document, &variables).map_err(errors)?;
                root_fields
            }
            OperationType::Query | OperationType::Subscription => Vec::new(),
        };
        let rate_limit_cost = rate_limit_cost(operation.kind, &document, complexity, &variables);
        let mut request = Request::new(String::new()).variables(variables);
        request.set_parsed_query(document);
        let name = operation.name.as_deref().filter(|_| self.trusted.is_some());
        let label = name.map_or_else(|| Arc::clone(&operation.root_label), Arc::from);
        let description =
            self.description.and_then(|text| SchemaDescription::new(text, &operation.descriptions));
        Ok(Prepared {
            request,
            kind: operation.kind,
            label,
            complexity,
            rate_limit_cost,
            root_fields,
            description,
        })
    }

    fn resolve(&self, source: &DocumentRef) -> Result<Arc<Document>, Vec<ServerError>> {
        if let Some(trusted) = &self.trusted {
            return trusted.resolve(source).map_err(single_error);
        }
        match source {
            DocumentRef::Text(text) => self.by_text(text),
            DocumentRef::Hash(hash) => match &self.persisted {
                Some(persisted) => persisted.get(hash).ok_or_else(|| single_error(document_ref::not_found())),
                None => Err(single_error(document_ref::not_supported())),
            },
            DocumentRef::TextWithHash(text, hash) => {
                let document = self.by_text(text)?;
                if let Some(persisted) = &self.persisted {
                    persisted.insert(*hash, Arc::clone(&document));
                }
                Ok(document)
            }
            DocumentRef::Id(_) => Err(single_error(document_ref::not_found())),
        }
    }

    fn by_text(&self, text: &str) -> Result<Arc<Document>, Vec<ServerError>> {
        if let Some(document) = self.cache.get(text) {
            return Ok(document);
        }
        let document = Arc::new(self.parse(text)?);
        if text.len() <= CACHED_BYTES_MAX {
            self.cache.insert(text.into(), Arc::clone(&document));
        }
        Ok(document)
    }

    fn parse(&self, source: &str) -> Result<Document, Vec<ServerError>> {
        let size = self.limits.check_text(source).map_err(single_error)?;
        let Parsed { ast, document } = syntax::parse(&self.limits, source, &size).map_err(errors)?;
        shape::check(&self.limits, &document).map_err(single_error)?;
        for (_, operation) in document.operations.iter() {
            let definitions = &operation.node.variable_definitions;
            variables::check_types(&self.types, definitions).map_err(errors)?;
        }
        let mut refusals = validation::check(&self.types, source, ast);
        let mut operations = split_operations(document);
        for operation in &mut operations {
            let checked = literals::check(&self.types, operation);
            operation.never_null = checked.never_null;
            refusals.extend(checked.refusals);
        }
        if !refusals.is_empty() {
            // What several operations share is reported for each.
            refusals.sort_by(|a, b| (&a.locations, &a.message).cmp(&(&b.locations, &b.message)));
            refusals.dedup();
            refusals.truncate(ERRORS_MAX);
            return Err(errors(refusals));
        }
        let mut copied = 0;
        for operation in &mut operations {
            copied += merging::merge(&self.types.outputs, operation.kind, &mut operation.document);
        }
        for operation in operations.iter_mut().filter(|it| it.kind == OperationType::Subscription) {
            single_root::hoist_root_field(&mut operation.document).map_err(single_error)?;
        }
        let operations = operations.into_iter().map(|mut operation| {
            let estimate =
                complexity::estimate(&self.limits, &self.types, &operation.document, &Variables::default());
            operation.complexity = (!estimate.depends_on_variables).then_some(estimate.value);
            operation
        });
        Ok(Document {
            operations: operations.collect(),
            // A parsed token takes some 300 bytes: a field of one letter is a selection
            // with a name, positions and four empty lists.
            memory_bytes: size
                .tokens
                .saturating_add(len_u64(copied))
                .saturating_mul(300)
                .saturating_add(len_u64(source.len()))
                .max(self.memory_min),
        })
    }
}

/// The operator's documents, by the hash of their text and by their ids.
#[derive(Default)]
struct Trusted {
    by_hash: HashMap<DocumentHash, Arc<Document>>,
    by_id: HashMap<String, DocumentHash>,
}

impl Trusted {
    fn resolve(&self, source: &DocumentRef) -> Result<Arc<Document>, Refusal> {
        let hash = match source {
            DocumentRef::Text(text) => Some(DocumentHash::of(text)),
            DocumentRef::Hash(hash) | DocumentRef::TextWithHash(_, hash) => Some(*hash),
            DocumentRef::Id(id) => self.by_id.get(id).copied(),
        };
        let document = hash.and_then(|hash| self.by_hash.get(&hash));
        document.map(Arc::clone).ok_or_else(|| match source {
            DocumentRef::Text(_) | DocumentRef::TextWithHash(..) => Refusal::new(
                Code::Forbidden,
                "The document is not on this server's allowlist of trusted documents.",
            ),
            DocumentRef::Hash(_) | DocumentRef::Id(_) => document_ref::not_found(),
        })
    }
}

fn single_error(refusal: Refusal) -> Vec<ServerError> {
    vec![refusal.into()]
}

fn errors(refusals: Vec<Refusal>) -> Vec<ServerError> {
    refusals.into_iter().map(Into::into).collect()
}

#[derive(Clone, Debug)]
struct MemoryWeighter;

impl<K> Weighter<K, Arc<Document>> for MemoryWeighter {
    fn weight(&self, _: &K, document: &Arc<Document>) -> u64 {
        document.memory_bytes
    }
}
