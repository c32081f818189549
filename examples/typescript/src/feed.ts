// Follows the event feed by server-sent events, without a gap and without a repeat.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { print } from 'graphql';
import { NetworkError, createClient } from 'graphql-sse';

import { ApiError, type Client, backoff } from './client.js';
import { EventsDocument, type EventsSubscription } from './generated.js';

export type Event = EventsSubscription['events'];

/** Statuses that stay what they are, however often one asks. */
const FINAL = [400, 401, 403, 404, 405, 406, 415];

/** Codes of what may be otherwise in a moment. Others, such as that of a number that is too old, stay. */
const PASSING = ['RATE_LIMITED', 'OPERATION_TIMEOUT', 'INTERNAL_SERVER_ERROR'];

/** The number of the last event that was dealt with, in a file. */
export class Position {
  constructor(readonly file: string) {}

  read(): number | undefined {
    return existsSync(this.file) ? Number(readFileSync(this.file, 'utf8')) : undefined;
  }

  /** Replaces the file at once: whoever reads it finds the old number or the new one. */
  write(number: number): void {
    writeFileSync(`${this.file}.new`, `${number}\n`);
    renameSync(`${this.file}.new`, this.file);
  }
}

/**
 * Gives every event after `after`, in the order of their numbers, for as long as it is asked. A connection
 * that is lost is replaced by one that begins after the last event that was given.
 */
export async function* follow(client: Client, after: number): AsyncGenerator<Event> {
  const stream = createClient({
    url: client.endpoint,
    headers: client.headers,
    // It would ask for the same events again; here the next connection asks for those that follow.
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
        if (isFinal(error)) {
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

function isFinal(error: unknown): boolean {
  if (error instanceof ApiError) {
    return !error.codes.some((code) => PASSING.includes(code));
  }
  return error instanceof NetworkError && FINAL.includes(error.response?.status ?? 0);
}
