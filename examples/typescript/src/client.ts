// Sends operations, and sends them again where that is what the server asks for.

import { setTimeout as sleep } from 'node:timers/promises';

import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';

const ATTEMPTS = 6;
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 30_000;

/** Statuses of a server or proxy that can't answer now, and may soon. */
const PASSING = [429, 502, 503, 504];

/** The request could not be run, or a field failed. `codes` are from the API's closed list. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly codes: string[],
  ) {
    super(message);
  }
}

interface Answer<Data> {
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
   * Runs a query or mutation. What fails on the way is sent again: nobody knows whether a lost answer was to
   * a change that took place, so this is for mutations that are safe to repeat. Those of this API are, by
   * their natural or idempotency key.
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
      if (response !== undefined && !(PASSING.includes(response.status) && attempt < ATTEMPTS)) {
        return answered<Data>(response);
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
        // With this type the status tells whether the operation was run.
        Accept: 'application/graphql-response+json',
      },
      body,
      signal: AbortSignal.timeout(30_000),
    });
    // An answer that breaks off is as lost as one that never began.
    return { status: response.status, headers: response.headers, text: await response.text() };
  }
}

/** Milliseconds before attempt `attempt + 1`: longer each time, and not the same for everybody. */
export function backoff(attempt: number): number {
  return Math.min(BACKOFF_MS * 2 ** (attempt - 1), BACKOFF_MAX_MS) * (0.5 + Math.random() / 2);
}

/** Milliseconds that the server asks to wait. */
function retryAfter(response: { headers: Headers } | undefined): number | undefined {
  const seconds = Number.parseInt(response?.headers.get('Retry-After') ?? '', 10);
  return Number.isNaN(seconds) ? undefined : seconds * 1_000;
}

function answered<Data>({ status, text }: { status: number; text: string }): Data {
  let answer: Answer<Data>;
  try {
    answer = JSON.parse(text) as Answer<Data>;
  } catch {
    throw new ApiError(`the server answered ${status} without JSON`, []);
  }
  if (answer.errors !== undefined || !answer.data) {
    const errors = answer.errors ?? [{ message: `the server answered ${status} without data` }];
    const codes = errors.flatMap((error) => error.extensions?.code ?? []);
    throw new ApiError(errors.map((error) => error.message).join('; '), codes);
  }
  return answer.data;
}
