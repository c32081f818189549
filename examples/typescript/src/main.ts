#!/usr/bin/env node
// Records activities, reads a standing, and follows the feed.

import { parseArgs } from 'node:util';

import { Client } from './client.js';
import { type Event, Position, follow } from './feed.js';
import {
  type ActivityInput,
  EventNumbersDocument,
  LatestNumberDocument,
  RecordActivitiesDocument,
  StandingDocument,
} from './generated.js';

const { values: options } = parseArgs({
  options: {
    url: { type: 'string', default: process.env['PARTNER_PROGRAM_URL'] ?? 'http://127.0.0.1:8080' },
    professional: { type: 'string', default: 'ada.nowak' },
    on: { type: 'string', default: new Date(Date.now() - 86_400_000).toISOString().slice(0, 10) },
    position: { type: 'string', default: 'feed.position' },
    once: { type: 'boolean', default: false },
  },
});
const key = process.env['PARTNER_PROGRAM_KEY'];
if (key === undefined) {
  console.error('Set PARTNER_PROGRAM_KEY to an API key; `partner-program serve --demo` prints some.');
  process.exit(2);
}

const client = new Client(options.url, key);
const position = new Position(options.position);

// Read the cursor first, so that the events of the activities recorded below come after it.
let after = position.read();
if (after === undefined) {
  after = await latestNumber();
  position.write(after);
}
console.log(`feed: after event ${after}`);

await record([
  activity('1', { kind: 'DOCS_CORRECTION' }),
  activity('2', { kind: 'QUESTION_ANSWERED', points: 75 }),
  // Graded kinds require points: this one is rejected, and does not affect the others.
  activity('3', { kind: 'QUESTION_ANSWERED' }),
]);
await readStanding(options.professional);

const until = options.once ? await lastNumber(after) : Number.POSITIVE_INFINITY;
if (after < until) {
  for await (const event of follow(client, after)) {
    console.log(format(event));
    // Store the cursor after processing (at least once): if the process dies in between, the event is processed
    // again, but never skipped. To avoid that, store the cursor in the same transaction as the results.
    position.write(event.number);
    if (event.number >= until) {
      break;
    }
  }
}

/** Source and externalId are the natural key, so recording is idempotent. */
function activity(number: string, rest: Pick<ActivityInput, 'kind' | 'points'>): ActivityInput {
  return {
    subject: { professional: options.professional },
    occurredOn: options.on,
    source: 'example-typescript',
    externalId: `${options.on}-${number}`,
    ...rest,
  };
}

async function record(activities: ActivityInput[]): Promise<void> {
  const { recordActivities } = await client.run(RecordActivitiesDocument, { input: { activities } });
  // Errors of the whole list, such as TOO_MANY.
  for (const { code, message } of recordActivities.userErrors) {
    console.log(`refused: ${code}: ${message}`);
  }
  // Results are in the order of the activities.
  recordActivities.results.forEach((result, index) => {
    const name = activities[index]?.externalId;
    for (const { code, field } of result.userErrors) {
      console.log(`${name}: refused: ${code} ${field?.join('.') ?? ''}`.trimEnd());
    }
    if (result.activity) {
      const how = result.duplicate ? 'duplicate' : 'recorded';
      console.log(`${name}: ${how}, ${result.activity.awardedPoints} points`);
    }
  });
}

async function readStanding(code: string): Promise<void> {
  const { professional } = await client.run(StandingDocument, { professional: code });
  if (professional === null) {
    console.log(`${code}: not visible to this key`);
    return;
  }
  const { points, level, nextLevel, pointsToNextLevel } = professional.standing;
  const next = nextLevel ? `, ${pointsToNextLevel} to ${nextLevel.name}` : '';
  console.log(`${professional.name}: ${level?.name ?? 'no level'}, ${points} points${next}`);
}

async function latestNumber(): Promise<number> {
  return (await client.run(LatestNumberDocument, {})).events.latestNumber;
}

/** The number of the last event after `after` that is visible to this key; the feed may be further ahead. */
async function lastNumber(after: number): Promise<number> {
  const { nodes, pageInfo } = (await client.run(EventNumbersDocument, { after })).events;
  const last = nodes.at(-1)?.number ?? after;
  return pageInfo.hasNextPage ? lastNumber(last) : last;
}

function format({ number, type, occurredOn, partner, professional }: Event): string {
  const subjects = [partner?.code, professional?.code].filter((code) => code !== undefined);
  return `event ${number}: ${type} ${occurredOn} ${subjects.join(' ')}`.trimEnd();
}
