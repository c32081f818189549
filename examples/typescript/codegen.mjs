// Generates src/generated.ts: the schema types that the operations use, and typed documents for the
// operations. Usage: `node codegen.mjs [SCHEMA]`.

import { readFileSync, writeFileSync } from 'node:fs';

import { codegen } from '@graphql-codegen/core';
import * as documentNode from '@graphql-codegen/typed-document-node';
import * as operations from '@graphql-codegen/typescript-operations';
import { buildASTSchema, parse, validate } from 'graphql';

const here = (name) => new URL(name, import.meta.url);

const schema = parse(readFileSync(process.argv[2] ?? here('../../schema.graphql'), 'utf8'));
const document = parse(readFileSync(here('src/operations.graphql'), 'utf8'));
const errors = validate(buildASTSchema(schema), document);
if (errors.length > 0) {
  throw new Error(errors.join('\n\n'));
}

const config = {
  // JSON representation of the API's custom scalars.
  scalars: {
    Date: 'string',
    DateTime: 'string',
    Decimal: 'string',
    EventNumber: 'number',
    JSON: 'unknown',
  },
  strictScalars: true,
  useTypeImports: true,
};

const filename = 'src/generated.ts';
const text = await codegen({
  filename,
  schema,
  documents: [{ document }],
  config,
  plugins: [{ operations: {} }, { documentNode: {} }],
  pluginMap: { operations, documentNode },
});
writeFileSync(here(filename), text);
