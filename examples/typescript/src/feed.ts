// Follows the event feed over server-sent events, without gaps or duplicates.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { print } from 'graphql';
import { NetworkError, createClient } from 'graphql-sse';

import { ApiError, type Client, backoff } from './client.js';
import { EventsDocument, type EventsSubscription } from './generated.js';

export type Event = EventsSubscription['events'];

/** Permanent failures: retrying cannot help. */
const PERMANENT = [400, 401, 403, 404, 405, 406, 415];

/** Error codes of transient failures. Others are permanent, such as a cursor older than the retained events. */
const TRANSIENT = ['RATE_LIMITED', 'OPERATION_TIMEOUT', 'SERVICE_UNAVAILABLE', 'INTERNAL_SERVER_ERROR'];

/** The cursor, stored in a file: the number of the last event that was processed. */
export class Position {
  constructor(readonly file: string) {}

  read(): number | undefined {
    return existsSync(this.file) ? Number(readFileSync(this.file, 'utf8')) : undefined;
  }

  /** Replaces the file atomically: a reader finds the old number or the new one. */
  write(number: number): void {
    writeFileSync(`${this.file}.new`, `${number}\n`);
    renameSync(`${this.file}.new`, this.file);
  }
}

/**
 * Yields every event after `after` in sequence, until the caller stops. After a lost connection it reconnects
 * and resumes after the last event that was yielded.
 */
export async function* follow(client: Client, after: number): AsyncGenerator<Event> {
  const stream = createClient({
    url: client.endpoint,
    headers: client.headers,
    // The library's retry would repeat the original `after`. The loop below resumes after the last event instead.
    retryAttempts: 0,
  });
  let last = after;
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const events = stream.iterate<EventsSubscription>({
          query: print(EventsDocument),
          variables: { after: last },
        });
        for await (const { data, errors } of events) {
          if (errors !== undefined || !data) {
            const codes = errors?.map((error) => String(error.extensions['code'])) ?? [];
            throw new ApiError(errors?.map((error) => error.message).join('; ') ?? 'an event without data', codes);
          }
          yield data.events;
          last = data.events.number;
          attempt = 1;
        }
      } catch (error) {
        if (isPermanent(error)) {
          throw error;
        }
        console.error(`feed: lost the connection after event ${last}: ${String(error)}`);
      }
      await sleep(backoff(attempt));
    }
  } finally {
    stream.dispose();
  }
}

function isPermanent(error: unknown): boolean {
  if (error instanceof ApiError) {
    return !error.codes.some((code) => TRANSIENT.includes(code));
  }
  return error instanceof NetworkError && PERMANENT.includes(error.response?.status ?? 0);
}
