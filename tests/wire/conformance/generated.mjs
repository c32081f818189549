// Documents made from the schema: each field, argument and input field, used rightly and wrongly.

const isObject = (graphql, type) => graphql.isObjectType(type) || graphql.isInterfaceType(type) || graphql.isUnionType(type);

// A literal that a type accepts.
export const literal = (graphql, type, depth = 0) => {
  if (graphql.isNonNullType(type)) {
    return literal(graphql, type.ofType, depth);
  }
  if (graphql.isListType(type)) {
    return `[${literal(graphql, type.ofType, depth)}]`;
  }
  if (graphql.isEnumType(type)) {
    return type.getValues()[0].name;
  }
  if (graphql.isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    const given = type.isOneOf ? fields.slice(0, 1) : fields.filter(graphql.isRequiredInputField);
    return `{${given.map((field) => `${field.name}: ${literal(graphql, field.type, depth + 1)}`).join(", ")}}`;
  }
  const literals = {
    Boolean: "true",
    Date: '"2026-01-31"',
    DateTime: '"2026-01-31T12:00:00Z"',
    Decimal: '"1.50"',
    EventNumber: "7",
    Float: "1.5",
    ID: '"x"',
    Int: "1",
    JSON: '{a: 1, b: [null, "c"]}',
    String: '"x"',
  };
  return literals[type.name];
};

// Literals of every kind; each type accepts some of them.
const LITERALS = [
  "1", "2147483648", '"x"', "null", "NOBODY", "[[1]]", '"2026-02-30"', "{a: NOBODY}", '"1e3"',
];

const argumentsOf = (graphql, field, changed = {}) => {
  const given = field.args
    .filter((argument) => graphql.isRequiredArgument(argument) || argument.name in changed)
    .map((argument) => [argument.name, changed[argument.name] ?? literal(graphql, argument.type)])
    .filter(([, value]) => value !== undefined);
  return given.length > 0 ? `(${given.map(([name, value]) => `${name}: ${value}`).join(", ")})` : "";
};

const selection = (graphql, field) => (isObject(graphql, graphql.getNamedType(field.type)) ? " { __typename }" : "");

// A path of fields from a root to each object type.
const paths = (graphql, schema) => {
  const found = new Map();
  const pending = [[schema.getQueryType(), []]];
  while (pending.length > 0) {
    const [type, path] = pending.shift();
    if (found.has(type.name)) {
      continue;
    }
    found.set(type.name, path);
    for (const field of Object.values(type.getFields?.() ?? {})) {
      const inner = graphql.getNamedType(field.type);
      if (isObject(graphql, inner) && path.length < 6) {
        const small = field.args.some(({ name }) => name === "first") ? { first: "1" } : {};
        pending.push([inner, [...path, `${field.name}${argumentsOf(graphql, field, small)}`]]);
      }
    }
    const members = graphql.isAbstractType(type) ? schema.getPossibleTypes(type) : [];
    pending.push(...members.map((member) => [member, [...path, `... on ${member.name}`]]));
  }
  return found;
};

export function* generated(graphql, schema) {
  for (const [name, path] of paths(graphql, schema)) {
    const type = schema.getType(name);
    const within = (fields) => `{ ${path.map((step) => `${step} {`).join(" ")} ${fields} ${"} ".repeat(path.length)}}`;
    yield { document: within("__typename") };
    yield { document: within("nope") };
    yield { document: within("... on Nope { __typename }") };
    for (const field of Object.values(type.getFields?.() ?? {})) {
      const inner = selection(graphql, field);
      const given = argumentsOf(graphql, field);
      yield { document: within(`${field.name}${given}${inner}`) };
      yield { document: within(`${field.name}${given}${inner === "" ? " { a }" : ""}`) };
      if (field.args.length > 0) {
        yield { document: within(`${field.name}(nope: 1)${inner}`) };
        yield { document: within(`a: ${field.name}${given}${inner} a: ${field.name}${given}${inner}`) };
      }
      for (const argument of field.args.filter((argument) => !/^(first|last|after|before)$/.test(argument.name))) {
        for (const value of ["1", '"x"', "NOBODY"]) {
          yield { document: within(`${field.name}${argumentsOf(graphql, field, { [argument.name]: value })}${inner}`) };
        }
      }
    }
  }
  // Of a mutation, the second field is wrong: the first must leave no trace.
  const first = 'createPartner(input: {code: "trace", name: "Trace", enrolledOn: "2026-01-01"}) { partner { code } }';
  for (const field of Object.values(schema.getMutationType().getFields())) {
    const [input] = field.args;
    const type = graphql.getNullableType(input.type);
    yield { document: `mutation { ${first} a: ${field.name} { __typename } }` };
    yield { document: `mutation { ${first} a: ${field.name}(input: null) { __typename } }` };
    for (const wrong of Object.values(type.getFields())) {
      const others = Object.values(type.getFields()).filter((it) => it !== wrong && graphql.isRequiredInputField(it));
      const rest = others.map((it) => `, ${it.name}: ${literal(graphql, it.type)}`).join("");
      const document = (value) =>
        `mutation { ${first} a: ${field.name}(input: {${wrong.name}: ${value}${rest}}) { __typename } }`;
      const isRefused = (value) => {
        const parsed = graphql.parse(document(value));
        return graphql.validate(schema, parsed).length > 0;
      };
      yield* LITERALS.filter(isRefused).map((value) => ({ document: document(value) }));
      yield { document: `mutation { ${first} a: ${field.name}(input: {${wrong.name}: $nope${rest}}) { __typename } }` };
      const given = literal(graphql, wrong.type);
      yield { document: `mutation { ${first} a: ${field.name}(input: {${wrong.name}: ${given}, ${wrong.name}: ${given}${rest}}) { __typename } }` };
      yield {
        document: `mutation($v: ${graphql.getNamedType(wrong.type).name === "Int" ? "String" : "Int"}) { ${first} a: ${field.name}(input: {${wrong.name}: $v${rest}}) { __typename } }`,
      };
    }
  }
}
