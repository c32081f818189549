// A quote that is priced while typing, with the credits that may be used; then the order.

import { useEffect, useMemo, useState } from 'react';
import { useLocation } from 'wouter';

import { PriceList } from '#generated/products';
import { PlaceOrder, QuoteOrder, SaveQuote } from '#generated/quote';
import { OrderPurpose } from '#generated/schema';
import type { OrderInput, QuoteOrderQuery } from '#generated/types';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { post } from '#src/api/client';
import { useAllRows } from '#src/api/data';
import { addDays } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { Actions, useChange, useChangeFields } from '#src/ui/actions';
import type { Action } from '#src/ui/actions';
import { Button, Card, Failed, Figure } from '#src/ui/basics';
import { SelectField, TextField } from '#src/ui/fields';
import { Page } from '#src/ui/page';

interface Line {
  readonly id: number;
  readonly product: string;
  readonly quantity: string;
}

const DELAY_MS = 200;

export default function QuotePage() {
  const { viewer, today, isStaff } = useCaller();
  const { t, number, money, percent } = useTexts();
  const [, navigate] = useLocation();
  const products = useAllRows(PriceList, {}, (data) => data.products);
  const [purpose, setPurpose] = useState<(typeof OrderPurpose)[number]>('END_CUSTOMER');
  const [customer, setCustomer] = useState('');
  const [currency, setCurrency] = useState('EUR');
  const [lines, setLines] = useState<Line[]>([{ id: 0, product: '', quantity: '1' }]);
  const [credits, setCredits] = useState('0');
  const [result, setResult] = useState<{ of: string; payload?: QuoteOrderQuery['quote']; failure?: string }>({ of: '' });
  const { open, dialog } = useChange();
  const { day } = useChangeFields();
  const [get] = useAddress();
  const partner = viewer.partner?.code ?? get('partner');
  const all = products.rows;
  const currencies = [...new Set(all.flatMap((it) => it.prices.map((price) => price.currency)))].sort();
  const filled = lines.filter((it) => it.product && Number(it.quantity) > 0);
  const input: OrderInput = useMemo(
    () => ({
      partner: partner,
      purpose,
      customer: purpose === 'END_CUSTOMER' ? customer : null,
      currency,
      lines: filled.map((it) => ({ product: it.product, quantity: Number(it.quantity) })),
      credits: Number(credits) || 0,
    }),
    [partner, purpose, customer, currency, filled, credits],
  );
  const key = JSON.stringify(input);
  const complete = partner !== '' && filled.length > 0 && (purpose === 'SELF_USE' || customer.trim() !== '');
  useEffect(() => {
    if (!complete) {
      return undefined;
    }
    const control = new AbortController();
    const timer = setTimeout(() => {
      post(QuoteOrder, { input: JSON.parse(key) as OrderInput }, control.signal).then(
        (data) => setResult({ of: key, payload: data.quote }),
        (error: unknown) => !control.signal.aborted && setResult({ of: key, failure: (error as Error).message }),
      );
    }, DELAY_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [key, complete]);
  const quote = complete ? result.payload?.quote : undefined;
  const errors = complete && result.of === key ? (result.payload?.userErrors ?? []) : [];
  const about = quote && t('quote.placeAbout', { total: money(quote.total), n: quote.credits });
  const unready = errors.length > 0 || result.of !== key;
  const actions: Action[] = [
    {
      mutation: 'placeOrder',
      label: t('quote.place'),
      kind: 'primary',
      disabled: unready,
      change: () => {
        // One order, however often the request is repeated.
        const idempotencyKey = crypto.randomUUID();
        return {
          title: t('quote.placeTitle'),
          about,
          fields: [],
          operation: PlaceOrder,
          input: () => ({ order: input, idempotencyKey }),
          confirm: t('quote.place'),
          done: t('quote.placed'),
          onDone: () => navigate(isStaff ? `/orders?partner=${encodeURIComponent(partner)}` : '/orders'),
        };
      },
    },
    {
      mutation: 'saveQuote',
      label: t('quotes.save'),
      disabled: unready,
      change: () => {
        const idempotencyKey = crypto.randomUUID();
        return {
          title: t('quotes.saveTitle'),
          about: t('quotes.saveAbout'),
          fields: [
            day('validUntil', t('field.validUntil'), { initial: addDays(today, 30), min: today }),
            {
              name: 'hold',
              label: t('quotes.hold'),
              type: 'select',
              hint: t('quotes.holdHint'),
              options: [
                ['', t('no')],
                ['yes', t('yes')],
              ],
            },
          ],
          operation: SaveQuote,
          input: (values) => ({ order: input, validUntil: values['validUntil'], hold: values['hold'] === 'yes', idempotencyKey }),
          confirm: t('quotes.save'),
          done: t('quotes.saved'),
          onDone: () => navigate(isStaff ? `/partners/${encodeURIComponent(partner)}?tab=quotes` : '/quotes'),
        };
      },
    },
  ];
  const change = (id: number, part: Partial<Line>) => setLines((before) => before.map((it) => (it.id === id ? { ...it, ...part } : it)));

  return (
    <Page
      title={t('nav.quote')}
      lead={isStaff ? t('quote.leadFor', { partner }) : t('quote.lead')}
      queries={[
        { operation: QuoteOrder, variables: { input } },
        { operation: PriceList, variables: { first: 50 } },
      ]}
    >
      {products.error && <Failed error={products.error} again={products.again} />}
      <div className="grid">
        <Card title={t('quote.order')}>
          <div className="stack">
            <SelectField
              label={t('field.purpose')}
              value={purpose}
              onChange={(value) => setPurpose(value as (typeof OrderPurpose)[number])}
              options={OrderPurpose.map((it) => [it, t(`OrderPurpose.${it}`)] as const)}
            />
            {purpose === 'END_CUSTOMER' && <TextField label={t('field.customer')} name="customer" value={customer} onChange={setCustomer} required />}
            <SelectField label={t('field.currency')} value={currency} onChange={setCurrency} options={currencies.map((it) => [it, it] as const)} />
            {lines.map((line, index) => (
              <div className="filters" key={line.id}>
                <SelectField
                  label={t('quote.product', { n: index + 1 })}
                  value={line.product}
                  onChange={(value) => change(line.id, { product: value })}
                  options={[['', '–'], ...all.map((it) => [it.code, it.name] as const)]}
                />
                <TextField label={t('field.quantity')} type="number" min={1} value={line.quantity} onChange={(value) => change(line.id, { quantity: value })} />
                {lines.length > 1 && (
                  <Button kind="quiet" label={`${t('quote.remove')} ${index + 1}`} onPress={() => setLines(lines.filter((it) => it.id !== line.id))}>
                    {t('quote.remove')}
                  </Button>
                )}
              </div>
            ))}
            <div>
              <Button onPress={() => setLines([...lines, { id: Math.max(...lines.map((it) => it.id)) + 1, product: '', quantity: '1' }])}>{t('quote.add')}</Button>
            </div>
            <TextField
              label={t('quote.credits')}
              name="credits"
              type="number"
              min={0}
              value={credits}
              onChange={setCredits}
              hint={quote && t('quote.usable', { n: quote.usableCredits, cap: quote.maxCredits, balance: quote.balance })}
              error={errors.find((it) => it.field?.includes('credits'))?.message}
            />
          </div>
        </Card>
        <Card title={t('quote.price')}>
          <div aria-live="polite">
            {!complete && <p className="muted">{t('quote.incomplete')}</p>}
            {errors
              .filter((it) => !it.field?.includes('credits'))
              .map((it) => (
                <p className="error" key={it.message} lang="en">
                  {it.message}
                </p>
              ))}
            {result.failure && result.of === key && (
              <p className="error" lang="en">
                {result.failure}
              </p>
            )}
            {quote && (
              <div className="stack">
                <div className="figures">
                  <Figure label={t('field.total')} value={money(quote.total)} />
                  <Figure label={t('quote.maxCredits')} value={number(quote.maxCredits)} {...(quote.creditValue ? { hint: t('quote.value', { amount: money(quote.creditValue) }) } : {})} />
                </div>
                <ul className="list">
                  {quote.lines.map((it) => (
                    <li key={`${it.productName} ${it.quantity}`}>
                      <span>
                        {`${number(it.quantity)} × ${it.productName}`}
                        <span className="sub">
                          {[
                            t('quote.discount', { percent: percent(it.discountPercent), source: t(`DiscountSource.${it.discountSource}`) }),
                            Number(it.capPercent) > 0 && t('quote.cap', { percent: percent(it.capPercent) }),
                          ]
                            .filter(Boolean)
                            .join(' · ')}
                        </span>
                      </span>
                      <span className="number">
                        {money(it.total)}
                        {Number(it.redeemed.amount) > 0 && <span className="sub">{t('quote.redeemed', { amount: money(it.redeemed) })}</span>}
                      </span>
                    </li>
                  ))}
                </ul>
                <ul className="list">
                  <li>
                    <span>{t('quote.list')}</span>
                    <span>{money(quote.list)}</span>
                  </li>
                  <li>
                    <span>{t('quote.baseDiscount', { level: quote.level.name })}</span>
                    <span>{money({ ...quote.baseDiscount, amount: `-${quote.baseDiscount.amount}` })}</span>
                  </li>
                  <li>
                    <span>{t('quote.byCredits', { n: quote.credits })}</span>
                    <span>{money({ ...quote.redeemed, amount: `-${quote.redeemed.amount}` })}</span>
                  </li>
                </ul>
                <div className="actions">
                  <Actions of={actions} open={open} />
                </div>
              </div>
            )}
          </div>
        </Card>
      </div>
      {dialog}
    </Page>
  );
}
