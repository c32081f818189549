// The command palette: pages, and partners and professionals by name.

import { useEffect, useState } from 'react';
import { Autocomplete } from 'react-aria-components/Autocomplete';
import { Input } from 'react-aria-components/Input';
import { Menu, MenuItem } from 'react-aria-components/Menu';
import { Dialog, Modal, ModalOverlay } from 'react-aria-components/Modal';
import { SearchField } from 'react-aria-components/SearchField';
import { useClient } from 'urql';
import { useLocation } from 'wouter';

import { PartnerNames } from '#generated/partners';
import { ProfessionalNames } from '#generated/professionals';
import { useCaller } from '#src/api/caller';
import { useTexts } from '#src/i18n/i18n';
import { VIEWS } from '#src/views';

interface Target {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
}

export default function Palette({ onClose }: { onClose: () => void }) {
  const { viewer, isStaff } = useCaller();
  const { t } = useTexts();
  const client = useClient();
  const [, navigate] = useLocation();
  const [text, setText] = useState('');
  const [found, setFound] = useState<Target[]>([]);
  useEffect(() => {
    if (!isStaff || text.trim().length < 2) {
      setFound([]);
      return undefined;
    }
    let current = true;
    const timer = setTimeout(async () => {
      const [partners, people] = await Promise.all([
        client.query(PartnerNames.document, { search: text }).toPromise(),
        client.query(ProfessionalNames.document, { search: text }).toPromise(),
      ]);
      if (current) {
        const of = (nodes: ({ code: string; name: string } | null)[] | undefined, folder: string, kind: string) =>
          (nodes ?? []).flatMap((it) => (it ? [{ id: `${folder}/${encodeURIComponent(it.code)}`, name: it.name, kind }] : []));
        setFound([
          ...of(partners.data?.partners.nodes, '/partners', t('nav.partners')),
          ...of(people.data?.professionals.nodes, '/professionals', t('nav.professionals')),
        ]);
      }
    }, 150);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [client, isStaff, text, t]);
  const wanted = text.trim().toLowerCase();
  const pages = VIEWS[viewer.role]
    .filter((it) => it.listed !== false || it.found)
    .map((it) => ({ id: it.path, name: t(it.title), kind: '' }))
    .filter((it) => it.name.toLowerCase().includes(wanted));
  return (
    <ModalOverlay className="overlay palette-overlay" isOpen isDismissable onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal palette">
        <Dialog className="dialog" aria-label={t('nav.search')}>
          <Autocomplete inputValue={text} onInputChange={setText}>
            {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- a palette is opened to type into it */}
            <SearchField aria-label={t('nav.search')} autoFocus className="palette-field">
              <Input placeholder={t('palette.placeholder')} />
            </SearchField>
            <Menu
              className="menu"
              aria-label={t('nav.search')}
              items={[...pages, ...found]}
              renderEmptyState={() => <p className="muted">{t('state.empty')}</p>}
              onAction={(key) => {
                onClose();
                navigate(String(key));
              }}
            >
              {(item: Target) => (
                <MenuItem className="menu-item" textValue={item.name}>
                  <span>{item.name}</span>
                  <span className="muted">{item.kind}</span>
                </MenuItem>
              )}
            </Menu>
          </Autocomplete>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
