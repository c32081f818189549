// Buttons that open the dialog of a change: those only that the caller may run.

import type { ReactNode } from 'react';
import { lazy, Suspense, useCallback, useState } from 'react';

import { useCaller } from '#src/api/caller';
import { useTexts } from '#src/i18n/i18n';

import { Button } from './basics';
import type { Change, ChangeField } from './change';
import { MenuButton } from './menu';

const ChangeDialog = lazy(async () => ({ default: (await import('./change')).ChangeDialog }));

/// A button and its change.
export interface Action {
  /// The mutation that has to be allowed.
  readonly mutation: string;
  readonly label: string;
  /// What a screen reader says, where several buttons have the same label.
  readonly name?: string;
  readonly kind?: 'primary' | 'plain';
  readonly disabled?: boolean;
  /// The change, when the button is pressed; a new one for each dialog.
  readonly change: () => Change;
}

/// Opens changes; `dialog` belongs at the end of the page.
export function useChange(): { open: (change: Change) => void; dialog: ReactNode } {
  const [change, setChange] = useState<Change | null>(null);
  const open = useCallback((next: Change) => setChange(next), []);
  const dialog = change && (
    <Suspense fallback={null}>
      <ChangeDialog change={change} onClose={() => setChange(null)} />
    </Suspense>
  );
  return { open, dialog };
}

/// What is read has to have what is seen, so that it can be spoken to press the button.
function spoken(label: string, name: string): string {
  return name.includes(label) ? name : `${label}: ${name}`;
}

export function Actions({ of, open }: { of: readonly Action[]; open: (change: Change) => void }) {
  const { may } = useCaller();
  return of
    .filter((it) => may(it.mutation))
    .map((it) => (
      <Button key={it.name ?? it.label} kind={it.kind ?? 'plain'} disabled={it.disabled ?? false} {...(it.name ? { label: spoken(it.label, it.name) } : {})} onPress={() => open(it.change())}>
        {it.label}
      </Button>
    ));
}

/// Many changes of one object behind one button.
export function ActionMenu({ of, open }: { of: readonly Action[]; open: (change: Change) => void }) {
  const { may } = useCaller();
  const { t } = useTexts();
  const allowed = of.filter((it) => may(it.mutation));
  return allowed.length === 0 ? null : (
    <MenuButton label={t('partners.change')} className="button primary" entries={allowed.map((it) => ({ text: it.label, onAction: () => open(it.change()) }))} />
  );
}

/// Fields that many changes have.
export function useChangeFields() {
  const { t } = useTexts();
  const { today } = useCaller();
  return {
    reason: { name: 'reason', label: t('field.reason'), type: 'textarea', required: true } as const satisfies ChangeField,
    optionalReason: { name: 'reason', label: t('field.reason'), type: 'textarea' } as const satisfies ChangeField,
    /// A day, today if nothing else is said.
    day: (name: string, label: string, more: Partial<ChangeField> = {}): ChangeField => ({ name, label, type: 'date', required: true, initial: today, ...more }),
  };
}
