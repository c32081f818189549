// Swag orders that staff ships.

import { useState } from 'react';
import { Link } from 'wouter';

import { CancelSwagOrder, FulfillSwagOrder, SwagOrders } from '#generated/orders';
import { SwagOrderStatus } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Badge, Button } from '#src/ui/basics';
import { ChangeDialog } from '#src/ui/change';
import type { Change } from '#src/ui/change';
import { SelectField } from '#src/ui/fields';
import { Page } from '#src/ui/page';
import { Table } from '#src/ui/table';

import { SWAG_TONES } from './tones';

export default function SwagOrdersPage() {
  const { t, date, number } = useTexts();
  const { may } = useCaller();
  const [get, set] = useAddress();
  const [change, setChange] = useState<Change | null>(null);
  const filter = get('status') ? { statuses: [get('status') as (typeof SwagOrderStatus)[number]] } : {};
  const rows = useRows(SwagOrders, { filter }, (data) => data.swagOrders);
  return (
    <Page title={t('nav.swag')} lead={t('swag.lead')} queries={[{ operation: SwagOrders, variables: { filter, first: 50 } }]}>
      <div className="filters">
        <SelectField
          label={t('field.status')}
          value={get('status')}
          onChange={(value) => set({ status: value })}
          options={[['', t('filter.all')], ...SwagOrderStatus.map((it) => [it, t(`SwagOrderStatus.${it}`)] as const)]}
        />
      </div>
      <Table
        label={t('nav.swag')}
        file="swag-orders"
        rows={rows}
        columns={[
          { key: 'number', title: t('field.order'), cell: (it) => it.number, csv: (it) => it.number },
          {
            key: 'who',
            title: t('field.who'),
            cell: (it) => <Link href={`/professionals/${encodeURIComponent(it.professional.code)}`}>{it.professional.name}</Link>,
            csv: (it) => it.professional.code,
          },
          { key: 'item', title: t('field.item'), cell: (it) => `${it.quantity} × ${it.itemName}`, csv: (it) => `${it.quantity} × ${it.itemName}` },
          { key: 'dojo', title: t('field.dojo'), number: true, cell: (it) => number(it.dojoCredits), csv: (it) => it.dojoCredits },
          { key: 'placed', title: t('field.placedOn'), cell: (it) => <span className="nowrap">{date(it.placedOn)}</span>, csv: (it) => it.placedOn },
          { key: 'status', title: t('field.status'), cell: (it) => <Badge tone={SWAG_TONES[it.status]}>{t(`SwagOrderStatus.${it.status}`)}</Badge>, csv: (it) => it.status },
          {
            key: 'actions',
            title: t('field.actions'),
            cell: (it) =>
              it.status === 'PLACED' && (
                <span className="row-actions">
                  {may('fulfillSwagOrder') && (
                    <Button
                      kind="primary"
                      onPress={() =>
                        setChange({
                          title: t('swag.shipTitle', { number: it.number, who: it.professional.name }),
                          fields: [],
                          operation: FulfillSwagOrder,
                          input: () => ({ number: it.number }),
                          confirm: t('swag.ship'),
                        })
                      }
                    >
                      {t('swag.ship')}
                    </Button>
                  )}
                  {may('cancelSwagOrder') && (
                    <Button
                      onPress={() =>
                        setChange({
                          title: t('shop.cancelTitle', { number: it.number }),
                          fields: [{ name: 'reason', label: t('field.reason'), type: 'textarea' }],
                          operation: CancelSwagOrder,
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
