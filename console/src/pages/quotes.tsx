// Saved quotes of a partner: placed at their own prices while they are valid.

import { Link, useLocation } from 'wouter';

import { PlaceOrder, SavedQuotes, WithdrawQuote } from '#generated/quote';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { useChangeFields } from '#src/ui/actions';
import { List, Two, useColumns } from '#src/ui/list';
import { Page } from '#src/ui/page';

import { QUOTE_TONES } from './tones';

export default function QuotesPage() {
  const { viewer, may } = useCaller();
  const { t } = useTexts();
  const code = viewer.partner?.code ?? '';
  return (
    <Page
      title={t('nav.quotes')}
      lead={t('quotes.lead')}
      queries={[{ operation: SavedQuotes, variables: { code, last: 50 } }]}
      actions={
        may('saveQuote') && (
          <Link className="button primary" href="/quote">
            {t('quotes.new')}
          </Link>
        )
      }
    >
      <QuotesView code={code} />
    </Page>
  );
}

export function QuotesView({ code }: { code: string }) {
  const { t, money, date } = useTexts();
  const { isStaff } = useCaller();
  const { optionalReason } = useChangeFields();
  const [, navigate] = useLocation();
  const rows = useRows(SavedQuotes, { code }, (data) => data.partner?.quotes, { backward: true });
  const column = useColumns(rows);
  return (
    <List
      label={t('nav.quotes')}
      file={`quotes-${code}`}
      rows={rows}
      empty={t('quotes.none')}
      columns={[
        {
          key: 'number',
          title: t('quotes.number'),
          cell: (it) => <Two sub={it.lines.map((line) => `${line.quantity} × ${line.productName}`).join(', ')}>{it.number}</Two>,
          csv: (it) => it.number,
        },
        column.text('customer', t('field.customer'), (it) => it.customer ?? t(`OrderPurpose.${it.purpose}`)),
        column.date('priced', t('quotes.pricedOn'), (it) => it.pricedOn),
        column.date('until', t('field.validUntil'), (it) => it.validUntil),
        {
          key: 'credits',
          title: t('field.credits'),
          number: true,
          cell: (it) => t(it.hold && it.status === 'OPEN' ? 'quotes.held' : 'quotes.credits', { n: it.credits }),
          csv: (it) => it.credits,
        },
        { key: 'total', title: t('field.total'), number: true, cell: (it) => money(it.total), csv: (it) => `${it.total.amount} ${it.total.currency}` },
        column.status('QuoteStatus', (it) => it.status, QUOTE_TONES, (it) => it.order?.number),
      ]}
      rowActions={(it) =>
        it.status === 'OPEN'
          ? [
              {
                mutation: 'placeOrder',
                label: t('quotes.place'),
                name: t('quotes.placeTitle', { number: it.number }),
                kind: 'primary',
                change: () => {
                  const idempotencyKey = crypto.randomUUID();
                  return {
                    title: t('quotes.placeTitle', { number: it.number }),
                    about: t('quotes.placeAbout', { total: money(it.total), n: it.credits, on: date(it.pricedOn) }),
                    fields: [],
                    operation: PlaceOrder,
                    input: () => ({ quote: it.number, idempotencyKey }),
                    confirm: t('quote.place'),
                    done: t('quote.placed'),
                    onDone: () => navigate(isStaff ? `/orders?partner=${encodeURIComponent(code)}` : '/orders'),
                  };
                },
              },
              {
                mutation: 'withdrawQuote',
                label: t('deals.withdraw'),
                name: t('quotes.withdrawTitle', { number: it.number }),
                change: () => ({
                  title: t('quotes.withdrawTitle', { number: it.number }),
                  about: it.hold ? t('quotes.withdrawAbout') : undefined,
                  fields: [optionalReason],
                  operation: WithdrawQuote,
                  input: (values) => ({ number: it.number, ...(values['reason'] ? { reason: values['reason'] } : {}) }),
                  confirm: t('deals.withdraw'),
                  danger: true,
                }),
              },
            ]
          : []
      }
    />
  );
}
