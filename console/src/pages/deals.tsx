// Deals as a board by status with the days left, or as a list.

import { Link, useLocation } from 'wouter';

import { Deals, RegisterDeal } from '#generated/deals';
import { DealStatus } from '#generated/schema';
import type { DealPartsFragment } from '#generated/types';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { findPartners } from '#src/api/lookups';
import { daysBetween } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { Actions, useChange } from '#src/ui/actions';
import { Badge, Button, Empty, Failed, Loading } from '#src/ui/basics';
import type { Change } from '#src/ui/change';
import { Filters, given, oneOf, useOptions } from '#src/ui/filters';
import { Page } from '#src/ui/page';
import { Table } from '#src/ui/table';

import { DEAL_TONES } from './tones';

/// Those that expire.
const ENDING = ['LEAD', 'ENGAGED', 'CONFIRMED', 'QUOTED', 'NEGOTIATING', 'WAITING_PO'] as const;
const COLUMNS = [...ENDING, 'WON_REPORTED', 'COLD'] as const;

export default function DealsPage() {
  const { t } = useTexts();
  const { isStaff, viewer, today } = useCaller();
  const [get] = useAddress();
  const [, navigate] = useLocation();
  const { open, dialog } = useChange();
  const options = useOptions();
  const view = get('view') || 'board';
  const status = oneOf(DealStatus, get('status'));
  const until = get('until');
  // What ends by a day is still open.
  const statuses = status ? [status] : until ? [...ENDING] : view === 'board' ? [...COLUMNS] : undefined;
  const filter = given({ statuses, partner: get('partner'), customer: get('customer'), validUntilFrom: until && today, validUntilTo: until });
  const variables = { filter, orderBy: view === 'board' || until ? ('VALID_UNTIL' as const) : ('RECORDED_AT_DESC' as const) };
  const rows = useRows(Deals, variables, (data) => data.deals);
  const register = (): Change => ({
    title: t('deals.register'),
    about: t('deals.registerAbout'),
    fields: [
      { name: 'reference', label: t('field.reference'), required: true, hint: t('deals.referenceHint') },
      { name: 'customer', label: t('field.customer'), required: true },
      { name: 'scope', label: t('field.scope'), required: true },
      { name: 'description', label: t('field.description'), type: 'textarea' },
      { name: 'registeredOn', label: t('field.date'), type: 'date', required: true, initial: today, max: today },
    ],
    operation: RegisterDeal,
    input: (values) => ({ partner: viewer.partner?.code, ...values, description: values['description'] || null }),
    confirm: t('deals.register'),
    done: t('deals.registered'),
    onDone: (_, values) => navigate(`/deals/${encodeURIComponent(values['reference'] ?? '')}`),
  });
  return (
    <Page
      title={t('nav.deals')}
      lead={t('deals.lead')}
      queries={[{ operation: Deals, variables: { ...variables, first: 50 } }]}
      actions={
        viewer.partner && <Actions of={[{ mutation: 'registerDeal', label: t('deals.register'), kind: 'primary', change: register }]} open={open} />
      }
    >
      <Filters
        of={[
          {
            name: 'view',
            label: t('deals.view'),
            type: 'select',
            usual: 'board',
            options: [
              ['board', t('deals.board')],
              ['list', t('deals.list')],
            ],
          },
          { name: 'status', label: t('field.status'), type: 'select', options: options(DealStatus, 'DealStatus', t(view === 'board' ? 'deals.open' : 'filter.all')) },
          ...(isStaff ? [{ name: 'partner', label: t('field.partnerCode'), lookup: findPartners }] : []),
          { name: 'customer', label: t('field.customer') },
          { name: 'until', label: t('deals.until'), type: 'date' },
        ]}
      />
      {view === 'board' ? <Board rows={rows} statuses={status ? [status] : [...COLUMNS]} /> : <List rows={rows} />}
      {dialog}
    </Page>
  );
}

type DealRows = ReturnType<typeof useRows<unknown, unknown, DealPartsFragment>>;

function DaysLeft({ until }: { until: string | null }) {
  const { t } = useTexts();
  const { today } = useCaller();
  if (!until) {
    return null;
  }
  const left = daysBetween(today, until);
  return <Badge tone={left <= 7 ? 'bad' : left <= 30 ? 'warn' : 'neutral'}>{t('deals.left', { n: left })}</Badge>;
}

function Board({ rows, statuses }: { rows: DealRows; statuses: DealPartsFragment['status'][] }) {
  const { t, number } = useTexts();
  const { isStaff } = useCaller();
  if (rows.error) {
    return <Failed error={rows.error} again={rows.again} />;
  }
  if (rows.loading && rows.rows.length === 0) {
    return <Loading />;
  }
  const filled = statuses.filter((status) => rows.rows.some((it) => it.status === status));
  if (filled.length === 0) {
    return <Empty />;
  }
  return (
    <>
      {/* A box that scrolls has to be reachable by the keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="board" role="region" aria-label={t('deals.board')} tabIndex={0}>
        {filled.map((status) => {
          const deals = rows.rows.filter((it) => it.status === status);
          return (
            <section key={status} aria-label={t(`DealStatus.${status}`)}>
              <h2>
                {t(`DealStatus.${status}`)}
                <span className="muted">{`${number(deals.length)}${rows.more ? '+' : ''}`}</span>
              </h2>
              {deals.map((it) => (
                <Link key={it.id} className="tile" href={`/deals/${encodeURIComponent(it.reference)}`}>
                  <strong>{it.customer}</strong>
                  <span className="sub">{[isStaff && it.partner.name, it.scope].filter(Boolean).join(' · ')}</span>
                  <span className="inline">
                    <DaysLeft until={it.validUntil} />
                    {it.conflict && <Badge tone="warn">{t('deals.conflict')}</Badge>}
                    {it.holdsOpportunity && <Badge tone="good">{t('deals.holds')}</Badge>}
                  </span>
                </Link>
              ))}
            </section>
          );
        })}
      </div>
      {rows.more && (
        <p className="inline">
          <span className="muted">{t('table.count', { shown: rows.rows.length, total: `${rows.exact ? '' : '> '}${number(rows.total)}` })}</span>
          <Button disabled={rows.loading} onPress={rows.loadMore}>
            {t('table.more')}
          </Button>
        </p>
      )}
    </>
  );
}

function List({ rows }: { rows: DealRows }) {
  const { t, date } = useTexts();
  return (
    <Table
      label={t('nav.deals')}
      file="deals"
      rows={rows}
      columns={[
        {
          key: 'reference',
          title: t('field.reference'),
          cell: (it) => <Link href={`/deals/${encodeURIComponent(it.reference)}`}>{it.reference}</Link>,
          csv: (it) => it.reference,
        },
        { key: 'customer', title: t('field.customer'), cell: (it) => it.customer, csv: (it) => it.customer },
        { key: 'partner', title: t('field.partner'), cell: (it) => it.partner.name, csv: (it) => it.partner.code },
        { key: 'status', title: t('field.status'), cell: (it) => <Badge tone={DEAL_TONES[it.status]}>{t(`DealStatus.${it.status}`)}</Badge>, csv: (it) => it.status },
        { key: 'since', title: t('field.since'), cell: (it) => <span className="nowrap">{date(it.statusSince)}</span>, csv: (it) => it.statusSince },
        { key: 'until', title: t('field.validUntil'), cell: (it) => <DaysLeft until={it.validUntil} />, csv: (it) => it.validUntil },
      ]}
    />
  );
}
