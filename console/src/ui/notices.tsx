// Short messages about what was done. They are announced, and leave by themselves.

import { useSyncExternalStore } from 'react';

interface Notice {
  readonly id: number;
  readonly text: string;
}

const SHOWN_MS = 6_000;
const listeners = new Set<() => void>();
let notices: readonly Notice[] = [];
let next = 0;

function update(value: readonly Notice[]): void {
  notices = value;
  for (const listener of listeners) {
    listener();
  }
}

export function notify(text: string): void {
  next += 1;
  const id = next;
  update([...notices, { id, text }]);
  setTimeout(() => update(notices.filter((it) => it.id !== id)), SHOWN_MS);
}

export function Notices() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => notices,
  );
  return (
    <div className="notices" role="status" aria-live="polite">
      {shown.map((it) => (
        <p key={it.id}>{it.text}</p>
      ))}
    </div>
  );
}
