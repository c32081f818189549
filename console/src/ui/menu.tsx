// A button with a menu.

import { lazy, Suspense, useState } from 'react';

export interface MenuEntry {
  readonly text: string;
  /// Opens in a tab of its own.
  readonly href?: string;
  readonly onAction?: () => void;
}

const MenuItems = lazy(() => import('./menu-items'));

export function MenuButton({ label, className, entries }: { label: string; className: string; entries: readonly MenuEntry[] }) {
  const [pressed, setPressed] = useState(false);
  const button = (
    <button type="button" className={className} aria-haspopup="menu" aria-expanded={false} onClick={() => setPressed(true)}>
      {label}
    </button>
  );
  return pressed ? (
    <Suspense fallback={button}>
      <MenuItems label={label} className={className} entries={entries} />
    </Suspense>
  ) : (
    button
  );
}
