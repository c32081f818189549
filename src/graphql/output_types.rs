//! The fields of the schema's objects and interfaces: what each returns, and how often.

use std::collections::{HashMap, HashSet};

use async_graphql::{Name, Positioned};
use async_graphql_parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, OperationType, SchemaDefinition, Type, TypeDefinition,
    TypeKind,
};

/// How many values of its type a field returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Multiplicity {
    /// At most one.
    One,
    /// A page of `first` or `last` items: a connection, or a list with these arguments.
    Page,
    /// The items of the page that the connection around the field holds: its edges or nodes.
    ItemsOfPage,
    /// One for each item of the argument of this name, which is a list of ids.
    BatchById(&'static str),
    /// A list whose length the document does not say.
    List,
}

/// A field of an object or interface.
#[derive(Clone, Debug)]
pub(crate) struct OutputField {
    /// Its type without list and non-null wrappers.
    pub(crate) ty: Name,
    pub(crate) multiplicity: Multiplicity,
    pub(crate) arguments: Vec<Argument>,
}

/// An argument of a field or directive, or a field of an input object.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    pub(crate) name: Name,
    pub(crate) ty: Type,
    pub(crate) has_default: bool,
}

impl Argument {
    /// Reads a definition of the schema.
    pub(crate) fn new(definition: &Positioned<InputValueDefinition>) -> Self {
        let InputValueDefinition { name, ty, default_value, .. } = &definition.node;
        Self { name: name.node.clone(), ty: ty.node.clone(), has_default: default_value.is_some() }
    }

    /// Whether a value must be given.
    pub(crate) fn is_required(&self) -> bool {
        !self.ty.nullable && !self.has_default
    }
}

/// The objects and interfaces of a schema, by name, with their fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutputTypes {
    fields: HashMap<Name, HashMap<Name, OutputField>>,
    roots: [Option<Name>; 3],
}

impl OutputTypes {
    /// Reads the types that a schema's SDL defines.
    pub(crate) fn new(schema: Option<&SchemaDefinition>, types: &[TypeDefinition]) -> Self {
        let roots = match schema {
            Some(it) => [&it.query, &it.mutation, &it.subscription]
                .map(|root| root.as_ref().map(|name| name.node.clone())),
            None => ["Query", "Mutation", "Subscription"].map(|name| Some(Name::new(name))),
        };
        let all = || types.iter().filter_map(|it| Some((&it.name.node, fields_of(&it.kind)?)));
        // The types that fields with page arguments return: their lists are the items of that page.
        let connections: HashSet<&Name> = all()
            .flat_map(|(_, fields)| fields)
            .filter(|field| has_page(&field.node) && !is_list(&field.node))
            .map(|field| base_name(&field.node.ty.node))
            .collect();
        let fields = all().map(|(name, fields)| {
            let is_connection = connections.contains(name);
            let fields = fields.iter().map(|Positioned { node: field, .. }| {
                let ty = base_name(&field.ty.node).clone();
                let multiplicity = multiplicity(field, is_connection);
                let arguments = field.arguments.iter().map(Argument::new).collect();
                (field.name.node.clone(), OutputField { ty, multiplicity, arguments })
            });
            (name.clone(), fields.collect())
        });
        Self { roots, fields: fields.collect() }
    }

    /// The type that operations of a kind select from.
    pub(crate) fn root(&self, kind: OperationType) -> Option<&Name> {
        let index = match kind {
            OperationType::Query => 0,
            OperationType::Mutation => 1,
            OperationType::Subscription => 2,
        };
        self.roots[index].as_ref()
    }

    /// The field of a type; none for what the schema does not define, such as introspection.
    pub(crate) fn field(&self, ty: &str, field: &str) -> Option<&OutputField> {
        self.fields.get(ty)?.get(field)
    }

    /// The names of the fields of a type, in order.
    pub(crate) fn field_names(&self, ty: &str) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.fields.get(ty).into_iter().flat_map(|fields| fields.keys()).map(Name::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The names of the arguments of a field.
    pub(crate) fn argument_names(&self, ty: &str, field: &str) -> Vec<&str> {
        let arguments = self.field(ty, field).into_iter().flat_map(|field| &field.arguments);
        arguments.map(|argument| argument.name.as_str()).collect()
    }
}

fn fields_of(kind: &TypeKind) -> Option<&[Positioned<FieldDefinition>]> {
    match kind {
        TypeKind::Object(it) => Some(&it.fields),
        TypeKind::Interface(it) => Some(&it.fields),
        TypeKind::Scalar | TypeKind::Union(_) | TypeKind::Enum(_) | TypeKind::InputObject(_) => None,
    }
}

fn multiplicity(field: &FieldDefinition, is_of_connection: bool) -> Multiplicity {
    if has_page(field) {
        return Multiplicity::Page;
    }
    if !is_list(field) {
        return Multiplicity::One;
    }
    if is_of_connection {
        return Multiplicity::ItemsOfPage;
    }
    let ids = field.arguments.iter().find(|it| it.node.name.node == "ids");
    match ids {
        Some(ids) if matches!(ids.node.ty.node.base, BaseType::List(_)) => Multiplicity::BatchById("ids"),
        _ => Multiplicity::List,
    }
}

fn has_page(field: &FieldDefinition) -> bool {
    field.arguments.iter().any(|argument| matches!(argument.node.name.node.as_str(), "first" | "last"))
}

fn is_list(field: &FieldDefinition) -> bool {
    matches!(field.ty.node.base, BaseType::List(_))
}

/// The name of a type without list and non-null wrappers.
pub(super) fn base_name(ty: &Type) -> &Name {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => base_name(inner),
    }
}
