// Webhook endpoints.

import { useState } from 'react';
import { Link } from 'wouter';

import { CreateWebhook, Webhooks } from '#generated/administration';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import type { Change } from '#src/ui/change';
import { ListPage, Two, useColumns } from '#src/ui/list';
import { Secret } from '#src/ui/secret';

const TONES = { ENABLED: 'good', DISABLED: 'bad' } as const;

export default function WebhooksPage() {
  const { t, number, time } = useTexts();
  const [secret, setSecret] = useState('');
  const rows = useRows(Webhooks, {}, (data) => data.webhookEndpoints);
  const column = useColumns(rows);
  const create = (): Change => ({
    title: t('webhooks.create'),
    fields: [
      { name: 'url', label: t('webhooks.url'), type: 'url', required: true },
      { name: 'description', label: t('field.description'), required: true },
    ],
    operation: CreateWebhook,
    input: (values) => values,
    preview: false,
    confirm: t('webhooks.create'),
    onDone: (payload) => setSecret(String(payload['secret'] ?? '')),
  });
  return (
    <ListPage
      title={t('nav.webhooks')}
      lead={t('webhooks.lead')}
      rows={rows}
      file="webhooks"
      empty={t('webhooks.none')}
      pageActions={[{ mutation: 'createWebhookEndpoint', label: t('webhooks.create'), kind: 'primary', change: create }]}
      above={secret && <Secret value={secret} onClose={() => setSecret('')} />}
      columns={[
        {
          key: 'url',
          title: t('webhooks.url'),
          cell: (it) => (
            <Two sub={it.description}>
              <Link href={`/webhooks/${it.id}`}>{it.url}</Link>
            </Two>
          ),
          csv: (it) => it.url,
        },
        { key: 'types', title: t('webhooks.types'), cell: (it) => (it.types ? number(it.types.length) : t('filter.all')), csv: (it) => it.types?.join(' ') },
        column.number('lag', t('webhooks.lag'), (it) => it.lag),
        column.number('pending', t('webhooks.pending'), (it) => it.pendingCount),
        column.status('WebhookEndpointStatus', (it) => it.status, TONES, (it) => it.disabledReason ?? time(it.statusSince)),
      ]}
    />
  );
}
