// What a trial found: the sums, and the subjects for which it makes a difference.

import type { TrialPartsFragment } from '#generated/types';
import { Bars } from '#src/charts/charts';
import { useTexts } from '#src/i18n/i18n';
import { Badge, Figure } from '#src/ui/basics';
import { SubjectLink, Two } from '#src/ui/list';
import { fixed, Table } from '#src/ui/table';

export function TrialResult({ trial }: { trial: TrialPartsFragment }) {
  const { t, number, signed, money, date } = useTexts();
  const running = trial.status === 'RUNNING';
  const subjects = trial.subjects.nodes.filter((it) => it !== null).map((it) => ({ ...it, id: it.code }));
  return (
    <>
      <p className="lead">{t('policy.trialLead', { on: date(trial.on), from: date(trial.effectiveFrom) })}</p>
      <div className="figures">
        <Figure label={t('policy.gainers')} value={number(trial.gainers)} />
        <Figure label={t('policy.losers')} value={number(trial.losers)} />
        <Figure label={t('policy.credits')} value={`+${number(trial.creditsGiven)} / −${number(trial.creditsTaken)}`} />
        <Figure label={t('field.points')} value={`+${number(trial.pointsGiven)} / −${number(trial.pointsTaken)}`} />
        <Figure label={t('policy.cost')} value={trial.discountCost.map(money).join(' / ') || '–'} hint={t('policy.costHint')} />
      </div>
      {subjects.some((it) => it.difference !== 0) && (
        <div className="stack">
          <Bars
            title={t('policy.differences')}
            file="trial"
            axis={t('field.code')}
            labels={subjects.map((it) => it.code)}
            series={[
              { name: t('policy.gainers'), tone: 'tone-3', values: subjects.map((it) => Math.max(it.difference, 0)) },
              { name: t('policy.losers'), tone: 'spent', values: subjects.map((it) => Math.min(it.difference, 0)) },
            ]}
          />
        </div>
      )}
      <Table
        label={t('policy.differences')}
        file="trial-subjects"
        rows={fixed(subjects)}
        empty={running ? t('state.loading') : t('policy.nobody')}
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
    </>
  );
}
