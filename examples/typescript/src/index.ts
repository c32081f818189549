// What the package offers to other programs.

export { ApiError, Client, backoff } from './client.js';
export { type Event, Position, follow } from './feed.js';
export * from './generated.js';
