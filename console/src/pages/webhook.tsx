// The deliveries of a webhook endpoint.

import { useState } from 'react';
import { useLocation } from 'wouter';

import { DeleteWebhook, Deliveries, DisableWebhook, EnableWebhook, ReplayWebhook, ResendDelivery, RotateWebhookSecret, TestWebhook, UpdateWebhook } from '#generated/administration';
import { WebhookDeliveryState } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useData } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { ActionMenu, Actions, useChange } from '#src/ui/actions';
import type { Action } from '#src/ui/actions';
import { Badge, Shown } from '#src/ui/basics';
import type { Change } from '#src/ui/change';
import { Filters, given, oneOf, useOptions } from '#src/ui/filters';
import { Page } from '#src/ui/page';
import { Secret } from '#src/ui/secret';
import { fixed, Table } from '#src/ui/table';

const TONES = { PENDING: 'info', DELIVERED: 'good', FAILED: 'bad' } as const;

export default function WebhookPage({ params }: { params: Record<string, string> }) {
  const id = params['id'] ?? '';
  const { t, time, number } = useTexts();
  const [get] = useAddress();
  const [, navigate] = useLocation();
  const [secret, setSecret] = useState('');
  const { open, dialog } = useChange();
  const options = useOptions();
  const variables = { id, last: 100, ...given({ state: oneOf(WebhookDeliveryState, get('state')) }) };
  const result = useData(Deliveries, variables);
  const node = result.data?.node;
  const endpoint = node && 'deliveries' in node ? node : null;
  const simple = (mutation: string, label: string, operation: Change['operation'], input: Record<string, unknown>, more: Partial<Change> = {}): Action => ({
    mutation,
    label,
    change: () => ({ title: label, fields: [], operation, input: () => input, preview: false, confirm: label, ...more }),
  });
  const actions = (of: NonNullable<typeof endpoint>): Action[] => [
    simple('sendTestWebhook', t('webhooks.test'), TestWebhook, { id }),
    of.status === 'ENABLED'
      ? simple('disableWebhookEndpoint', t('webhooks.disable'), DisableWebhook, { id }, { danger: true })
      : simple('enableWebhookEndpoint', t('webhooks.enable'), EnableWebhook, { id }),
    simple('updateWebhookEndpoint', t('webhooks.update'), UpdateWebhook, {}, {
      fields: [
        { name: 'url', label: t('webhooks.url'), type: 'url', required: true, initial: of.url },
        { name: 'description', label: t('field.description'), required: true, initial: of.description },
      ],
      input: (values) => ({ id, ...values }),
    }),
    simple('rotateWebhookSecret', t('webhooks.rotate'), RotateWebhookSecret, { id }, { about: t('webhooks.rotateAbout'), onDone: (payload) => setSecret(String(payload['secret'] ?? '')) }),
    simple('replayWebhookEvents', t('webhooks.replay'), ReplayWebhook, {}, {
      about: t('webhooks.replayAbout'),
      fields: [{ name: 'after', label: t('webhooks.after'), type: 'number', required: true, min: 0, initial: String(Math.max(of.position - 100, 0)) }],
      input: (values) => ({ id, after: Number(values['after']) }),
    }),
    simple('deleteWebhookEndpoint', t('webhooks.delete'), DeleteWebhook, { id }, { about: t('webhooks.deleteAbout'), danger: true, onDone: () => navigate('/webhooks') }),
  ];
  return (
    <Page
      title={endpoint?.url ?? t('nav.webhooks')}
      lead={endpoint?.description ?? t('webhooks.deliveries')}
      queries={[{ operation: Deliveries, variables }]}
      actions={endpoint && <ActionMenu of={actions(endpoint)} open={open} />}
    >
      {secret && <Secret value={secret} onClose={() => setSecret('')} />}
      <Filters of={[{ name: 'state', label: t('field.status'), type: 'select', options: options(WebhookDeliveryState, 'WebhookDeliveryState', t('filter.all')) }]} />
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
                cell: (it) => (
                  <span className="row-actions">
                    {it.state !== 'PENDING' && <Actions of={[simple('resendWebhookDelivery', t('webhooks.resend'), ResendDelivery, { deliveryId: it.id })]} open={open} />}
                  </span>
                ),
              },
            ]}
          />
        )}
      </Shown>
      {dialog}
    </Page>
  );
}
