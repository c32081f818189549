// Swag orders that staff ships.

import { FulfillSwagOrder, SwagOrders } from '#generated/orders';
import { SwagOrderStatus } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { given, oneOf, useOptions } from '#src/ui/filters';
import { ListPage, useColumns } from '#src/ui/list';

import { useCancel } from './cancel';
import { SWAG_TONES } from './tones';

export default function SwagOrdersPage() {
  const { t } = useTexts();
  const [get] = useAddress();
  const options = useOptions();
  const { cancelSwag } = useCancel();
  const chosen = oneOf(SwagOrderStatus, get('status'));
  const rows = useRows(SwagOrders, { filter: given({ statuses: chosen && [chosen] }) }, (data) => data.swagOrders);
  const column = useColumns(rows);
  return (
    <ListPage
      title={t('nav.swag')}
      lead={t('swag.lead')}
      rows={rows}
      file="swag-orders"
      filters={[{ name: 'status', label: t('field.status'), type: 'select', options: options(SwagOrderStatus, 'SwagOrderStatus', t('filter.all')) }]}
      columns={[
        { key: 'number', title: t('field.order'), cell: (it) => it.number, csv: (it) => it.number },
        column.subject('professionals', (it) => it.professional),
        { key: 'item', title: t('field.item'), cell: (it) => `${it.quantity} × ${it.itemName}`, csv: (it) => `${it.quantity} × ${it.itemName}` },
        column.number('dojo', t('field.dojo'), (it) => it.dojoCredits),
        column.date('placed', t('field.placedOn'), (it) => it.placedOn),
        column.status('SwagOrderStatus', (it) => it.status, SWAG_TONES),
      ]}
      rowActions={(it) =>
        it.status === 'PLACED'
          ? [
              {
                mutation: 'fulfillSwagOrder',
                label: t('swag.ship'),
                kind: 'primary',
                change: () => ({
                  title: t('swag.shipTitle', { number: it.number, who: it.professional.name }),
                  fields: [],
                  operation: FulfillSwagOrder,
                  input: () => ({ number: it.number }),
                  confirm: t('swag.ship'),
                }),
              },
              cancelSwag(it.number),
            ]
          : []
      }
    />
  );
}
