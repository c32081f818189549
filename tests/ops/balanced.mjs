// Two processes of the server behind haproxy, as ops/compose.yaml runs them, with clients that must not notice that
// processes stop: `node balanced.mjs HAPROXY.CFG`, with the program in SERVER and an empty database in DATABASE_URL.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

import { ask, clients, enrol, expect, inTime, meet } from './clients.mjs';

const KEY = 'an-administrator-of-the-tests';
const NAMES = ['one', 'two'];
const EVENTS = 'subscription($after: EventNumber) { events(after: $after) { number } }';
const COUNT = '{ partner(code: "balanced") { balance } }';

const started = new Set();
process.on('exit', () => started.forEach((child) => child.kill('SIGKILL')));

/** Starts a program with nothing but these variables. */
function start(program, parameters, env) {
  const child = spawn(program, parameters, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  started.add(child);
  child.once('exit', () => started.delete(child));
  return child;
}

/** Starts a process of the server, and waits until it listens. */
async function serve(bind) {
  const child = start(process.env.SERVER, ['serve'], {
    DATABASE_URL: process.env.DATABASE_URL,
    BIND: bind,
    BOOTSTRAP_ADMIN_KEY: KEY,
    TRUSTED_PROXIES: '127.0.0.1',
    RUST_LOG: 'error',
  });
  const lines = createInterface(child.stdout);
  const address = new Promise((resolve, reject) => {
    lines.on('line', (line) => line.startsWith('Listening on ') && resolve(new URL(line.slice(13)).host));
    child.once('exit', (code) => reject(new Error(`the server ended: ${code}`)));
  });
  return { child, address: await inTime(address, 'a start') };
}

/** Sends a signal, and waits for the end; the exit code. */
async function end({ child }, signal) {
  const ended = once(child, 'exit');
  child.kill(signal);
  return (await inTime(ended, `the end by ${signal}`))[0];
}

/** Two ports that nobody listens on. */
async function freePorts() {
  const listeners = [createServer(), createServer()];
  const ports = [];
  for (const listener of listeners) {
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    ports.push(listener.address().port);
  }
  listeners.forEach((listener) => listener.close());
  return ports;
}

/** What haproxy answers to a command of its operator. */
async function operate(port, command) {
  const socket = connect(port, '127.0.0.1');
  socket.end(`${command}\n`);
  let text = '';
  for await (const part of socket) {
    text += part;
  }
  return text.trim();
}

/** Waits until a condition holds. */
async function until(condition, what) {
  const poll = async () => {
    while (!(await condition())) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await inTime(poll(), what);
}

/** The address of a configuration with both processes, and its operator. */
async function balance(file, servers) {
  const [port, admin] = await freePorts();
  const env = { PROXY_BIND: `127.0.0.1:${port}`, PROXY_ADMIN: `ipv4@127.0.0.1:${admin}` };
  servers.forEach((server, index) => (env[`SERVER_${index + 1}`] = server.address));
  const check = start('haproxy', ['-c', '-q', '-f', file], env);
  expect((await once(check, 'exit'))[0] === 0, 'haproxy -c finds no fault');
  const child = start('haproxy', ['-q', '-f', file], env);
  child.stdout.resume();
  const base = `http://127.0.0.1:${port}`;
  await until(() => fetch(`${base}/readyz`).then((it) => it.ok, () => false), 'the proxy is ready');
  const state = async (name) => {
    const rows = await operate(admin, 'show stat');
    const row = rows.split('\n').find((line) => line.startsWith(`servers,${name},`));
    return row.split(',')[17];
  };
  return {
    base,
    set: (name, to) => operate(admin, `set server servers/${name} state ${to}`),
    isUp: async (name) => (await state(name)) === 'UP',
    isDown: async (name) => (await state(name)).startsWith('DOWN'),
  };
}

/** Reads the feed as a client that goes on after the last event that it has had. */
function follow(url, transport) {
  const seen = [];
  const state = { seen, connections: 0, stopped: false };
  state.done = (async () => {
    let after = 0;
    while (!state.stopped) {
      const client = clients(url, KEY)[transport];
      state.connections += 1;
      try {
        state.stream = client.iterate({ query: EVENTS, variables: { after } });
        for await (const { data, errors } of state.stream) {
          const isNext = !errors && data.events.number === after + 1;
          expect(isNext, `${transport}: after ${after}: ${JSON.stringify({ data, errors })}`);
          after += 1;
          seen.push(after);
        }
      } catch (error) {
        if (String(error?.message).startsWith(transport)) {
          throw error;
        }
      } finally {
        await client.dispose();
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return state;
}

/** Sends requests one after another on each of some connections until it is stopped; none may fail. */
function load(url, methods) {
  const state = { sent: 0, stopped: false };
  const one = async (method) => {
    while (!state.stopped) {
      if (method === 'GET') {
        const headers = { authorization: `Bearer ${KEY}` };
        const response = await fetch(`${url}?query=${encodeURIComponent(COUNT)}`, { headers });
        const { data } = await response.json();
        expect(response.status === 200 && data?.partner, `GET: ${response.status}`);
      } else {
        await meet(url, KEY, 'balanced');
        state.recorded = (state.recorded ?? 0) + 1;
      }
      state.sent += 1;
    }
  };
  state.done = Promise.all(methods.map(one));
  state.more = async () => {
    const before = state.sent + 2 * methods.length;
    await Promise.race([until(() => state.sent >= before, 'requests go on'), state.done]);
  };
  state.stop = () => {
    state.stopped = true;
    return state.done;
  };
  return state;
}

const servers = await Promise.all([serve('127.0.0.1:0'), serve('127.0.0.1:0')]);
const proxy = await balance(process.argv[2], servers);
const url = `${proxy.base}/graphql`;
await until(async () => (await proxy.isUp('one')) && (await proxy.isUp('two')), 'both processes are up');
console.log('ok: two processes that started at once on an empty database, and haproxy');

for (const [path, status, type] of [
  ['/console', 200, 'text/html'],
  ['/graphql', 200, 'text/html'],
  ['/healthz', 200, ''],
  ['/metrics', 404, ''],
]) {
  const response = await fetch(`${proxy.base}${path}`, { headers: { accept: 'text/html' } });
  expect(response.status === status && response.headers.get('content-type')?.startsWith(type), `${path}: ${response.status}`);
  await response.arrayBuffer();
}
await enrol(url, KEY, 'balanced');
console.log('ok: the pages through the proxy, but no metrics');

const followers = ['graphql-ws', 'graphql-sse'].map((transport) => follow(url, transport));
const latest = async () => (await ask(url, KEY, '{ events(after: 0, first: 1) { latestNumber } }')).events.latestNumber;
const caughtUp = async (what) => {
  const number = await latest();
  const all = until(() => followers.every(({ seen }) => seen.length >= number), what);
  await Promise.race([all, ...followers.map((it) => it.done)]);
};
await caughtUp('what happened before');
// Each process records, so that each subscription gets events of the other process.
for (const { address } of servers) {
  await meet(`http://${address}/graphql`, KEY, 'balanced');
}
await caughtUp('events of both processes');
console.log('ok: a WebSocket and an event stream, with events that the other process recorded');

const requests = load(url, ['GET', 'GET', 'POST', 'POST']);
for (const [index, name] of NAMES.entries()) {
  await requests.more();
  await proxy.set(name, 'drain');
  // What the process had at that moment is answered.
  await requests.more();
  expect((await end(servers[index], 'SIGTERM')) === 0, `the process ${name} ends well`);
  await requests.more();
  servers[index] = await serve(servers[index].address);
  await proxy.set(name, 'ready');
  await until(() => proxy.isUp(name), `the process ${name} is up again`);
}
await requests.stop();
await caughtUp('events of the whole exchange');
expect(followers.every(({ connections }) => connections > 1), 'each subscription lost its process and went on');
console.log(`ok: one process after the other was replaced, and none of ${requests.sent} requests failed`);

// Without a word to the proxy: queries are repeated at the other process.
const queries = load(url, ['GET', 'GET', 'GET']);
await queries.more();
expect((await end(servers[0], 'SIGTERM')) === 0, 'the process ends well');
await queries.more();
await until(() => proxy.isDown('one'), 'the proxy notices');
await queries.stop();
console.log(`ok: a process was stopped without notice, and none of ${queries.sent} queries failed`);

// One process less, and the other was killed and came back.
servers[0] = await serve(servers[0].address);
await until(() => proxy.isUp('one'), 'the process is back');
await end(servers[1], 'SIGKILL');
await meet(url, KEY, 'balanced');
await caughtUp('events after a crash');
const { partner } = await ask(url, KEY, COUNT);
expect(partner.balance > requests.recorded, `each recording counts: ${partner.balance}`);
console.log('ok: a process was killed, and mutations and subscriptions went on');
process.exit(0);
