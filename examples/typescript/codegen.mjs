// Writes src/generated.ts: the types of the schema that the operations use, and the operations with the
// types of their variables and answers. `node codegen.mjs [SCHEMA]`.

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
  // How the API's own scalars look in JSON.
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
