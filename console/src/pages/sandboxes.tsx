// Sandboxes: copies of the program whose clock is moved, each with a console of its own. The key of a new one is shown once.

import { useState } from 'react';

import { AdvanceSandbox, CreateSandbox, DeleteSandbox, Sandboxes } from '#generated/administration';
import { useCaller } from '#src/api/caller';
import { useFollowing, useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import type { Change } from '#src/ui/change';
import { ListPage, Two, useColumns } from '#src/ui/list';
import { Secret } from '#src/ui/secret';

const TONES = { CREATING: 'info', READY: 'good', ADVANCING: 'info', FAILED: 'bad' } as const;

/// The list is short: it has no pages.
const pageInfo = { hasNextPage: false, endCursor: null };

export default function SandboxesPage() {
  const { t, date } = useTexts();
  const { today } = useCaller();
  const [secret, setSecret] = useState('');
  const rows = useRows(Sandboxes, {}, ({ sandboxes }) => ({ totalCount: sandboxes.length, pageInfo, nodes: sandboxes }));
  useFollowing(
    rows.rows.some((it) => it.status === 'CREATING' || it.status === 'ADVANCING'),
    rows.again,
  );
  const column = useColumns(rows);
  const create = (): Change => ({
    title: t('sandboxes.create'),
    about: t('sandboxes.createAbout'),
    fields: [
      { name: 'asOf', label: t('sandboxes.asOf'), type: 'date', required: true, initial: today, min: today },
      { name: 'expiresIn', label: t('sandboxes.hours'), type: 'number', required: true, initial: '24', min: 1 },
      {
        name: 'demo',
        label: t('sandboxes.content'),
        type: 'select',
        options: [
          ['', t('sandboxes.copy')],
          ['demo', t('sandboxes.demo')],
        ],
      },
    ],
    operation: CreateSandbox,
    input: (values) => ({ asOf: values['asOf'], expiresIn: Number(values['expiresIn']), demo: values['demo'] === 'demo' }),
    preview: false,
    confirm: t('sandboxes.create'),
    onDone: (payload) => setSecret(String(payload['secret'] ?? '')),
  });
  return (
    <ListPage
      title={t('nav.sandboxes')}
      lead={t('sandboxes.page')}
      rows={rows}
      file="sandboxes"
      empty={t('sandboxes.none')}
      pageActions={[{ mutation: 'createSandbox', label: t('sandboxes.create'), kind: 'primary', change: create }]}
      above={secret && <Secret value={secret} onClose={() => setSecret('')} />}
      columns={[
        {
          key: 'today',
          title: t('sandboxes.today'),
          cell: (it) => (
            <Two sub={it.isDemo ? t('sandboxes.demo') : t('sandboxes.copy')}>
              {/* A tab of its own: it has a key of its own. */}
              <a href={it.consoleUrl} target="_blank" rel="noopener">
                {date(it.today)}
              </a>
            </Two>
          ),
          csv: (it) => it.today,
        },
        column.status('SandboxStatus', (it) => it.status, TONES),
        column.text('creator', t('sandboxes.creator'), (it) => it.createdBy),
        column.time('created', t('keys.createdAt'), (it) => it.createdAt),
        column.time('expires', t('keys.expires'), (it) => it.expiresAt),
      ]}
      rowActions={(it) => [
        {
          mutation: 'advanceSandbox',
          label: t('sandboxes.advance'),
          name: `${t('sandboxes.advance')}: ${date(it.today)}`,
          change: () => ({
            title: t('sandboxes.advance'),
            about: t('sandboxes.advanceAbout'),
            fields: [{ name: 'to', label: t('sandboxes.to'), type: 'date', required: true, min: it.today, initial: `${Number(it.today.slice(0, 4)) + 1}-01-01` }],
            operation: AdvanceSandbox,
            input: (values) => ({ id: it.id, to: values['to'] }),
            preview: false,
            confirm: t('sandboxes.advance'),
          }),
        },
        {
          mutation: 'deleteSandbox',
          label: t('sandboxes.delete'),
          name: `${t('sandboxes.delete')}: ${date(it.today)}`,
          change: () => ({
            title: t('sandboxes.delete'),
            about: t('sandboxes.deleteAbout'),
            fields: [],
            operation: DeleteSandbox,
            input: () => ({ id: it.id }),
            preview: false,
            confirm: t('sandboxes.delete'),
            danger: true,
          }),
        },
      ]}
    />
  );
}
