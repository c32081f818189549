// End customers of deals and orders: their spellings, and what is one customer and what is not.

import { Link } from 'wouter';

import { Customers, JoinCustomers, SeparateCustomers } from '#generated/customers';
import { CustomerOrder } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useRows } from '#src/api/data';
import { customerId, findCustomers } from '#src/api/lookups';
import { useTexts } from '#src/i18n/i18n';
import { useChangeFields } from '#src/ui/actions';
import { given, oneOf, useOptions } from '#src/ui/filters';
import { ListPage, Two, useColumns } from '#src/ui/list';

export default function CustomersPage() {
  const { t, number } = useTexts();
  const [get] = useAddress();
  const options = useOptions();
  const { reason } = useChangeFields();
  const rows = useRows(Customers, { filter: given({ search: get('search') }), orderBy: oneOf(CustomerOrder, get('order')) ?? 'NAME' }, (data) => data.customers);
  const column = useColumns(rows);
  return (
    <ListPage
      title={t('nav.customers')}
      lead={t('customers.lead')}
      rows={rows}
      file="customers"
      empty={t('customers.none')}
      orders={CustomerOrder}
      filters={[
        { name: 'search', label: t('filter.search') },
        { name: 'order', label: t('filter.order'), type: 'select', usual: 'NAME', options: options(CustomerOrder, 'CustomerOrder') },
      ]}
      columns={[
        {
          key: 'name',
          title: t('field.customer'),
          order: 'NAME',
          cell: (it) => <Two sub={it.joinedInto ? t('customers.joinedInto', { name: it.joinedInto.name }) : null}>{it.name}</Two>,
          csv: (it) => it.name,
        },
        column.text('spellings', t('customers.spellings'), (it) => it.spellings.join(' · ') || null),
        column.date('won', t('customers.firstWon'), (it) => it.firstWonOn, { order: 'FIRST_WON_ON' }),
        {
          key: 'deal',
          title: t('customers.firstDeal'),
          cell: (it) =>
            it.firstDeal ? (
              <Two sub={it.firstDeal.partner.name}>
                <Link href={`/deals/${encodeURIComponent(it.firstDeal.reference)}`}>{it.firstDeal.reference}</Link>
              </Two>
            ) : (
              '–'
            ),
          csv: (it) => it.firstDeal?.reference,
        },
        {
          key: 'deals',
          title: t('nav.deals'),
          number: true,
          cell: (it) => <Link href={`/deals?view=list&customer=${encodeURIComponent(it.name)}`}>{number(it.deals.totalCount)}</Link>,
          csv: (it) => it.deals.totalCount,
        },
        column.number('orders', t('nav.orders'), (it) => it.orders.totalCount),
      ]}
      rowActions={(it) =>
        it.joinedInto
          ? []
          : [
              {
                mutation: 'joinCustomers',
                label: t('customers.join'),
                name: t('customers.joinTitle', { name: it.name }),
                change: () => ({
                  title: t('customers.joinTitle', { name: it.name }),
                  about: t('customers.joinAbout', { name: it.name }),
                  fields: [{ name: 'into', label: t('customers.into'), required: true, lookup: findCustomers, hint: t('customers.intoHint') }, reason],
                  operation: JoinCustomers,
                  // A name that is nobody's is refused by the server as an id that does not exist.
                  input: (values) => ({ from: it.id, into: customerId(values['into'] ?? '') ?? values['into'], reason: values['reason'] }),
                  confirm: t('customers.join'),
                  danger: true,
                }),
              },
              ...(it.spellings.length > 1
                ? [
                    {
                      mutation: 'separateCustomers',
                      label: t('customers.separate'),
                      name: t('customers.separateTitle', { name: it.name }),
                      change: () => ({
                        title: t('customers.separateTitle', { name: it.name }),
                        about: t('customers.separateAbout'),
                        fields: [{ name: 'names', label: t('customers.names'), type: 'choices' as const, required: true, options: it.spellings.map((one) => [one, one] as const) }, reason],
                        operation: SeparateCustomers,
                        input: (values: Record<string, string>) => ({ customer: it.id, names: (values['names'] ?? '').split('\n').filter(Boolean), reason: values['reason'] }),
                        confirm: t('customers.separate'),
                        danger: true,
                      }),
                    },
                  ]
                : []),
            ]
      }
    />
  );
}
