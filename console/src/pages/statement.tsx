// A statement to print: letterhead, opening and closing balance, movements with their sentences, levels.

import { useEffect, useState } from 'react';

import { Statement } from '#generated/statement';
import type { LedgerPartsFragment, StatementQuery } from '#generated/types';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { post } from '#src/api/client';
import { useData } from '#src/api/data';
import { Steps } from '#src/charts/charts';
import { yearStart } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { Button, Card, Failed, Figure, LevelBadge, Loading, Shown } from '#src/ui/basics';
import { TextField } from '#src/ui/fields';
import { Letterhead } from '#src/ui/letterhead';
import { Page } from '#src/ui/page';

export default function StatementPage({ params }: { params: Record<string, string> }) {
  const { viewer, today } = useCaller();
  const { t, date, number, signed } = useTexts();
  const [get, set] = useAddress();
  const partner = viewer.partner?.code ?? decodeURIComponent(params['partner'] ?? '');
  const variables = { partner, from: get('from') || yearStart(today), to: get('to') || today };
  const result = useData(Statement, variables);
  const rest = useRest(variables, result.data?.statement.movements.pageInfo.endCursor, result.data?.statement.movements.pageInfo.hasNextPage ?? false);
  // Nothing is printed that lacks movements.
  const whole = result.data !== undefined && rest.complete;
  return (
    <Page
      title={t('nav.statement')}
      lead={result.data && `${result.data.statement.partner.name} · ${date(variables.from)} – ${date(variables.to)}`}
      queries={[{ operation: Statement, variables }]}
      above={<Letterhead />}
      actions={
        <Button kind="primary" disabled={!whole} onPress={() => print()}>
          {t('statement.print')}
        </Button>
      }
    >
      <div className="filters">
        <TextField label={t('field.from')} type="date" value={variables.from} max={variables.to} onChange={(value) => set({ from: value })} />
        <TextField label={t('field.to')} type="date" value={variables.to} max={today} onChange={(value) => set({ to: value })} />
      </div>
      {rest.error && <Failed error={rest.error} again={rest.again} />}
      <Shown of={result}>
        {({ statement }) => {
          if (!whole) {
            return rest.error ? null : <Loading />;
          }
          const movements = [...statement.movements.nodes, ...rest.nodes]
            .filter((it): it is NonNullable<typeof it> => it !== null)
            .toSorted((a, b) => a.effectiveOn.localeCompare(b.effectiveOn));
          let balance = statement.opening;
          const points = movements.map((it) => {
            balance += it.spendableCredits;
            return { on: it.effectiveOn, values: [balance] };
          });
          return (
            <>
              <div className="figures">
                <Figure label={t('statement.opening')} value={number(statement.opening)} hint={date(statement.from)} />
                <Figure label={t('statement.movements')} value={signed(statement.closing - statement.opening)} hint={number(statement.movements.totalCount)} />
                <Figure label={t('statement.closing')} value={number(statement.closing)} hint={date(statement.to)} />
                {statement.closingStanding && <Figure label={t('account.level')} value={<LevelBadge level={statement.closingStanding.overall} />} />}
              </div>
              {statement.closingStanding && (
                <div className="stack">
                  <Card title={t('account.levels')}>
                    <ul className="list">
                      {[statement.closingStanding.technical, statement.closingStanding.business].map((it) => (
                        <li key={it.track}>
                          <span>
                            {t(`Track.${it.track}`)}
                            {it.validUntil && <span className="sub">{t('account.until', { on: date(it.validUntil) })}</span>}
                          </span>
                          <span>
                            <LevelBadge level={it.level} /> {t('paths.credits', { n: it.credits })}
                          </span>
                        </li>
                      ))}
                    </ul>
                  </Card>
                </div>
              )}
              {points.length > 0 && (
                <div className="stack">
                  <Steps
                    title={t('account.balance')}
                    file={`statement-${partner}`}
                    points={[{ on: statement.from, values: [statement.opening] }, ...points, { on: statement.to, values: [statement.closing] }]}
                    series={[{ name: t('account.balance'), tone: 'technical' }]}
                  />
                </div>
              )}
              <section className="card flows">
                <header>
                  <h2>{t('statement.movements')}</h2>
                </header>
                <table>
                  <thead>
                    <tr>
                      <th scope="col">{t('field.date')}</th>
                      <th scope="col">{t('field.what')}</th>
                      <th scope="col" className="number">
                        {t('field.credits')}
                      </th>
                      <th scope="col" className="number">
                        {t('account.balance')}
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    <tr>
                      <td className="nowrap">{date(statement.from)}</td>
                      <td>
                        <strong>{t('statement.opening')}</strong>
                      </td>
                      <td />
                      <td className="number">{number(statement.opening)}</td>
                    </tr>
                    {movements.map((it, index) => (
                      <tr key={it.id}>
                        <td className="nowrap">{date(it.effectiveOn)}</td>
                        <td lang="en">{it.explanation}</td>
                        <td className="number">{signed(it.spendableCredits)}</td>
                        <td className="number">{number(points[index]?.values[0] ?? 0)}</td>
                      </tr>
                    ))}
                    <tr>
                      <td className="nowrap">{date(statement.to)}</td>
                      <td>
                        <strong>{t('statement.closing')}</strong>
                      </td>
                      <td />
                      <td className="number">
                        <strong>{number(statement.closing)}</strong>
                      </td>
                    </tr>
                  </tbody>
                </table>
                {statement.lateCredits !== 0 && <p className="muted">{t('statement.late', { n: statement.lateCredits })}</p>}
              </section>
            </>
          );
        }}
      </Shown>
    </Page>
  );
}

type Nodes = (LedgerPartsFragment | null)[];

/// The movements after the first page: paper has no button for more.
function useRest({ partner, from, to }: { partner: string; from: string; to: string }, cursor: string | null | undefined, more: boolean) {
  const key = JSON.stringify([partner, from, to, cursor]);
  const [state, setState] = useState<{ key: string; nodes: Nodes; error?: Error }>({ key: '', nodes: [] });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const control = new AbortController();
    const load = async () => {
      const nodes: Nodes = [];
      let after = more ? cursor : null;
      while (after) {
        // One page after the other: each begins where the last one ends.
        // oxlint-disable-next-line no-await-in-loop
        const data: StatementQuery = await post(Statement, { partner, from, to, after }, control.signal);
        const page = data.statement.movements;
        nodes.push(...page.nodes);
        after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
      }
      setState({ key, nodes });
    };
    load().catch((error: unknown) => control.signal.aborted || setState({ key, nodes: [], error: error as Error }));
    return () => control.abort();
  }, [partner, from, to, cursor, more, key, attempt]);
  const current = state.key === key ? state : { nodes: [], error: undefined };
  return { nodes: current.nodes, error: current.error, complete: !more || (state.key === key && !state.error), again: () => setAttempt(attempt + 1) };
}
