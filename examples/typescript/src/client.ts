// Executes operations, and retries with backoff when a failure is transient.

import { setTimeout as sleep } from 'node:timers/promises';

import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';

const ATTEMPTS = 6;
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 30_000;

/** Transient failures of a server or proxy. */
const TRANSIENT = [429, 502, 503, 504];

/** The request was rejected, or a field failed. `codes` are the API's error codes. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly codes: string[],
  ) {
    super(message);
  }
}

interface Result<Data> {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

export class Client {
  readonly endpoint: string;
  readonly headers: Record<string, string>;

  constructor(base: string, key: string) {
    this.endpoint = new URL('/graphql', base).href;
    this.headers = { Authorization: `Bearer ${key}` };
  }

  /**
   * Executes a query or mutation, and retries transient failures. If a response is lost, the mutation may have
   * been applied, so use this only for idempotent mutations. Those of this API are, through their natural key
   * or idempotency key.
   */
  async run<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data> {
    const body = JSON.stringify({ query: print(document), variables });
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.#send(body).catch((error: unknown) => {
        if (attempt === ATTEMPTS) {
          throw error;
        }
        return undefined;
      });
      if (response !== undefined && !(TRANSIENT.includes(response.status) && attempt < ATTEMPTS)) {
        return dataOf<Data>(response);
      }
      await sleep(retryAfter(response) ?? backoff(attempt));
    }
  }

  async #send(body: string): Promise<{ status: number; headers: Headers; text: string }> {
    const response = await fetch(this.endpoint, {
      method: 'POST',
      headers: {
        ...this.headers,
        'Content-Type': 'application/json',
        // With this media type, the status code says whether the operation was executed.
        Accept: 'application/graphql-response+json',
      },
      body,
      signal: AbortSignal.timeout(30_000),
    });
    // A truncated response counts as lost, so read the body here.
    return { status: response.status, headers: response.headers, text: await response.text() };
  }
}

/** Milliseconds before attempt `attempt + 1`: exponential backoff with jitter. */
export function backoff(attempt: number): number {
  return Math.min(BACKOFF_MS * 2 ** (attempt - 1), BACKOFF_MAX_MS) * (0.5 + Math.random() / 2);
}

/** The server's `Retry-After`, in milliseconds. */
function retryAfter(response: { headers: Headers } | undefined): number | undefined {
  const seconds = Number.parseInt(response?.headers.get('Retry-After') ?? '', 10);
  return Number.isNaN(seconds) ? undefined : seconds * 1_000;
}

function dataOf<Data>({ status, text }: { status: number; text: string }): Data {
  let result: Result<Data>;
  try {
    result = JSON.parse(text) as Result<Data>;
  } catch {
    throw new ApiError(`the server returned ${status} without JSON`, []);
  }
  if (result.errors !== undefined || !result.data) {
    const errors = result.errors ?? [{ message: `the server returned ${status} without data` }];
    const codes = errors.flatMap((error) => error.extensions?.code ?? []);
    throw new ApiError(errors.map((error) => error.message).join('; '), codes);
  }
  return result.data;
}
