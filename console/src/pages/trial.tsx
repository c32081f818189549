// What a trial found: the sums, and the subjects for which it makes a difference.

import { TrialExtremes, TrialSubjects } from '#generated/policy';
import type { TrialPartsFragment, TrialSubjectPartsFragment } from '#generated/types';
import { useData, useRows } from '#src/api/data';
import type { Rows } from '#src/api/data';
import { Bars } from '#src/charts/charts';
import { useTexts } from '#src/i18n/i18n';
import { Badge, Failed, Figure, Loading } from '#src/ui/basics';
import { SubjectLink, Two } from '#src/ui/list';
import { Table } from '#src/ui/table';

export function TrialResult({ trial }: { trial: TrialPartsFragment }) {
  const { t, number, money, date } = useTexts();
  return (
    <>
      <p className="lead">{t('policy.trialLead', { on: date(trial.on), from: date(trial.effectiveFrom) })}</p>
      <div className="figures">
        <Figure label={t('policy.gainers')} value={number(trial.gainers)} />
        <Figure label={t('policy.losers')} value={number(trial.losers)} />
        <Figure label={t('policy.mixed')} value={number(trial.mixed)} />
        <Figure label={t('policy.credits')} value={`+${number(trial.creditsGiven)} / −${number(trial.creditsTaken)}`} />
        <Figure label={t('field.points')} value={`+${number(trial.pointsGiven)} / −${number(trial.pointsTaken)}`} />
        <Figure label={t('policy.cost')} value={trial.discountCost.map(money).join(' / ') || '–'} hint={t('policy.costHint')} />
      </div>
      {trial.status === 'RUNNING' ? <Loading /> : trial.status === 'FINISHED' && <Differences id={trial.id} />}
    </>
  );
}

type Subject = TrialSubjectPartsFragment;

/// Partners and professionals may have the same code.
function withId(it: Subject): Subject & { id: string } {
  return { ...it, id: `${it.partner ? 'partner' : 'professional'} ${it.code}` };
}

function Differences({ id }: { id: string }) {
  const { t } = useTexts();
  const result = useData(TrialExtremes, { id });
  const rows = useRows(TrialSubjects, { id, orderBy: 'LOSSES' as const }, (data) => {
    const subjects = data.node && 'subjects' in data.node ? data.node.subjects : null;
    return subjects && { ...subjects, nodes: subjects.nodes.map((it) => it && withId(it)) };
  });
  const node = result.data?.node && 'losses' in result.data.node ? result.data.node : null;
  // Those who lose most, then those who gain most; in a short list they are the same.
  const extremes = new Map([...(node?.losses.nodes ?? []), ...(node?.gains.nodes ?? []).toReversed()].flatMap((it) => (it ? [[withId(it).id, it] as const] : [])));
  const shown = [...extremes.values()].sort((a, b) => a.difference - b.difference);
  const total = node?.losses.totalCount ?? 0;
  return (
    <>
      {result.error && <Failed error={result.error} again={result.again} />}
      {shown.some((it) => it.difference !== 0) && (
        <div className="stack">
          <Bars
            title={t('policy.differences')}
            file="trial"
            axis={t('field.code')}
            labels={shown.map((it) => it.code)}
            series={[
              { name: t('policy.gainers'), tone: 'tone-3', values: shown.map((it) => Math.max(it.difference, 0)) },
              { name: t('policy.losers'), tone: 'spent', values: shown.map((it) => Math.min(it.difference, 0)) },
            ]}
          />
          {total > shown.length && <p className="muted">{t('policy.extremes', { n: shown.length, total })}</p>}
        </div>
      )}
      <Subjects rows={rows} />
    </>
  );
}

/// Everybody for whom it makes a difference.
function Subjects({ rows }: { rows: Rows<Subject & { id: string }> }) {
  const { t, number, signed } = useTexts();
  return (
    <Table
      label={t('policy.differences')}
      file="trial-subjects"
      rows={rows}
      empty={t('policy.nobody')}
      columns={[
        {
          key: 'who',
          title: t('field.who'),
          cell: (it) => {
            const { partner, professional, code } = it;
            return (
              <Two sub={code}>
                <SubjectLink kind={partner ? 'partners' : 'professionals'} code={code}>
                  {(partner ?? professional)?.name ?? code}
                </SubjectLink>
              </Two>
            );
          },
          csv: (it) => it.code,
        },
        {
          key: 'outcome',
          title: t('policy.outcome'),
          cell: (it) => <Badge tone={it.outcome === 'GAINS' ? 'good' : it.outcome === 'LOSES' ? 'bad' : 'warn'}>{t(`EditionTrialOutcome.${it.outcome}`)}</Badge>,
          csv: (it) => it.outcome,
        },
        { key: 'difference', title: t('policy.difference'), number: true, cell: (it) => signed(it.difference), csv: (it) => it.difference },
        {
          key: 'level',
          title: t('account.level'),
          cell: (it) => (it.before.level === it.after.level ? (it.after.level ?? '–') : `${it.before.level ?? '–'} → ${it.after.level ?? '–'}`),
          csv: (it) => `${it.before.level ?? ''} > ${it.after.level ?? ''}`,
        },
        {
          key: 'balance',
          title: t('account.balance'),
          number: true,
          cell: (it) => (it.before.balance === it.after.balance ? number(it.after.balance) : `${number(it.before.balance)} → ${number(it.after.balance)}`),
          csv: (it) => it.after.balance - it.before.balance,
        },
      ]}
    />
  );
}
