// Buttons that open the dialog of a change: those only that the caller may run.

import type { ReactNode } from 'react';
import { useCallback, useState } from 'react';
import { Button as AriaButton } from 'react-aria-components/Button';
import { Menu, MenuItem, MenuTrigger } from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';

import { useCaller } from '#src/api/caller';
import { useTexts } from '#src/i18n/i18n';

import { Button } from './basics';
import { ChangeDialog } from './change';
import type { Change, ChangeField } from './change';

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
  return { open, dialog: change && <ChangeDialog change={change} onClose={() => setChange(null)} /> };
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
    <MenuTrigger>
      <AriaButton className="button primary">{t('partners.change')}</AriaButton>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          onAction={(key) => {
            const action = allowed.find((it) => it.label === key);
            if (action) {
              open(action.change());
            }
          }}
        >
          {allowed.map((it) => (
            <MenuItem key={it.label} id={it.label} className="menu-item">
              {it.label}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
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
