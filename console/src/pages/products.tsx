// Products with their list prices.

import { PriceList, SaveProduct } from '#generated/products';
import { ProductCategory } from '#generated/schema';
import { useAllRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import type { Change, ChangeField } from '#src/ui/change';
import { useOptions } from '#src/ui/filters';
import { ListPage, Two, useColumns } from '#src/ui/list';

type Category = (typeof ProductCategory)[number];

interface Product {
  readonly code: string;
  readonly name: string;
  readonly category: Category;
  readonly prices: readonly { readonly amount: string; readonly currency: string }[];
}

/// The name of the field of a price.
const priceOf = (currency: string) => `price ${currency}`;

export default function ProductsPage() {
  const { t, money } = useTexts();
  const options = useOptions();
  // All of them: the columns are the currencies of any.
  const rows = useAllRows(PriceList, {}, (data) => data.products);
  const column = useColumns(rows);
  const currencies = [...new Set(rows.rows.flatMap((it) => it.prices.map((price) => price.currency)))].sort();

  const save = (product?: Product): Change => {
    const fields: ChangeField[] = [
      ...(product ? [] : [{ name: 'code', label: t('field.code'), required: true }]),
      { name: 'name', label: t('field.name'), required: true, initial: product?.name ?? '' },
      { name: 'category', label: t('field.category'), type: 'select', required: true, options: options(ProductCategory, 'ProductCategory'), initial: product?.category ?? 'LICENSE' },
      ...currencies.map((currency) => ({
        name: priceOf(currency),
        label: t('products.price', { currency }),
        type: 'number' as const,
        min: 0,
        initial: product?.prices.find((it) => it.currency === currency)?.amount ?? '',
      })),
      { name: 'currency', label: t('products.otherCurrency'), hint: t('products.otherCurrencyHint') },
      { name: 'amount', label: t('products.otherPrice'), type: 'number', min: 0, when: (values) => values['currency'] !== '' },
    ];
    return {
      title: product ? t('products.changeTitle', { name: product.name }) : t('products.create'),
      about: t('products.about'),
      fields,
      operation: SaveProduct,
      input: (values) => ({
        code: product?.code ?? values['code'],
        name: values['name'],
        category: values['category'],
        prices: [
          ...currencies.flatMap((currency) => (values[priceOf(currency)] ? [{ currency, amount: values[priceOf(currency)] }] : [])),
          ...(values['currency'] && values['amount'] ? [{ currency: values['currency'].toUpperCase(), amount: values['amount'] }] : []),
        ],
      }),
      accepted: t('products.accepted'),
      confirm: product ? t('products.change') : t('products.create'),
    };
  };

  return (
    <ListPage
      title={t('nav.products')}
      lead={t('products.lead')}
      rows={rows}
      file="products"
      empty={t('products.none')}
      pageActions={[{ mutation: 'saveProduct', label: t('products.create'), kind: 'primary', change: () => save() }]}
      columns={[
        { key: 'name', title: t('field.name'), cell: (it) => <Two sub={it.code}>{it.name}</Two>, csv: (it) => it.name },
        column.text('category', t('field.category'), (it) => t(`ProductCategory.${it.category}`)),
        ...currencies.map((currency) => ({
          key: currency,
          title: currency,
          number: true,
          cell: (it: Product) => {
            const price = it.prices.find((one) => one.currency === currency);
            return price ? money(price) : '–';
          },
          csv: (it: Product) => it.prices.find((one) => one.currency === currency)?.amount,
        })),
      ]}
      rowActions={(it) => [{ mutation: 'saveProduct', label: t('products.change'), name: t('products.changeTitle', { name: it.name }), change: () => save(it) }]}
    />
  );
}
