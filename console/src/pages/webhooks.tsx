// Webhook endpoints.

import { useState } from 'react';
import { Link } from 'wouter';

import { CreateWebhook, Webhooks } from '#generated/administration';
import { useData } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Actions, useChange } from '#src/ui/actions';
import { Badge, Shown } from '#src/ui/basics';
import type { Change } from '#src/ui/change';
import { Page } from '#src/ui/page';
import { Secret } from '#src/ui/secret';
import { fixed, Table } from '#src/ui/table';

export default function WebhooksPage() {
  const { t, number, time } = useTexts();
  const { open, dialog } = useChange();
  const [secret, setSecret] = useState('');
  const result = useData(Webhooks, {});
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
    <Page
      title={t('nav.webhooks')}
      lead={t('webhooks.lead')}
      queries={[{ operation: Webhooks, variables: {} }]}
      actions={
        <Actions open={open} of={[{ mutation: 'createWebhookEndpoint', label: t('webhooks.create'), kind: 'primary', change: create }]} />
      }
    >
      {secret && <Secret value={secret} onClose={() => setSecret('')} />}
      <Shown of={result}>
        {(data) => (
          <Table
            label={t('nav.webhooks')}
            file="webhooks"
            rows={fixed(data.webhookEndpoints.nodes.filter((it): it is NonNullable<typeof it> => it !== null))}
            empty={t('webhooks.none')}
            columns={[
              {
                key: 'url',
                title: t('webhooks.url'),
                cell: (it) => (
                  <span>
                    <Link href={`/webhooks/${it.id}`}>{it.url}</Link>
                    <span className="sub">{it.description}</span>
                  </span>
                ),
                csv: (it) => it.url,
              },
              { key: 'types', title: t('webhooks.types'), cell: (it) => (it.types ? number(it.types.length) : t('filter.all')), csv: (it) => it.types?.join(' ') },
              { key: 'lag', title: t('webhooks.lag'), number: true, cell: (it) => number(it.lag), csv: (it) => it.lag },
              { key: 'pending', title: t('webhooks.pending'), number: true, cell: (it) => number(it.pendingCount), csv: (it) => it.pendingCount },
              {
                key: 'status',
                title: t('field.status'),
                cell: (it) => (
                  <span>
                    <Badge tone={it.status === 'ENABLED' ? 'good' : 'bad'}>{t(`WebhookEndpointStatus.${it.status}`)}</Badge>
                    <span className="sub">{it.disabledReason ?? time(it.statusSince)}</span>
                  </span>
                ),
                csv: (it) => it.status,
              },
            ]}
          />
        )}
      </Shown>
      {dialog}
    </Page>
  );
}
