// Compares the schema with that of the last release, and fails where a client of then would break now.
//
//   node schema-changes.mjs REPOSITORY    schema.graphql against that of the newest tag v*, or else
//                                         against schema.released.graphql
//   node schema-changes.mjs OLD NEW       one file against another
//
// What the old schema calls deprecated may go: it was deprecated for a release at least.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildASTSchema,
  findBreakingChanges,
  findDangerousChanges,
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  parse,
  visit,
} from 'graphql';

const git = (repository, ...command) =>
  execFileSync('git', ['-C', repository, ...command], { encoding: 'utf8', stdio: 'pipe' }).trimEnd();

// The schema that clients hold, and what it is called; null before the first release.
function released(repository) {
  let tag = '';
  try {
    tag = git(repository, 'describe', '--tags', '--abbrev=0', '--match', 'v*');
  } catch {
    // No tag, or no repository: an archive of the sources has the file all the same.
  }
  if (tag !== '') {
    return { name: tag, text: git(repository, 'show', `${tag}:schema.graphql`) };
  }
  const file = join(repository, 'schema.released.graphql');
  return existsSync(file) ? { name: 'schema.released.graphql', text: readFileSync(file, 'utf8') } : null;
}

// The schema without what it calls deprecated.
function withoutDeprecated(text) {
  const isDeprecated = (node) => node.directives?.some((it) => it.name.value === 'deprecated');
  const pruned = visit(parse(text), { enter: (node) => (isDeprecated(node) ? null : undefined) });
  return buildASTSchema(pruned, { assumeValid: true });
}

// Names of the types that an operation can meet.
function reachable(schema) {
  const names = new Set();
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const waiting = roots.filter(Boolean);
  while (waiting.length > 0) {
    const type = waiting.pop();
    if (names.has(type.name)) {
      continue;
    }
    names.add(type.name);
    if (isObjectType(type) || isInterfaceType(type)) {
      waiting.push(...type.getInterfaces());
    }
    if (isInterfaceType(type) || isUnionType(type)) {
      waiting.push(...schema.getPossibleTypes(type));
    }
    if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        const inner = [field, ...(field.args ?? [])];
        waiting.push(...inner.map(({ type: used }) => getNamedType(used)));
      }
    }
  }
  return names;
}

function compare(oldText, newText) {
  const before = withoutDeprecated(oldText);
  const after = buildASTSchema(parse(newText), { assumeValid: true });
  const used = reachable(before);
  const matters = ({ type, description }) =>
    type !== 'TYPE_REMOVED' || used.has(description.replace(/ was removed\.$/, ''));
  return {
    breaking: findBreakingChanges(before, after).filter(matters),
    dangerous: findDangerousChanges(before, after),
  };
}

const [first, second] = process.argv.slice(2);
const old =
  second === undefined ? released(first) : { name: first, text: readFileSync(first, 'utf8') };
if (old === null) {
  console.log('schema: nothing was released yet, so there is nothing to break');
} else {
  const current = second ?? join(first, 'schema.graphql');
  const { breaking, dangerous } = compare(old.text, readFileSync(current, 'utf8'));
  for (const { type, description } of dangerous) {
    console.log(`dangerous: ${type}: ${description}`);
  }
  for (const { type, description } of breaking) {
    console.log(`breaking: ${type}: ${description}`);
  }
  const found = `${breaking.length} breaking and ${dangerous.length} dangerous changes`;
  console.log(`schema: ${found} since ${old.name}`);
  if (breaking.length > 0) {
    console.log('schema: keep what clients use, deprecate it, and remove it a release later');
    process.exitCode = 1;
  }
}
