// The list of all partners, or of all professionals: filter, sort, export, and a new one.

import { useLocation } from 'wouter';

import { Levels } from '#generated/levels';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import type { Rows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import type { Action } from '#src/ui/actions';
import type { Change, ChangeField } from '#src/ui/change';
import { useOptions } from '#src/ui/filters';
import type { Filter } from '#src/ui/filters';
import { ListPage, SubjectLink, Two } from '#src/ui/list';
import type { Column } from '#src/ui/table';

interface Subject {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly leftOn: string | null;
}

const SHAPES = {
  partners: { levels: 'partnerLevels', order: 'PartnerOrder', risk: 'lapsing', firstDay: ['enrolledOn', 'field.enrolledOn'] },
  professionals: { levels: 'professionalLevels', order: 'ProfessionalOrder', risk: 'risk', firstDay: ['signedUpOn', 'field.signedUpOn'] },
} as const;

/// The orders of a list, the usual one first.
export function ordersOf<Order extends string>(all: readonly Order[], usual: NoInfer<Order>): readonly Order[] {
  return [usual, ...all.filter((it) => it !== usual)];
}

export function SubjectListPage<Row extends Subject>({
  kind,
  rows,
  orders,
  create,
  filters,
  columns,
}: {
  kind: keyof typeof SHAPES;
  rows: Rows<Row>;
  orders: readonly string[];
  /// The mutation that adds one, with the fields that only this kind has.
  create: { readonly mutation: string; readonly operation: Change['operation']; readonly fields?: readonly ChangeField[] };
  /// Besides text, level, risk and order.
  filters: readonly Filter[];
  columns: Column<Row>[];
}) {
  const { t, date } = useTexts();
  const { today } = useCaller();
  const [, navigate] = useLocation();
  const options = useOptions();
  const { levels, order, risk, firstDay } = SHAPES[kind];
  const known = useData(Levels, {}).data?.edition[levels] ?? [];
  const [usual = ''] = orders;
  const add: Action = {
    mutation: create.mutation,
    label: t(`${kind}.create`),
    kind: 'primary',
    change: () => ({
      title: t(`${kind}.create`),
      fields: [
        { name: 'code', label: t('field.code'), required: true },
        { name: 'name', label: t('field.name'), required: true },
        ...(create.fields ?? []),
        { name: firstDay[0], label: t(firstDay[1]), type: 'date', required: true, initial: today, max: today },
      ],
      operation: create.operation,
      input: (values) => values,
      confirm: t(`${kind}.create`),
      onDone: (_, values) => navigate(`/${kind}/${encodeURIComponent(values['code'] ?? '')}`),
    }),
  };
  const name: Column<Row> = {
    key: 'name',
    title: t('field.name'),
    order: 'NAME',
    cell: (it) => (
      <Two sub={it.leftOn ? t('partners.left', { on: date(it.leftOn) }) : it.code}>
        <SubjectLink kind={kind} code={it.code}>
          {it.name}
        </SubjectLink>
      </Two>
    ),
    csv: (it) => it.name,
  };
  const code: Column<Row> = { key: 'code', title: t('field.code'), cell: (it) => it.code, csv: (it) => it.code, fileOnly: true };
  return (
    <ListPage
      title={t(`nav.${kind}`)}
      lead={t(`${kind}.lead`)}
      rows={rows}
      file={kind}
      orders={orders}
      pageActions={[add]}
      filters={[
        { name: 'search', label: t('filter.search') },
        { name: 'level', label: t('account.level'), type: 'select', options: [['', t('filter.all')], ...known.map((it) => [it.code, it.name] as const)] },
        ...filters,
        {
          name: risk,
          label: t('partners.ending'),
          type: 'select',
          options: [
            ['', t('filter.all')],
            ['yes', t('partners.atRisk')],
          ],
        },
        { name: 'order', label: t('filter.order'), type: 'select', usual, options: options(orders, order) },
      ]}
      columns={[code, name, ...columns]}
    />
  );
}
