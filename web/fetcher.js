// Queries and mutations over HTTP, subscriptions over WebSocket.

import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { Kind, parse } from 'graphql';
import { CloseCode, createClient } from 'graphql-ws';

import { measuredFetch, withoutCost } from './answer.js';
import { ENDPOINT } from './base.js';
import { hasCredentials, withKey } from './credentials.js';

const executeOverHttp = createGraphiQLFetcher({ url: ENDPOINT, fetch: measuredFetch });

/// The result without a key. The request is not sent, because the server would return 401.
export const NO_KEY = { errors: [{ message: 'Enter an API key in the field at the top right.' }] };

/// Executes GraphiQL's operations. An Authorization in its headers editor takes precedence over the key.
export async function fetcher(params, options) {
  const headers = withKey(options?.headers);
  if (!hasCredentials(headers)) {
    return NO_KEY;
  }
  const operation = selectedOperation(params);
  const request = ofSelected(params);
  return operation?.operation === 'subscription'
    ? subscribe(request, headers)
    : Promise.resolve(executeOverHttp(request, { ...options, headers })).then(withoutCost);
}

/// The request for the selected operation.
export function ofSelected(request) {
  return { ...request, operationName: selectedOperation(request)?.name?.value ?? request.operationName };
}

/// The selected operation. GraphiQL updates `operationName` a moment after the document has changed; until
/// then it is the name of an operation of the previous document.
function selectedOperation({ query, operationName }) {
  try {
    const operations = parse(query).definitions.filter((it) => it.kind === Kind.OPERATION_DEFINITION);
    const [only] = operations.length === 1 ? operations : [];
    return operations.find((it) => it.name?.value === operationName) ?? only;
  } catch {
    // The server reports the syntax error.
    return undefined;
  }
}

/// The most results of a subscription that are shown; how many more there were is said.
const RESULTS_MAX = 200;

/// A connection for each subscription, so that each uses the headers of its own editor. Its results are shown as a list with
/// the times at which they arrived, the latest first: the next one replaces none, and the list stays when it is stopped.
function subscribe({ query, variables, operationName }, headers) {
  return {
    subscribe(sink) {
      const client = createClient({
        url: `${location.protocol.replace('http', 'ws')}//${location.host}${ENDPOINT}/ws`,
        connectionParams: headers,
        lazy: true,
        // Reconnecting would silently skip the events in between.
        retryAttempts: 0,
      });
      const end = (notify) => (value) => {
        client.dispose();
        notify(value);
      };
      const received = [];
      let earlier = 0;
      const next = (result) => {
        received.unshift({ at: new Date().toISOString(), ...result });
        earlier += received.splice(RESULTS_MAX).length;
        sink.next({ received: [...received], ...(earlier > 0 ? { earlierNotShown: earlier } : {}) });
      };
      const stop = client.subscribe(
        { query, variables, operationName },
        { next, error: end((error) => sink.error(displayable(error))), complete: end(() => sink.complete()) },
      );
      return { unsubscribe: end(stop) };
    },
  };
}

/// An error that GraphiQL can display: a close event has no message of its own.
function displayable(error) {
  if (error instanceof CloseEvent) {
    const name = error.reason || CloseCode[error.code] || 'Connection lost';
    return { message: `${name} (WebSocket closed with ${error.code})` };
  }
  return error instanceof Event ? { message: 'The WebSocket connection could not be established.' } : error;
}
