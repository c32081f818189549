// Queries and mutations by HTTP, subscriptions by WebSocket.

import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { Kind, parse } from 'graphql';
import { CloseCode, createClient } from 'graphql-ws';

import { isKnown, withKey } from './credentials.js';

const post = createGraphiQLFetcher({ url: '/graphql' });

/// What is answered in place of the server, which would count a request without a key as a failed login.
export const NO_KEY = { errors: [{ message: 'Put an API key into the field at the top right.' }] };

/// What GraphiQL runs operations with. Headers of its editor go before the key.
export async function fetcher(params, options) {
  const headers = withKey(options?.headers);
  if (!isKnown(headers)) {
    return NO_KEY;
  }
  const operation = operationOf(params);
  const named = { ...params, operationName: operation?.name?.value ?? params.operationName };
  return operation?.operation === 'subscription'
    ? subscription(named, headers)
    : post(named, { ...options, headers });
}

/// The operation that is meant. GraphiQL notes its name a moment after a document has changed, and would
/// ask for an operation of the former one when it is run before that.
function operationOf({ query, operationName }) {
  try {
    const operations = parse(query).definitions.filter((it) => it.kind === Kind.OPERATION_DEFINITION);
    const [only] = operations.length === 1 ? operations : [];
    return operations.find((it) => it.name?.value === operationName) ?? only;
  } catch {
    // The server says what is wrong with it.
    return undefined;
  }
}

/// A connection for each subscription, so that each goes by the headers of its own editor.
function subscription({ query, variables, operationName }, headers) {
  return {
    subscribe(sink) {
      const client = createClient({
        url: `${location.protocol.replace('http', 'ws')}//${location.host}/graphql/ws`,
        connectionParams: headers,
        lazy: true,
        // Connecting again would miss what happened in between, and not show that it did.
        retryAttempts: 0,
      });
      const end = (tell) => (value) => {
        client.dispose();
        tell(value);
      };
      const stop = client.subscribe(
        { query, variables, operationName },
        { next: (result) => sink.next(result), error: end((error) => sink.error(told(error))), complete: end(() => sink.complete()) },
      );
      return { unsubscribe: end(stop) };
    },
  };
}

/// What GraphiQL can show: a closed connection says nothing when it is printed.
function told(error) {
  if (error instanceof CloseEvent) {
    const name = error.reason || CloseCode[error.code] || 'The connection was lost';
    return { message: `${name} (the WebSocket was closed with ${error.code})` };
  }
  return error instanceof Event ? { message: 'The WebSocket could not be opened.' } : error;
}
