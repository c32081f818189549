// One recalculation: what it would change, or has changed; how far it is; applying it and taking it back.

import { ApplyRecalculation, RecalculationDetail, RevertRecalculation } from '#generated/recalculations';
import type { RecalculationDetailQuery } from '#generated/types';
import { useData, useFollowing } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Actions, useChange, useChangeFields } from '#src/ui/actions';
import type { Action } from '#src/ui/actions';
import { Badge, Card, Definitions, Shown } from '#src/ui/basics';
import { Page } from '#src/ui/page';

import { RECALCULATION_TONES } from './tones';
import { TrialResult } from './trial';

type Found = NonNullable<RecalculationDetailQuery['recalculation']>;

export default function RecalculationPage({ params }: { params: Record<string, string> }) {
  const { t } = useTexts();
  const variables = { id: params['id'] ?? '' };
  const result = useData(RecalculationDetail, variables);
  const { open, dialog } = useChange();
  const { reason } = useChangeFields();
  const found = result.data?.recalculation;
  const underWay = found && (found.status === 'APPLYING' || found.status === 'REVERTING' || found.trial.status === 'RUNNING');
  useFollowing(underWay ?? false, result.again);

  const sums = found && <Sums of={found} />;
  const apply: Action = {
    mutation: 'applyRecalculation',
    label: t('recalculations.apply'),
    kind: 'primary',
    change: () => {
      const idempotencyKey = crypto.randomUUID();
      return {
        title: t('recalculations.applyTitle'),
        about: (
          <>
            <p>{t('recalculations.applyAbout')}</p>
            {sums}
          </>
        ),
        fields: [],
        operation: ApplyRecalculation,
        input: () => ({ recalculation: found?.id, idempotencyKey }),
        accepted: t('recalculations.canApply'),
        confirm: t('recalculations.apply'),
        danger: true,
      };
    },
  };
  const revert: Action = {
    mutation: 'revertRecalculation',
    label: t('recalculations.revert'),
    change: () => {
      const idempotencyKey = crypto.randomUUID();
      return {
        title: t('recalculations.revertTitle'),
        about: (
          <>
            <p>{t('recalculations.revertAbout')}</p>
            {sums}
          </>
        ),
        fields: [reason],
        operation: RevertRecalculation,
        input: (values) => ({ recalculation: found?.id, reason: values['reason'], idempotencyKey }),
        accepted: t('recalculations.canRevert'),
        confirm: t('recalculations.revert'),
        danger: true,
      };
    },
  };
  const ready = found?.status === 'PLANNED' && found.trial.status === 'FINISHED';
  return (
    <Page
      title={t('policy.recalculation')}
      lead={found?.reason}
      queries={[{ operation: RecalculationDetail, variables }]}
      actions={<Actions open={open} of={ready ? [apply] : found?.status === 'APPLIED' || found?.status === 'APPLYING' ? [revert] : []} />}
    >
      <Shown of={result} pick={(data) => data.recalculation}>
        {({ recalculation }) =>
          recalculation && (
            <div className="stack">
              <Progress of={recalculation} />
              <Facts of={recalculation} />
              <TrialResult trial={recalculation.trial} />
            </div>
          )
        }
      </Shown>
      {dialog}
    </Page>
  );
}

/// The plan in one list of sentences, for the dialogs.
function Sums({ of: { trial } }: { of: Found }) {
  const { t } = useTexts();
  return (
    <ul className="sentences">
      <li>{t('recalculations.sumSubjects', { gainers: trial.gainers, losers: trial.losers, mixed: trial.mixed })}</li>
      <li>{t('recalculations.sumCredits', { given: trial.creditsGiven, taken: trial.creditsTaken })}</li>
      <li>{t('recalculations.sumPoints', { given: trial.pointsGiven, taken: trial.pointsTaken })}</li>
    </ul>
  );
}

/// How far it is. Only the subjects of the plan are known beforehand; others may follow.
function Progress({ of: { status, subjects, trial } }: { of: Found }) {
  const { t } = useTexts();
  if (trial.status === 'RUNNING') {
    return <Step label={t('recalculations.planning', { n: trial.progress })} value={trial.progress} max={100} />;
  }
  const planned = trial.gainers + trial.losers + trial.mixed;
  return status === 'APPLYING' || status === 'REVERTING' ? (
    <Step label={t(status === 'APPLYING' ? 'recalculations.applying' : 'recalculations.reverting', { n: subjects })} value={Math.min(subjects, planned)} max={Math.max(planned, 1)} />
  ) : null;
}

function Step({ label, value, max }: { label: string; value: number; max: number }) {
  return (
    <div role="status">
      <p>{label}</p>
      <progress aria-label={label} value={value} max={max} />
    </div>
  );
}

function Facts({ of }: { of: Found }) {
  const { t, date, time, number } = useTexts();
  const by = (at: string | null, who: string | null) => (at ? `${time(at)}, ${who ?? ''}` : '–');
  return (
    <Card>
      <Definitions
        of={[
          [t('field.status'), <Badge key="status" tone={RECALCULATION_TONES[of.status]}>{t(`RecalculationStatus.${of.status}`)}</Badge>],
          [t('policy.effectiveFrom'), date(of.effectiveFrom)],
          [t('recalculations.planned'), by(of.plannedAt, of.plannedBy)],
          [t('recalculations.applied'), by(of.appliedAt, of.appliedBy)],
          [t('recalculations.changed'), number(of.subjects)],
          [t('recalculations.finished'), time(of.revertFinishedAt ?? of.applyFinishedAt)],
          ...(of.revertedAt
            ? ([
                [t('recalculations.reverted'), by(of.revertedAt, of.revertedBy)],
                [t('field.reason'), of.revertReason ?? '–'],
              ] as [string, string][])
            : []),
        ]}
      />
    </Card>
  );
}
