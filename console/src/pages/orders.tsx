// Orders: staff fulfils and takes back, a partner sees and cancels its own.

import { Link } from 'wouter';

import { FulfillOrder, Orders, ReturnOrder } from '#generated/orders';
import { OrderPurpose, OrderStatus } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { findPartners } from '#src/api/lookups';
import { useTexts } from '#src/i18n/i18n';
import { useChangeFields } from '#src/ui/actions';
import { given, oneOf, useOptions } from '#src/ui/filters';
import { ListPage, Two, useColumns } from '#src/ui/list';

import { useCancel } from './cancel';
import { ORDER_TONES } from './tones';

export default function OrdersPage() {
  const { t, money } = useTexts();
  const { may, isStaff, today } = useCaller();
  const [get] = useAddress();
  const options = useOptions();
  const { reason, day } = useChangeFields();
  const { cancelOrder } = useCancel();
  const chosen = oneOf(OrderStatus, get('status'));
  const filter = given({
    statuses: chosen && [chosen],
    purpose: oneOf(OrderPurpose, get('purpose')),
    partner: get('partner'),
    placedFrom: get('from'),
  });
  const rows = useRows(Orders, { filter }, (data) => data.orders);
  const column = useColumns(rows);
  return (
    <ListPage
      title={t('nav.orders')}
      lead={t('orders.lead')}
      rows={rows}
      file="orders"
      actions={
        !isStaff &&
        may('placeOrder') && (
          <Link className="button primary" href="/quote">
            {t('nav.quote')}
          </Link>
        )
      }
      filters={[
        { name: 'status', label: t('field.status'), type: 'select', options: options(OrderStatus, 'OrderStatus', t('filter.all')) },
        { name: 'purpose', label: t('field.purpose'), type: 'select', options: options(OrderPurpose, 'OrderPurpose', t('filter.all')) },
        ...(isStaff ? [{ name: 'partner', label: t('field.partnerCode'), lookup: findPartners }] : []),
        { name: 'from', label: t('field.from'), type: 'date' },
      ]}
      columns={[
        {
          key: 'number',
          title: t('field.order'),
          cell: (it) => <Two sub={it.lines.map((line) => `${line.quantity} × ${line.productName}`).join(', ')}>{it.number}</Two>,
          csv: (it) => it.number,
        },
        ...(isStaff ? [column.subject('partners', (it) => it.partner)] : []),
        { key: 'customer', title: t('field.customer'), cell: (it) => it.customer ?? t(`OrderPurpose.${it.purpose}`), csv: (it) => it.customer },
        column.date('placed', t('field.placedOn'), (it) => it.placedOn),
        column.number('credits', t('field.credits'), (it) => it.credits),
        { key: 'total', title: t('field.total'), number: true, cell: (it) => money(it.total), csv: (it) => `${it.total.amount} ${it.total.currency}` },
        column.status('OrderStatus', (it) => it.status, ORDER_TONES, (it) => it.cancelled?.reason ?? it.returned?.reason),
      ]}
      rowActions={(it) =>
        it.status === 'PLACED'
          ? [
              {
                mutation: 'fulfillOrder',
                label: t('orders.fulfil'),
                kind: 'primary',
                change: () => ({
                  title: t('orders.fulfilTitle', { number: it.number }),
                  fields: [day('fulfilledOn', t('field.fulfilledOn'), { min: it.placedOn, max: today })],
                  operation: FulfillOrder,
                  input: (values) => ({ number: it.number, fulfilledOn: values['fulfilledOn'] }),
                  confirm: t('orders.fulfil'),
                  done: t('orders.fulfilled', { number: it.number }),
                }),
              },
              cancelOrder(it.number),
            ]
          : it.status === 'FULFILLED'
            ? [
                {
                  mutation: 'returnOrder',
                  label: t('orders.return'),
                  change: () => ({
                    title: t('orders.returnTitle', { number: it.number }),
                    fields: [day('returnedOn', t('field.returnedOn'), { max: today }), reason],
                    operation: ReturnOrder,
                    input: (values) => ({ number: it.number, returnedOn: values['returnedOn'], reason: values['reason'] }),
                    confirm: t('orders.return'),
                    danger: true,
                  }),
                },
              ]
            : []
      }
    />
  );
}
