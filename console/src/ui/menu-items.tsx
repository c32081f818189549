// The menu behind a button; a part of its own, because most people who open a page do not open its menus.

import { useEffect, useState } from 'react';
import { Button as AriaButton } from 'react-aria-components/Button';
import { Menu, MenuItem, MenuTrigger } from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';

import type { MenuEntry } from './menu';

export default function MenuItems({ label, className, entries }: { label: string; className: string; entries: readonly MenuEntry[] }) {
  // It is there because its button was pressed. The button has the focus first, so that it gets it back.
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(true), []);
  return (
    <MenuTrigger isOpen={open} onOpenChange={setOpen}>
      {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- it was pressed a moment ago */}
      <AriaButton className={className} autoFocus>
        {label}
      </AriaButton>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" onAction={(key) => entries.find((it) => it.text === key)?.onAction?.()}>
          {entries.map(({ text, href }) => (
            // `opener` lets the new tab copy the session storage, and with it the key.
            <MenuItem key={text} id={text} className="menu-item" {...(href ? { href, target: '_blank', rel: 'opener' } : {})}>
              {text}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
