// The Swag Shop: items for Dojo Credits, and one's own orders.

import { CancelSwagOrder } from '#generated/orders';
import { PlaceSwagOrder, Shop } from '#generated/professionals';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { useChange } from '#src/ui/actions';
import { Badge, Button, Card, Empty, Figure, Shown } from '#src/ui/basics';
import { Page } from '#src/ui/page';

import { SWAG_TONES } from './tones';

export default function ShopPage() {
  const { viewer, may } = useCaller();
  const { t, number, date } = useTexts();
  const code = viewer.professional?.code ?? '';
  const result = useData(Shop, { code });
  const { open, dialog } = useChange();
  return (
    <Page title={t('nav.shop')} lead={t('shop.lead')} queries={[{ operation: Shop, variables: { code } }]}>
      <Shown of={result} pick={(data) => data.professional}>
        {({ professional, swagItems }) => (
          <>
            <div className="figures">
              <Figure label={t('field.dojo')} value={number(professional?.dojoCredits ?? 0)} />
            </div>
            <div className="grid">
              {swagItems.nodes.map(
                (item) =>
                  item && (
                    <Card key={item.id} title={item.name}>
                      <p>
                        <strong>{t('shop.price', { n: item.dojoCredits })}</strong>
                      </p>
                      <p className="muted">{item.stock > 0 ? t('shop.stock', { n: item.stock }) : t('shop.out')}</p>
                      {may('placeSwagOrder') && item.stock > 0 && (
                        <Button
                          label={`${t('shop.order')}: ${item.name}`}
                          disabled={(professional?.dojoCredits ?? 0) < item.dojoCredits}
                          onPress={() => {
                            const idempotencyKey = crypto.randomUUID();
                            open({
                              title: t('shop.orderTitle', { item: item.name }),
                              fields: [{ name: 'quantity', label: t('field.quantity'), type: 'number', required: true, initial: '1', min: 1, max: item.stock }],
                              operation: PlaceSwagOrder,
                              input: (values) => ({ professional: code, item: item.code, quantity: Number(values['quantity']), idempotencyKey }),
                              confirm: t('shop.order'),
                              done: t('shop.ordered'),
                            });
                          }}
                        >
                          {t('shop.order')}
                        </Button>
                      )}
                    </Card>
                  ),
              )}
            </div>
            <Card title={t('shop.orders')}>
              {professional?.swagOrders.nodes.length === 0 && <Empty />}
              <ul className="list">
                {professional?.swagOrders.nodes.toReversed().map(
                  (it) =>
                    it && (
                      <li key={it.id}>
                        <span>
                          {`${it.quantity} × ${it.itemName}`}
                          <span className="sub">{`${it.number} · ${date(it.placedOn)} · ${t('shop.price', { n: it.dojoCredits })}`}</span>
                        </span>
                        <span className="inline">
                          <Badge tone={SWAG_TONES[it.status]}>{t(`SwagOrderStatus.${it.status}`)}</Badge>
                          {it.status === 'PLACED' && may('cancelSwagOrder') && (
                            <Button
                              onPress={() =>
                                open({
                                  title: t('shop.cancelTitle', { number: it.number }),
                                  fields: [],
                                  operation: CancelSwagOrder,
                                  input: () => ({ number: it.number }),
                                  confirm: t('orders.cancel'),
                                  danger: true,
                                })
                              }
                            >
                              {t('orders.cancel')}
                            </Button>
                          )}
                        </span>
                      </li>
                    ),
                )}
              </ul>
            </Card>
          </>
        )}
      </Shown>
      {dialog}
    </Page>
  );
}
