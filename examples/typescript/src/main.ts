// Records activities, reads a standing, and follows the feed.

import { parseArgs } from 'node:util';

import { Client } from './client.js';
import { type Event, Position, follow } from './feed.js';
import {
  type ActivityInput,
  LatestNumberDocument,
  NewsDocument,
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

// The place in the feed comes first: what is recorded below is then part of what follows it.
let after = position.read();
if (after === undefined) {
  after = await latestNumber();
  position.write(after);
}
console.log(`feed: after event ${after}`);

await record([
  activity('1', { kind: 'DOCS_CORRECTION' }),
  activity('2', { kind: 'QUESTION_ANSWERED', points: 75 }),
  // Graded kinds need points: this one is refused, and spoils none of the others.
  activity('3', { kind: 'QUESTION_ANSWERED' }),
]);
await readStanding(options.professional);

const until = options.once ? await lastNumber(after) : Number.POSITIVE_INFINITY;
if (after < until) {
  for await (const event of follow(client, after)) {
    console.log(described(event));
    // After the work: an event is dealt with again when this process dies in between, but never left
    // out. Who can't have that keeps the number with the results, in one transaction.
    position.write(event.number);
    if (event.number >= until) {
      break;
    }
  }
}

/** Source and externalId say which activity it is, so sending it again records nothing twice. */
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
  // These are about the list as a whole, such as TOO_MANY.
  for (const { code, message } of recordActivities.userErrors) {
    console.log(`refused: ${code}: ${message}`);
  }
  // Results come in the order of the activities.
  recordActivities.results.forEach((result, place) => {
    const name = activities[place]?.externalId;
    for (const { code, field } of result.userErrors) {
      console.log(`${name}: refused: ${code} ${field?.join('.') ?? ''}`.trimEnd());
    }
    if (result.activity) {
      const how = result.duplicate ? 'was there already' : 'recorded';
      console.log(`${name}: ${how}, ${result.activity.awardedPoints} points`);
    }
  });
}

async function readStanding(code: string): Promise<void> {
  const { professional } = await client.run(StandingDocument, { professional: code });
  if (professional === null) {
    console.log(`${code}: not there for this key`);
    return;
  }
  const { points, level, nextLevel, pointsToNextLevel } = professional.standing;
  const next = nextLevel ? `, ${pointsToNextLevel} to ${nextLevel.name}` : '';
  console.log(`${professional.name}: ${level?.name ?? 'no level'}, ${points} points${next}`);
}

async function latestNumber(): Promise<number> {
  return (await client.run(LatestNumberDocument, {})).events.latestNumber;
}

/** The number of the last event after `after` that this key is shown; others may have a higher one. */
async function lastNumber(after: number): Promise<number> {
  const { nodes, pageInfo } = (await client.run(NewsDocument, { after })).events;
  const last = nodes.at(-1)?.number ?? after;
  return pageInfo.hasNextPage ? lastNumber(last) : last;
}

function described({ number, type, occurredOn, partner, professional }: Event): string {
  const whose = [partner?.code, professional?.code].filter((code) => code !== undefined);
  return `event ${number}: ${type} ${occurredOn} ${whose.join(' ')}`.trimEnd();
}
