// What the reference implementation of GraphQL says of a document: whether it is run or refused.

import * as graphql16 from "graphql-16";
import * as graphql17 from "graphql-17";

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const DECIMAL = /^-?\d{1,28}(\.\d{1,28})?$/;

const isDate = (text) => {
  const [, year, month, day] = DATE.exec(text) ?? [];
  const date = new Date(Date.UTC(year, month - 1, day));
  return year !== undefined && date.getUTCMonth() === month - 1 && date.getUTCDate() === Number(day);
};

// What each scalar accepts as a value of JSON.
const SCALARS = {
  Date: (value) => typeof value === "string" && isDate(value),
  DateTime: (value) => typeof value === "string" && DATE_TIME.test(value) && isDate(value.slice(0, 10)),
  Decimal: (value) => typeof value === "string" && DECIMAL.test(value),
  EventNumber: (value) =>
    (typeof value === "number" || (typeof value === "string" && /^\d+$/.test(value))) &&
    Number.isSafeInteger(Number(value)) &&
    Number(value) >= 0,
  JSON: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

// A literal as JSON; an enum value has no equivalent.
const fromLiteral = (graphql, node, variables) => {
  const { Kind } = graphql;
  switch (node.kind) {
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.STRING:
    case Kind.BOOLEAN:
      return node.value;
    case Kind.NULL:
      return null;
    case Kind.LIST:
      return node.values.map((value) => fromLiteral(graphql, value, variables));
    case Kind.OBJECT:
      return Object.fromEntries(
        node.fields.map(({ name, value }) => [name.value, fromLiteral(graphql, value, variables)]),
      );
    case Kind.VARIABLE:
      return variables?.[node.name.value] ?? null;
    default:
      throw new graphql.GraphQLError("no value of JSON");
  }
};

export class Reference {
  constructor(graphql, sdl) {
    this.graphql = graphql;
    this.schema = graphql.buildSchema(sdl);
    for (const [name, accepts] of Object.entries(SCALARS)) {
      const type = this.schema.getType(name);
      const checked = (value) => {
        if (!accepts(value)) {
          throw new graphql.GraphQLError(`no ${name}`);
        }
        return value;
      };
      type.parseValue = checked;
      type.parseLiteral = (node, variables) => checked(fromLiteral(graphql, node, variables));
      type.coerceInputValue = checked;
      type.coerceInputLiteral = (node) => checked(fromLiteral(graphql, node));
    }
  }

  // The reason why a document is refused before the first field runs; none if it is run.
  refusal({ document, variables, operationName }) {
    const { graphql, schema } = this;
    let parsed;
    try {
      parsed = graphql.parse(document);
    } catch (error) {
      return error.message;
    }
    try {
      const [invalid] = graphql.validate(schema, parsed);
      if (invalid) {
        return invalid.message;
      }
    } catch (error) {
      // Version 16 throws where the root field of a subscription depends on a variable.
      return error.message;
    }
    const operation = graphql.getOperationAST(parsed, operationName);
    if (!operation) {
      return "no such operation";
    }
    const definitions = operation.variableDefinitions ?? [];
    const { errors } = graphql.getVariableValues(schema, definitions, variables ?? {});
    return errors?.[0]?.message;
  }
}

export const references = (sdl) => [new Reference(graphql16, sdl), new Reference(graphql17, sdl)];
