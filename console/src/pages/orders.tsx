// Orders: staff fulfils and takes back, a partner sees and cancels its own.

import { useState } from 'react';
import { Link } from 'wouter';

import { CancelOrder, FulfillOrder, Orders, ReturnOrder } from '#generated/orders';
import { OrderPurpose, OrderStatus } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Badge, Button } from '#src/ui/basics';
import { ChangeDialog } from '#src/ui/change';
import type { Change } from '#src/ui/change';
import { SelectField, TextField } from '#src/ui/fields';
import { Page } from '#src/ui/page';
import { Table } from '#src/ui/table';

import { ORDER_TONES } from './tones';

export default function OrdersPage() {
  const { t, date, number, money } = useTexts();
  const { may, isStaff, today } = useCaller();
  const [get, set] = useAddress();
  const [change, setChange] = useState<Change | null>(null);
  const filter = {
    ...(get('status') ? { statuses: [get('status') as (typeof OrderStatus)[number]] } : {}),
    ...(get('purpose') ? { purpose: get('purpose') as (typeof OrderPurpose)[number] } : {}),
    ...(get('partner') ? { partner: get('partner') } : {}),
    ...(get('from') ? { placedFrom: get('from') } : {}),
  };
  const rows = useRows(Orders, { filter }, (data) => data.orders);
  return (
    <Page
      title={t('nav.orders')}
      lead={t('orders.lead')}
      queries={[{ operation: Orders, variables: { filter, first: 50 } }]}
      actions={!isStaff && may('placeOrder') ? <Link className="button primary" href="/quote">{t('nav.quote')}</Link> : undefined}
    >
      <div className="filters">
        <SelectField
          label={t('field.status')}
          value={get('status')}
          onChange={(value) => set({ status: value })}
          options={[['', t('filter.all')], ...OrderStatus.map((it) => [it, t(`OrderStatus.${it}`)] as const)]}
        />
        <SelectField
          label={t('field.purpose')}
          value={get('purpose')}
          onChange={(value) => set({ purpose: value })}
          options={[['', t('filter.all')], ...OrderPurpose.map((it) => [it, t(`OrderPurpose.${it}`)] as const)]}
        />
        {isStaff && <TextField label={t('field.partnerCode')} type="search" value={get('partner')} onChange={(value) => set({ partner: value })} />}
        <TextField label={t('field.from')} type="date" value={get('from')} onChange={(value) => set({ from: value })} />
      </div>
      <Table
        label={t('nav.orders')}
        file="orders"
        rows={rows}
        columns={[
          {
            key: 'number',
            title: t('field.order'),
            cell: (it) => (
              <span>
                {it.number}
                <span className="sub">{it.lines.map((line) => `${line.quantity} × ${line.productName}`).join(', ')}</span>
              </span>
            ),
            csv: (it) => it.number,
          },
          ...(isStaff
            ? [
                {
                  key: 'partner',
                  title: t('field.partner'),
                  cell: (it: (typeof rows.rows)[number]) => <Link href={`/partners/${encodeURIComponent(it.partner.code)}`}>{it.partner.name}</Link>,
                  csv: (it: (typeof rows.rows)[number]) => it.partner.code,
                },
              ]
            : []),
          { key: 'customer', title: t('field.customer'), cell: (it) => it.customer ?? t(`OrderPurpose.${it.purpose}`), csv: (it) => it.customer },
          { key: 'placed', title: t('field.placedOn'), cell: (it) => <span className="nowrap">{date(it.placedOn)}</span>, csv: (it) => it.placedOn },
          { key: 'credits', title: t('field.credits'), number: true, cell: (it) => number(it.credits), csv: (it) => it.credits },
          { key: 'total', title: t('field.total'), number: true, cell: (it) => money(it.total), csv: (it) => `${it.total.amount} ${it.total.currency}` },
          {
            key: 'status',
            title: t('field.status'),
            cell: (it) => (
              <span>
                <Badge tone={ORDER_TONES[it.status]}>{t(`OrderStatus.${it.status}`)}</Badge>
                {(it.cancelled?.reason ?? it.returned?.reason) && <span className="sub">{it.cancelled?.reason ?? it.returned?.reason}</span>}
              </span>
            ),
            csv: (it) => it.status,
          },
          {
            key: 'actions',
            title: t('field.actions'),
            cell: (it) => (
              <span className="row-actions">
                {it.status === 'PLACED' && may('fulfillOrder') && (
                  <Button
                    kind="primary"
                    onPress={() =>
                      setChange({
                        title: t('orders.fulfilTitle', { number: it.number }),
                        fields: [{ name: 'fulfilledOn', label: t('field.fulfilledOn'), type: 'date', required: true, initial: today, min: it.placedOn, max: today }],
                        operation: FulfillOrder,
                        input: (values) => ({ number: it.number, fulfilledOn: values['fulfilledOn'] }),
                        confirm: t('orders.fulfil'),
                        done: t('orders.fulfilled', { number: it.number }),
                      })
                    }
                  >
                    {t('orders.fulfil')}
                  </Button>
                )}
                {it.status === 'FULFILLED' && may('returnOrder') && (
                  <Button
                    onPress={() =>
                      setChange({
                        title: t('orders.returnTitle', { number: it.number }),
                        fields: [
                          { name: 'returnedOn', label: t('field.returnedOn'), type: 'date', required: true, initial: today, max: today },
                          { name: 'reason', label: t('field.reason'), type: 'textarea', required: true },
                        ],
                        operation: ReturnOrder,
                        input: (values) => ({ number: it.number, returnedOn: values['returnedOn'], reason: values['reason'] }),
                        confirm: t('orders.return'),
                        danger: true,
                      })
                    }
                  >
                    {t('orders.return')}
                  </Button>
                )}
                {it.status === 'PLACED' && may('cancelOrder') && (
                  <Button
                    onPress={() =>
                      setChange({
                        title: t('orders.cancelTitle', { number: it.number }),
                        fields: [{ name: 'reason', label: t('field.reason'), type: 'textarea' }],
                        operation: CancelOrder,
                        input: (values) => ({ number: it.number, ...(values['reason'] ? { reason: values['reason'] } : {}) }),
                        confirm: t('orders.cancel'),
                        danger: true,
                      })
                    }
                  >
                    {t('orders.cancel')}
                  </Button>
                )}
              </span>
            ),
          },
        ]}
      />
      {change && <ChangeDialog change={change} onClose={() => setChange(null)} />}
    </Page>
  );
}
