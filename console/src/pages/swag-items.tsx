// Items of the Swag Shop, with price and stock.

import { SaveSwagItem, SwagItems } from '#generated/professionals';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import type { Change } from '#src/ui/change';
import { ListPage, Two, useColumns } from '#src/ui/list';

export default function SwagItemsPage() {
  const { t } = useTexts();
  const rows = useRows(SwagItems, {}, (data) => data.swagItems);
  const column = useColumns(rows);
  const save = (item?: (typeof rows.rows)[number]): Change => {
    const confirm = t(item ? 'products.change' : 'swagItems.create');
    return {
      title: item ? t('products.changeTitle', { name: item.name }) : confirm,
      about: t('swagItems.about'),
      fields: [
        ...(item ? [] : [{ name: 'code', label: t('field.code'), required: true }]),
        { name: 'name', label: t('field.name'), required: true, initial: item?.name ?? '' },
        { name: 'dojoCredits', label: t('field.dojo'), type: 'number', required: true, min: 1, initial: item ? String(item.dojoCredits) : '' },
        { name: 'stock', label: t('swagItems.stock'), type: 'number', required: true, min: 0, initial: item ? String(item.stock) : '' },
      ],
      operation: SaveSwagItem,
      input: (values) => ({ code: item?.code ?? values['code'], name: values['name'], dojoCredits: Number(values['dojoCredits']), stock: Number(values['stock']) }),
      confirm,
    };
  };
  return (
    <ListPage
      title={t('nav.swagItems')}
      lead={t('swagItems.lead')}
      rows={rows}
      file="swag-items"
      pageActions={[{ mutation: 'saveSwagItem', label: t('swagItems.create'), kind: 'primary', change: () => save() }]}
      columns={[
        { key: 'name', title: t('field.name'), cell: (it) => <Two sub={it.code}>{it.name}</Two>, csv: (it) => it.name },
        column.number('dojo', t('field.dojo'), (it) => it.dojoCredits),
        column.number('stock', t('swagItems.stock'), (it) => it.stock),
      ]}
      rowActions={(it) => [{ mutation: 'saveSwagItem', label: t('products.change'), name: t('products.changeTitle', { name: it.name }), change: () => save(it) }]}
    />
  );
}
