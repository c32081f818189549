// Recalculations: a policy for days that have passed. They are planned from a draft, and then applied or left.

import { Link, useLocation } from 'wouter';

import { PlanRecalculation, Recalculations } from '#generated/recalculations';
import { useFollowing, useRows } from '#src/api/data';
import { monthStart } from '#src/days';
import { useCaller } from '#src/api/caller';
import { useTexts } from '#src/i18n/i18n';
import { Actions, useChange, useChangeFields } from '#src/ui/actions';
import { Empty } from '#src/ui/basics';
import { List, Two, useColumns } from '#src/ui/list';
import { Page } from '#src/ui/page';

import { RECALCULATION_TONES } from './tones';

export default function RecalculationsPage() {
  const { t } = useTexts();
  return (
    <Page title={t('nav.recalculations')} lead={t('recalculations.lead')} queries={[{ operation: Recalculations, variables: { first: 50 } }]}>
      <AllRecalculations />
    </Page>
  );
}

function AllRecalculations() {
  const { t } = useTexts();
  const rows = useRows(Recalculations, {}, (data) => data.recalculations);
  useFollowing(
    rows.rows.some((it) => it.status === 'APPLYING' || it.status === 'REVERTING'),
    rows.again,
  );
  const column = useColumns(rows);
  return (
    <List
      label={t('nav.recalculations')}
      file="recalculations"
      rows={rows}
      empty={t('recalculations.none')}
      columns={[
        {
          key: 'reason',
          title: t('field.reason'),
          cell: (it) => (
            <Two sub={it.trial.draft?.name}>
              <Link href={`/recalculations/${it.id}`}>{it.reason}</Link>
            </Two>
          ),
          csv: (it) => it.reason,
        },
        column.date('from', t('policy.effectiveFrom'), (it) => it.effectiveFrom),
        column.time('planned', t('recalculations.planned'), (it) => it.plannedAt),
        column.number('gainers', t('policy.gainers'), (it) => it.trial.gainers),
        column.number('losers', t('policy.losers'), (it) => it.trial.losers),
        column.status('RecalculationStatus', (it) => it.status, RECALCULATION_TONES),
      ]}
    />
  );
}

/// The plans of a draft, and a new one.
export function RecalculationsView({ draft, dirty }: { draft: { id: string; name: string; effectiveFrom: string | null }; dirty: boolean }) {
  const { t } = useTexts();
  const { today, may } = useCaller();
  const { reason } = useChangeFields();
  const [, navigate] = useLocation();
  const { open, dialog } = useChange();
  const begun = draft.effectiveFrom && draft.effectiveFrom <= today ? draft.effectiveFrom : monthStart(today);
  return (
    <>
      <p className="lead">{t('recalculations.about')}</p>
      <div className="filters">
        <Actions
          open={open}
          of={[
            {
              mutation: 'planRecalculation',
              label: t('recalculations.plan'),
              kind: 'primary',
              disabled: dirty,
              change: () => {
                const idempotencyKey = crypto.randomUUID();
                return {
                  title: t('recalculations.planTitle', { name: draft.name }),
                  about: t('recalculations.planAbout'),
                  fields: [{ name: 'effectiveFrom', label: t('policy.effectiveFrom'), type: 'date', required: true, initial: begun, max: today, hint: t('recalculations.fromHint') }, reason],
                  operation: PlanRecalculation,
                  input: (values) => ({ draft: draft.id, effectiveFrom: values['effectiveFrom'], reason: values['reason'], idempotencyKey }),
                  preview: false,
                  confirm: t('recalculations.plan'),
                  done: t('recalculations.planDone'),
                  onDone: (payload) => {
                    const made = payload['recalculation'] as { id: string } | null;
                    navigate(made ? `/recalculations/${made.id}` : '/recalculations');
                  },
                };
              },
            },
          ]}
        />
        {dirty && <span className="muted">{t('policy.saveFirst')}</span>}
      </div>
      {may('planRecalculation') ? <AllRecalculations /> : <Empty>{t('state.noRight')}</Empty>}
      {dialog}
    </>
  );
}
