// The Swag Shop: items for Dojo Credits, and one's own orders.

import { CancelSwagOrder } from '#generated/orders';
import { OwnSwagOrders, PlaceSwagOrder, Shop, SwagItems } from '#generated/professionals';
import { useCaller } from '#src/api/caller';
import { useAllRows, useData, useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { useChange } from '#src/ui/actions';
import type { Action } from '#src/ui/actions';
import { Button, Card, Empty, Failed, Figure, Loading, Shown } from '#src/ui/basics';
import { List, useColumns } from '#src/ui/list';
import { Page } from '#src/ui/page';

import { SWAG_TONES } from './tones';

export default function ShopPage() {
  const { viewer } = useCaller();
  const { t, number } = useTexts();
  const code = viewer.professional?.code ?? '';
  const result = useData(Shop, { code });
  const queries = [
    { operation: Shop, variables: { code } },
    { operation: SwagItems, variables: { first: 50 } },
    { operation: OwnSwagOrders, variables: { code, last: 50 } },
  ];
  return (
    <Page title={t('nav.shop')} lead={t('shop.lead')} queries={queries}>
      <Shown of={result} pick={(data) => data.professional}>
        {({ professional }) => (
          <>
            <div className="figures">
              <Figure label={t('field.dojo')} value={number(professional?.dojoCredits ?? 0)} />
            </div>
            <Items code={code} credits={professional?.dojoCredits ?? 0} />
            <div className="stack">
              <h2>{t('shop.orders')}</h2>
              <Orders code={code} />
            </div>
          </>
        )}
      </Shown>
    </Page>
  );
}

function Items({ code, credits }: { code: string; credits: number }) {
  const { t } = useTexts();
  const { may } = useCaller();
  const { open, dialog } = useChange();
  const items = useAllRows(SwagItems, {}, (data) => data.swagItems);
  if (items.error) {
    return <Failed error={items.error} again={items.again} />;
  }
  if (items.rows.length === 0) {
    return items.loading ? <Loading /> : <Empty />;
  }
  const order = (item: (typeof items.rows)[number]) => {
    const idempotencyKey = crypto.randomUUID();
    open({
      title: t('shop.orderTitle', { item: item.name }),
      fields: [{ name: 'quantity', label: t('field.quantity'), type: 'number', required: true, initial: '1', min: 1, max: item.stock }],
      operation: PlaceSwagOrder,
      input: (values) => ({ professional: code, item: item.code, quantity: Number(values['quantity']), idempotencyKey }),
      confirm: t('shop.order'),
      done: t('shop.ordered'),
    });
  };
  return (
    <>
      <div className="grid">
        {items.rows.map((item) => (
          <Card key={item.id} title={item.name}>
            <p>
              <strong>{t('shop.price', { n: item.dojoCredits })}</strong>
            </p>
            <p className="muted">{item.stock > 0 ? t('shop.stock', { n: item.stock }) : t('shop.out')}</p>
            {may('placeSwagOrder') && item.stock > 0 && (
              <Button label={`${t('shop.order')}: ${item.name}`} disabled={credits < item.dojoCredits} onPress={() => order(item)}>
                {t('shop.order')}
              </Button>
            )}
          </Card>
        ))}
      </div>
      {dialog}
    </>
  );
}

function Orders({ code }: { code: string }) {
  const { t } = useTexts();
  const rows = useRows(OwnSwagOrders, { code }, (data) => data.professional?.swagOrders, { backward: true });
  const column = useColumns(rows);
  const cancel = (number: string): Action => ({
    mutation: 'cancelSwagOrder',
    label: t('orders.cancel'),
    name: t('shop.cancelTitle', { number }),
    change: () => ({
      title: t('shop.cancelTitle', { number }),
      fields: [],
      operation: CancelSwagOrder,
      input: () => ({ number }),
      confirm: t('orders.cancel'),
      danger: true,
    }),
  });
  return (
    <List
      label={t('shop.orders')}
      file="swag-orders"
      rows={rows}
      columns={[
        column.text('number', t('field.order'), (it) => it.number),
        column.text('item', t('field.item'), (it) => `${it.quantity} × ${it.itemName}`),
        column.number('dojo', t('field.dojo'), (it) => it.dojoCredits),
        column.date('placed', t('field.placedOn'), (it) => it.placedOn),
        column.status('SwagOrderStatus', (it) => it.status, SWAG_TONES),
      ]}
      rowActions={(it) => (it.status === 'PLACED' ? [cancel(it.number)] : [])}
    />
  );
}
