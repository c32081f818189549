// The deliveries of a webhook endpoint.

import { useState } from 'react';
import { useLocation } from 'wouter';

import {
  DeleteWebhook,
  Deliveries,
  DisableWebhook,
  EnableWebhook,
  ReplayWebhook,
  ResendDelivery,
  RotateWebhookSecret,
  TestWebhook,
  UpdateWebhook,
  WebhookDetail,
} from '#generated/administration';
import { WebhookDeliveryState } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useData, useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { ActionMenu, useChange } from '#src/ui/actions';
import type { Action } from '#src/ui/actions';
import { Shown } from '#src/ui/basics';
import type { Change } from '#src/ui/change';
import { given, oneOf, useOptions } from '#src/ui/filters';
import { List, Two, useColumns } from '#src/ui/list';
import { Page } from '#src/ui/page';
import { Secret } from '#src/ui/secret';

const TONES = { PENDING: 'info', DELIVERED: 'good', FAILED: 'bad' } as const;

export default function WebhookPage({ params }: { params: Record<string, string> }) {
  const id = params['id'] ?? '';
  const { t, time, number } = useTexts();
  const [get] = useAddress();
  const [, navigate] = useLocation();
  const [secret, setSecret] = useState('');
  const { open, dialog } = useChange();
  const options = useOptions();
  const variables = { id, ...given({ state: oneOf(WebhookDeliveryState, get('state')) }) };
  const result = useData(WebhookDetail, { id });
  const node = result.data?.node;
  const endpoint = node && 'url' in node ? node : null;
  const rows = useRows(Deliveries, variables, (data) => (data.node && 'deliveries' in data.node ? data.node.deliveries : null), { backward: true });
  const column = useColumns(rows);
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
      queries={[
        { operation: WebhookDetail, variables: { id } },
        { operation: Deliveries, variables: { ...variables, last: 50 } },
      ]}
      actions={endpoint && <ActionMenu of={actions(endpoint)} open={open} />}
    >
      {secret && <Secret value={secret} onClose={() => setSecret('')} />}
      <Shown of={result} pick={() => endpoint}>
        {() => (
          <List
            label={t('webhooks.deliveries')}
            file="deliveries"
            rows={rows}
            filters={[{ name: 'state', label: t('field.status'), type: 'select', options: options(WebhookDeliveryState, 'WebhookDeliveryState', t('filter.all')) }]}
            columns={[
              column.text('type', t('field.kind'), (it) => it.type),
              column.number('number', t('webhooks.event'), (it) => it.eventNumber),
              column.time('created', t('field.date'), (it) => it.createdAt),
              {
                key: 'attempts',
                title: t('webhooks.attempts'),
                cell: (it) => (
                  <Two sub={it.attempts.map((one) => (one.error ?? (one.statusCode === null ? '' : `${one.statusCode} · ${one.durationMs} ms`))).join(', ')}>
                    {number(it.attempts.length)}
                  </Two>
                ),
                csv: (it) => it.attempts.length,
              },
              column.status('WebhookDeliveryState', (it) => it.state, TONES, (it) => it.nextAttemptAt && time(it.nextAttemptAt)),
            ]}
            rowActions={(it) => (it.state === 'PENDING' ? [] : [simple('resendWebhookDelivery', t('webhooks.resend'), ResendDelivery, { deliveryId: it.id })])}
          />
        )}
      </Shown>
      {dialog}
    </Page>
  );
}
