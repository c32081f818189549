// One deal: where it stands, what it may become, and its history.

import { Link } from 'wouter';

import { CloseDeal, DealDetail, ReopenDeal, ReportDealActivity, ReviewDeal, UpdateDeal, WithdrawDeal } from '#generated/deals';
import { DealActivityKind } from '#generated/schema';
import type { DealPartsFragment as Deal } from '#generated/types';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Actions, useChange, useChangeFields } from '#src/ui/actions';
import type { Action } from '#src/ui/actions';
import { Badge, Card, Definitions, Shown } from '#src/ui/basics';
import { given, useOptions } from '#src/ui/filters';
import { Page } from '#src/ui/page';

import { DEAL_TONES } from './tones';

export default function DealPage({ params }: { params: Record<string, string> }) {
  const reference = decodeURIComponent(params['reference'] ?? '');
  const { t, date } = useTexts();
  const { isStaff, today } = useCaller();
  const options = useOptions();
  const result = useData(DealDetail, { reference });
  const { open, dialog } = useChange();
  const { reason, optionalReason, day } = useChangeFields();
  const deal = result.data?.deal;
  const on = (name: string) => day(name, t('field.date'), { max: today });

  const approve: Action = {
    mutation: 'reviewDeal',
    label: t('deals.approve'),
    kind: 'primary',
    change: () => ({
      title: t('deals.approveTitle', { customer: deal?.customer ?? '' }),
      fields: [optionalReason],
      operation: ReviewDeal,
      input: (values) => ({ reference, decision: 'APPROVE', ...given({ reason: values['reason'] }) }),
      confirm: t('claims.approve'),
    }),
  };
  const reject: Action = {
    mutation: 'reviewDeal',
    label: t('deals.reject'),
    change: () => ({
      title: t('deals.rejectTitle', { customer: deal?.customer ?? '' }),
      fields: [reason],
      operation: ReviewDeal,
      input: (values) => ({ reference, decision: 'REJECT', reason: values['reason'] }),
      confirm: t('claims.reject'),
      danger: true,
    }),
  };
  const changeStatus = (statuses: Deal['nextStatuses']): Action => ({
    mutation: 'updateDeal',
    label: t('deals.changeStatus'),
    change: () => ({
      title: t('deals.changeStatus'),
      fields: [{ name: 'status', label: t('field.status'), type: 'select', required: true, options: options(statuses, 'DealStatus') }, on('on')],
      operation: UpdateDeal,
      input: (values) => ({ reference, status: values['status'], on: values['on'] }),
      confirm: t('deals.changeStatus'),
    }),
  });
  const report: Action = {
    mutation: 'reportDealActivity',
    label: t('deals.report'),
    change: () => ({
      title: t('deals.report'),
      about: t('deals.reportAbout'),
      fields: [
        { name: 'kind', label: t('field.kind'), type: 'select', required: true, options: options(DealActivityKind, 'DealActivityKind') },
        on('on'),
        { name: 'note', label: t('field.note'), type: 'textarea' },
      ],
      operation: ReportDealActivity,
      input: (values) => ({ reference, kind: values['kind'], on: values['on'], note: values['note'] || null }),
      confirm: t('deals.report'),
    }),
  };
  const close = (outcomes: Deal['possibleOutcomes']): Action => ({
    mutation: 'closeDeal',
    label: t('deals.close'),
    change: () => ({
      title: t('deals.close'),
      about: isStaff ? undefined : t('deals.closeAbout'),
      fields: [{ name: 'outcome', label: t('deals.outcome'), type: 'select', required: true, options: options(outcomes, 'DealOutcome') }, on('closedOn')],
      operation: CloseDeal,
      input: (values) => ({ reference, outcome: values['outcome'], closedOn: values['closedOn'] }),
      confirm: t('deals.close'),
    }),
  });
  const withdraw: Action = {
    mutation: 'withdrawDeal',
    label: t('deals.withdraw'),
    change: () => ({
      title: t('deals.withdraw'),
      fields: [on('on'), optionalReason],
      operation: WithdrawDeal,
      input: (values) => ({ reference, on: values['on'], reason: values['reason'] || null }),
      confirm: t('deals.withdraw'),
      danger: true,
    }),
  };
  const reopen: Action = {
    mutation: 'reopenDeal',
    label: t('deals.reopen'),
    change: () => ({
      title: t('deals.reopen'),
      about: t('deals.reopenAbout'),
      fields: [reason],
      operation: ReopenDeal,
      input: (values) => ({ reference, reason: values['reason'] }),
      confirm: t('deals.reopen'),
      danger: true,
    }),
  };
  const actionsOf = ({ status, nextStatuses, possibleOutcomes }: Deal): Action[] => {
    const closed = status.startsWith('CLOSED');
    const running = !closed && status !== 'EXPIRED';
    return [
      ...(status === 'WON_REPORTED' ? [approve, reject] : []),
      ...(nextStatuses.length > 0 ? [changeStatus(nextStatuses)] : []),
      ...(running ? [report] : []),
      ...(possibleOutcomes.length > 0 ? [close(possibleOutcomes)] : []),
      ...(running ? [withdraw] : []),
      ...(closed ? [reopen] : []),
    ];
  };
  return (
    <Page
      title={deal?.customer ?? reference}
      lead={deal && `${deal.reference} · ${deal.partner.name}`}
      queries={[{ operation: DealDetail, variables: { reference } }]}
      actions={deal && <Actions of={actionsOf(deal)} open={open} />}
    >
      <Shown of={result} pick={(data) => data.deal}>
        {(data) =>
          data.deal && (
            <div className="stack">
              <Card>
                <Definitions
                  of={[
                    [t('field.status'), <Badge key="status" tone={DEAL_TONES[data.deal.status]}>{t(`DealStatus.${data.deal.status}`)}</Badge>],
                    [t('field.since'), date(data.deal.statusSince)],
                    [t('field.validUntil'), date(data.deal.validUntil)],
                    [t('field.partner'), isStaff ? <Link key="partner" href={`/partners/${encodeURIComponent(data.deal.partner.code)}`}>{data.deal.partner.name}</Link> : data.deal.partner.name],
                    [t('field.scope'), data.deal.scope],
                    [t('field.registeredOn'), date(data.deal.registeredOn)],
                    [t('deals.opportunity'), data.deal.holdsOpportunity ? t('deals.holdsUntil', { on: date(data.deal.opportunityUntil) }) : data.deal.conflict ? t('deals.conflict') : '–'],
                    [t('deals.outcome'), data.deal.outcome ? t(`DealOutcome.${data.deal.outcome}`) : '–'],
                    [t('field.description'), data.deal.description ?? '–'],
                    [t('field.reason'), data.deal.review?.reason ?? data.deal.withdrawn?.reason ?? data.deal.reopened?.reason ?? '–'],
                  ]}
                />
              </Card>
              <Card title={t('deals.history')}>
                <ul className="list">
                  {data.deal.history.toReversed().map((it) => (
                    <li key={JSON.stringify(it)}>
                      <span>
                        {it.outcome ? t(`DealOutcome.${it.outcome}`) : it.status ? t(`DealStatus.${it.status}`) : it.activity ? t(`DealActivityKind.${it.activity}`) : t('deals.changed')}
                        {it.note && <span className="sub">{it.note}</span>}
                      </span>
                      <span className="muted">{date(it.on)}</span>
                    </li>
                  ))}
                </ul>
              </Card>
            </div>
          )
        }
      </Shown>
      {dialog}
    </Page>
  );
}
