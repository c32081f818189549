// Generates from the schema, for the operations in src/documents:
//
//   generated/types.ts        types of all operations, and the enums and inputs that they use
//   generated/<document>.ts   typed operations with their texts, one module for each document, so that a page loads its own only
//   generated/schema.ts       enum values, and the types without an id, which the cache keeps inside of their parents
//
// Every selection on a type with an id gets that id: the cache needs it.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

import { codegen } from '@graphql-codegen/core';
import * as operations from '@graphql-codegen/typescript-operations';
import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  print,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';

const here = (name) => new URL(name, import.meta.url);
// The build of the server copies the schema beside the sources.
const [schemaFile] = [here('../schema.graphql'), here('../../schema.graphql')].filter((it) => existsSync(it));
const text = readFileSync(schemaFile, 'utf8');
const schema = buildSchema(text);
const out = here('../generated/');
const folder = here('../src/documents/');
mkdirSync(out, { recursive: true });

const ID = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: 'id' } };

function withIds(document) {
  const info = new TypeInfo(schema);
  return visit(
    document,
    visitWithTypeInfo(info, {
      SelectionSet: {
        leave(node, _key, parent) {
          const type = getNamedType(info.getType());
          const identified = (isObjectType(type) || isInterfaceType(type)) && type.getFields().id;
          const selected = node.selections.some((it) => it.kind === Kind.FIELD && it.name.value === 'id');
          // A fragment on a part of a union has its own selections.
          if (!identified || selected || parent.kind === Kind.OPERATION_DEFINITION) {
            return undefined;
          }
          return { ...node, selections: [ID, ...node.selections] };
        },
      },
    }),
  );
}

const files = readdirSync(folder).filter((it) => it.endsWith('.graphql')).sort();
const documents = files.map((name) => ({
  location: name,
  document: withIds(parse(readFileSync(new URL(name, folder), 'utf8'))),
}));
const whole = { kind: Kind.DOCUMENT, definitions: documents.flatMap((it) => it.document.definitions) };
const errors = validate(schema, whole);
if (errors.length > 0) {
  throw new Error(errors.map((it) => `${it}`).join('\n\n'));
}

const types = await codegen({
  filename: 'types.ts',
  schema: parse(text),
  documents,
  config: {
    scalars: { ID: 'string', Date: 'string', DateTime: 'string', Decimal: 'string', EventNumber: 'number', JSON: 'unknown' },
    strictScalars: true,
    useTypeImports: true,
    skipTypename: true,
    enumsAsTypes: true,
  },
  plugins: [{ operations: {} }],
  pluginMap: { operations },
});
writeFileSync(new URL('types.ts', out), types);

const fragments = new Map(
  whole.definitions.filter((it) => it.kind === Kind.FRAGMENT_DEFINITION).map((it) => [it.name.value, it]),
);

// A definition, and all fragments that it uses, each once.
function closure(definition, found = new Set()) {
  visit(definition, {
    FragmentSpread({ name: { value } }) {
      if (!found.has(value)) {
        found.add(value);
        closure(fragments.get(value), found);
      }
    },
  });
  return found;
}

for (const { location, document } of documents) {
  const lines = document.definitions
    .filter((it) => it.kind === Kind.OPERATION_DEFINITION)
    .map((it) => {
      const name = it.name.value;
      const kind = it.operation[0].toUpperCase() + it.operation.slice(1);
      const result = name.endsWith(kind) ? name : name + kind;
      const used = [...closure(it)].map((fragment) => print(fragments.get(fragment)));
      const source = JSON.stringify([print(it), ...used].join('\n\n'));
      return `export const ${name} = operation<T.${result}, T.${result}Variables>(\n  ${source},\n);\n`;
    });
  const head = `import { operation } from '../src/api/operation';\nimport type * as T from './types';\n\n`;
  writeFileSync(new URL(`${basename(location, '.graphql')}.ts`, out), lines.length > 0 ? head + lines.join('\n') : 'export {};\n');
}

const named = Object.values(schema.getTypeMap()).filter((it) => !it.name.startsWith('__'));
const keyless = named.filter((it) => isObjectType(it) && !it.getFields().id).map((it) => it.name);
const roots = ['Query', 'Mutation', 'Subscription'];
const enums = named.filter(isEnumType).map((it) => {
  const values = it.getValues().map((value) => `'${value.name}'`);
  return `export const ${it.name} = [${values.join(', ')}] as const;\n`;
});
writeFileSync(
  new URL('schema.ts', out),
  `export const KEYLESS = ${JSON.stringify(keyless.filter((it) => !roots.includes(it)))};\n\n${enums.join('\n')}`,
);
