// Follows all events by `graphql-ws`, also while the server stops and starts again, until it has had
// that many: `node reconnect.mjs URL KEY COUNT`. Says what it hears.

import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const [url, key, count] = process.argv.slice(2);

// Nothing here takes that long.
setTimeout(() => {
  console.log('too late');
  process.exit(1);
}, 60_000);

const client = createClient({
  url: `${url.replace(/^http/, 'ws')}/ws`,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${key}` },
  shouldRetry: () => true,
  retryAttempts: 600,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 100)),
  on: { closed: (event) => console.log(`closed ${event.code}`) },
});

// The client sends this again each time it connects: what it holds then is where it goes on.
const variables = { after: 0 };
const payload = { query: 'subscription($after: EventNumber) { events(after: $after) { number } }', variables };

await new Promise((resolve, reject) => {
  const unsubscribe = client.subscribe(payload, {
    next: ({ data, errors }) => {
      if (errors || data.events.number !== variables.after + 1) {
        reject(new Error(`after ${variables.after}: ${JSON.stringify({ data, errors })}`));
        return;
      }
      variables.after = data.events.number;
      console.log(`event ${variables.after}`);
      if (variables.after === Number(count)) {
        unsubscribe();
        resolve();
      }
    },
    error: reject,
    complete: resolve,
  });
});
await client.dispose();
console.log('done');
process.exit(0);
