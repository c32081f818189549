// The deliveries of a webhook endpoint.

import { useState } from 'react';

import { Deliveries, DisableWebhook, EnableWebhook, ResendDelivery, TestWebhook } from '#generated/administration';
import { WebhookDeliveryState } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Badge, Button, Shown } from '#src/ui/basics';
import { ChangeDialog } from '#src/ui/change';
import type { Change } from '#src/ui/change';
import { SelectField } from '#src/ui/fields';
import { Page } from '#src/ui/page';
import { fixed, Table } from '#src/ui/table';

const TONES = { PENDING: 'info', DELIVERED: 'good', FAILED: 'bad' } as const;

export default function WebhookPage({ params }: { params: Record<string, string> }) {
  const id = params['id'] ?? '';
  const { t, time, number } = useTexts();
  const { may } = useCaller();
  const [get, set] = useAddress();
  const [change, setChange] = useState<Change | null>(null);
  const state = get('state') as (typeof WebhookDeliveryState)[number] | '';
  const variables = { id, last: 100, ...(state ? { state } : {}) };
  const result = useData(Deliveries, variables);
  const node = result.data?.node;
  const endpoint = node && 'deliveries' in node ? node : null;
  const simple = (title: string, operation: Change['operation'], input: Record<string, unknown>, danger = false) =>
    setChange({ title, fields: [], operation, input: () => input, preview: false, confirm: title, danger });
  return (
    <Page
      title={endpoint?.url ?? t('nav.webhooks')}
      lead={t('webhooks.deliveries')}
      queries={[{ operation: Deliveries, variables }]}
      actions={
        endpoint && (
          <>
            {may('sendTestWebhook') && <Button onPress={() => simple(t('webhooks.test'), TestWebhook, { id })}>{t('webhooks.test')}</Button>}
            {endpoint.status === 'ENABLED' && may('disableWebhookEndpoint') && <Button onPress={() => simple(t('webhooks.disable'), DisableWebhook, { id }, true)}>{t('webhooks.disable')}</Button>}
            {endpoint.status === 'DISABLED' && may('enableWebhookEndpoint') && <Button onPress={() => simple(t('webhooks.enable'), EnableWebhook, { id })}>{t('webhooks.enable')}</Button>}
          </>
        )
      }
    >
      <div className="filters">
        <SelectField
          label={t('field.status')}
          value={state}
          onChange={(value) => set({ state: value })}
          options={[['', t('filter.all')], ...WebhookDeliveryState.map((it) => [it, t(`WebhookDeliveryState.${it}`)] as const)]}
        />
      </div>
      <Shown of={result} pick={() => endpoint}>
        {() => (
          <Table
            label={t('webhooks.deliveries')}
            file="deliveries"
            rows={fixed((endpoint?.deliveries.nodes ?? []).filter((it): it is NonNullable<typeof it> => it !== null).toReversed())}
            columns={[
              { key: 'type', title: t('field.kind'), cell: (it) => it.type, csv: (it) => it.type },
              { key: 'number', title: t('webhooks.event'), number: true, cell: (it) => (it.eventNumber === null ? '–' : number(it.eventNumber)), csv: (it) => it.eventNumber },
              { key: 'created', title: t('field.date'), cell: (it) => time(it.createdAt), csv: (it) => it.createdAt },
              {
                key: 'attempts',
                title: t('webhooks.attempts'),
                cell: (it) => (
                  <span>
                    {number(it.attempts.length)}
                    <span className="sub">{it.attempts.map((one) => (one.error ?? (one.statusCode === null ? '' : `${one.statusCode} · ${one.durationMs} ms`))).join(', ')}</span>
                  </span>
                ),
                csv: (it) => it.attempts.length,
              },
              {
                key: 'state',
                title: t('field.status'),
                cell: (it) => (
                  <span>
                    <Badge tone={TONES[it.state]}>{t(`WebhookDeliveryState.${it.state}`)}</Badge>
                    {it.nextAttemptAt && <span className="sub">{time(it.nextAttemptAt)}</span>}
                  </span>
                ),
                csv: (it) => it.state,
              },
              {
                key: 'actions',
                title: t('field.actions'),
                cell: (it) =>
                  it.state !== 'PENDING' &&
                  may('resendWebhookDelivery') && (
                    <span className="row-actions">
                      <Button onPress={() => simple(t('webhooks.resend'), ResendDelivery, { deliveryId: it.id })}>{t('webhooks.resend')}</Button>
                    </span>
                  ),
              },
            ]}
          />
        )}
      </Shown>
      {change && <ChangeDialog change={change} onClose={() => setChange(null)} />}
    </Page>
  );
}
