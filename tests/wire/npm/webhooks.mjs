// Receives webhooks and checks them with the specification's own library: `node webhooks.mjs URL KEY`. The
// server must be allowed to send to this machine.

import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

import { ask, enrol, meet } from './clients.mjs';

const [url, key] = process.argv.slice(2);
const arrived = [];
let waiting = () => {};

const receiver = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    arrived.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
    response.writeHead(204).end();
    waiting();
  });
});
await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));

const next = async () => {
  const late = setTimeout(() => {
    console.error('no webhook came');
    process.exit(1);
  }, 20_000);
  while (arrived.length === 0) {
    await new Promise((resolve) => {
      waiting = resolve;
    });
  }
  clearTimeout(late);
  return arrived.shift();
};

const refuses = (secret, body, headers) => {
  try {
    new Webhook(secret).verify(body, headers);
    return false;
  } catch {
    return true;
  }
};

const check = (is, what) => {
  if (!is) {
    console.error(`not so: ${what}`);
    process.exit(1);
  }
};

const create = `mutation($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) {
  webhookEndpoint { id } secret userErrors { message } } }`;
const address = `http://127.0.0.1:${receiver.address().port}/`;
const input = { url: address, description: 'the reference verifier', types: ['ACTIVITY_RECORDED'] };
const made = (await ask(url, key, create, { input })).createWebhookEndpoint;
const { id } = made.webhookEndpoint;

const test = 'mutation($id: ID!) { sendTestWebhook(input: { id: $id }) { userErrors { message } } }';
await ask(url, key, test, { id });
const tested = await next();
check(new Webhook(made.secret).verify(tested.body, tested.headers).type === 'webhook.test', 'a test');

await enrol(url, key, 'hooked');
await meet(url, key, 'hooked');
const event = await next();
const said = new Webhook(made.secret).verify(event.body, event.headers);
check(said.type === 'activity.recorded' && said.data.partner === 'hooked', event.body);
check(event.headers['webhook-id'] === `evt_${said.data.number}`, 'the id of the message');
check(refuses(made.secret, event.body.replace('hooked', 'hacked'), event.headers), 'other words are refused');
const later = { ...event.headers, 'webhook-timestamp': String(Number(event.headers['webhook-timestamp']) + 1) };
check(refuses(made.secret, event.body, later), 'another moment is refused');

// The receiver of docs/webhooks.md for a Fetch request, which the test writes beside this file.
process.env.WEBHOOK_SECRET = made.secret;
const { handle } = await import('./receiver.mjs');
const fetched = (body) => handle(new Request(address, { method: 'POST', headers: event.headers, body }));
check((await fetched(event.body)).status === 204, 'the documented receiver accepts it');
check((await fetched(`${event.body} `)).status === 400, 'the documented receiver refuses other words');

const rotate = 'mutation($id: ID!) { rotateWebhookSecret(input: { id: $id }) { secret userErrors { message } } }';
const { secret } = (await ask(url, key, rotate, { id })).rotateWebhookSecret;
await meet(url, key, 'hooked');
const both = await next();
new Webhook(made.secret).verify(both.body, both.headers);
new Webhook(secret).verify(both.body, both.headers);
check(refuses(secret, event.body, event.headers), 'a new secret is not the old one');
console.log('standardwebhooks passed');
receiver.closeAllConnections();
receiver.close();
