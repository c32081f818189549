// What a filled database costs: `node measure.mjs PROGRAM DATABASE_URL [SECONDS]` starts the server on it, and prints for
// each request how many there are in a second, and the processor time of the server and of PostgreSQL for one of them. With 0
// seconds it only lets the server do what is due.
// PostgreSQL has to run on this machine, and nothing else should.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

const [program, database, seconds = '4'] = process.argv.slice(2);
const KEY = 'an-administrator-of-the-measurement';
const [CONNECTIONS, ROUNDS, SUBJECTS] = [4, 3, 2_000];
const TICK = 10_000; // microseconds, as the kernel counts

const QUERIES = {
  R1: `query($code: String!) { partner(code: $code) { code name standing { technical { level { code } credits validUntil }
    business { level { code } credits validUntil } overall { code } } balance } }`,
  R2: `query($code: String!) { partner(code: $code) { code name standing { technical { level { code } credits validUntil }
    business { level { code } credits validUntil } overall { code } } balance
    ledger(last: 20) { nodes { effectiveOn reason levelCredits balanceAfter explanation } }
    professionals(first: 10) { nodes { code name standing { points level { code } } } } } }`,
  R3: `query($year: Int!) { partners(first: 50, orderBy: CREDITS_THIS_YEAR) { nodes { code name credits(year: $year) { total } } } }`,
  write: `mutation($input: ActivityInput!) { recordActivity(input: $input) { duplicate activity { awardedPoints }
    userErrors { code message } } }`,
};

const server = spawn(program, ['serve'], {
  env: { DATABASE_URL: database, BIND: '127.0.0.1:0', BOOTSTRAP_ADMIN_KEY: KEY, RUST_LOG: 'error', RATE_LIMIT_PER_MINUTE: '0',
    WEBHOOKS_SEND: 'false', SANDBOXES_MAX: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.on('exit', () => server.kill('SIGKILL'));
const address = await new Promise((resolve, reject) => {
  createInterface(server.stdout).on('line', (line) => line.startsWith('Listening on ') && resolve(new URL(line.slice(13))));
  server.once('exit', (code) => reject(new Error(`the server ended: ${code}`)));
});

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
function send(body) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request({ host: address.hostname, port: address.port, path: '/graphql', method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part)).on('end', () => resolve(text)).on('error', reject);
    });
    sent.on('error', reject).end(body);
  });
}
async function ask(query, variables) {
  const answer = JSON.parse(await send(JSON.stringify({ query, variables })));
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer.data;
}

/** Processor time of a process so far, in microseconds; 0 of one that is gone. */
function spent(id) {
  try {
    const fields = readFileSync(`/proc/${id}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK;
  } catch {
    return 0;
  }
}
/** The sessions of the database. */
const name = new URL(database).pathname.slice(1);
function sessions() {
  return readdirSync('/proc').filter((id) => /^\d+$/.test(id)).filter((id) => {
    try {
      return readFileSync(`/proc/${id}/cmdline`, 'utf8').match(new RegExp(`^postgres: \\S+ ${name} `));
    } catch {
      return false;
    }
  });
}
const used = () => ({ server: spent(server.pid), postgres: sessions().reduce((sum, id) => sum + spent(id), 0) });

/** Waits until the background tasks of a start have nothing to do any more. */
async function settle() {
  for (let quiet = 0; quiet < 4; ) {
    const before = used();
    await pause(500);
    const after = used();
    quiet = after.server + after.postgres - before.server - before.postgres <= 3 * TICK ? quiet + 1 : 0;
  }
}

/** Codes of subjects all over the program. */
async function codes(list) {
  const all = [];
  for (let after = null; all.length < SUBJECTS; ) {
    const page = (await ask(`query($after: String) { ${list}(first: 100, after: $after) { nodes { code } pageInfo { hasNextPage endCursor } } }`, { after }))[list];
    all.push(...page.nodes.map((node) => node.code));
    if (!page.pageInfo.hasNextPage) break;
    after = page.pageInfo.endCursor;
  }
  return all;
}

await settle();
// Without a time nothing is measured: the server has emitted what was due.
if (Number(seconds) === 0) process.exit(0);
const [partners, professionals] = [await codes('partners'), await codes('professionals')];
const run = Date.now().toString(36);
let number = 0;
const today = new Date().toISOString().slice(0, 10);
const variables = {
  R1: (n) => ({ code: partners[n % partners.length] }),
  R2: (n) => ({ code: partners[n % partners.length] }),
  R3: () => ({ year: new Date().getUTCFullYear() }),
  write: (n) => ({ input: { subject: { professional: professionals[n % professionals.length] }, kind: 'COURSE_COMPLETED', occurredOn: today,
    points: 25 + (n % 226), source: 'measure', externalId: `${run}-${n}` } }),
};
const EXPECTED = { R1: '"balance":', R2: '"explanation":', R3: '"total":', write: '"duplicate":false' };

/** One figure: requests for a time over some connections. */
async function once(what, time) {
  const [before, since] = [used(), performance.now()];
  let requests = 0;
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    while (performance.now() - since < time) {
      const text = await send(JSON.stringify({ query: QUERIES[what], variables: variables[what](number++ * 7919) }));
      if (!text.includes(EXPECTED[what])) throw new Error(`${what}: ${text}`);
      requests += 1;
    }
  }));
  const [after, took] = [used(), performance.now() - since];
  return { perSecond: (requests * 1000) / took, server: (after.server - before.server) / requests, postgres: (after.postgres - before.postgres) / requests };
}

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const figures = Object.fromEntries(Object.keys(QUERIES).map((what) => [what, []]));
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const what of Object.keys(QUERIES)) {
    const figure = await once(what, round === 0 ? 1_500 : Number(seconds) * 1_000);
    // The first round warms up.
    if (round > 0) figures[what].push(figure);
  }
}
for (const [what, rounds] of Object.entries(figures)) {
  const of = (key) => Math.round(median(rounds.map((figure) => figure[key])));
  console.log(`${what.padEnd(6)} ${String(of('perSecond')).padStart(6)}/s  server ${String(of('server')).padStart(6)} µs  PostgreSQL ${String(of('postgres')).padStart(6)} µs`);
}
process.exit(0);
