// One deal: where it stands, what it may become, and its history.

import { useState } from 'react';
import { Link } from 'wouter';

import { CloseDeal, DealDetail, ReopenDeal, ReportDealActivity, ReviewDeal, UpdateDeal, WithdrawDeal } from '#generated/deals';
import { DealActivityKind } from '#generated/schema';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Badge, Button, Card, Definitions, Shown } from '#src/ui/basics';
import { ChangeDialog } from '#src/ui/change';
import type { Change } from '#src/ui/change';
import { Page } from '#src/ui/page';

import { DEAL_TONES } from './tones';

export default function DealPage({ params }: { params: Record<string, string> }) {
  const reference = decodeURIComponent(params['reference'] ?? '');
  const { t, date } = useTexts();
  const { may, isStaff, today } = useCaller();
  const result = useData(DealDetail, { reference });
  const [change, setChange] = useState<Change | null>(null);
  const deal = result.data?.deal;
  const reason = { name: 'reason', label: t('field.reason'), type: 'textarea' as const };
  const on = (name: string) => ({ name, label: t('field.date'), type: 'date' as const, required: true, initial: today, max: today });
  const review = (decision: 'APPROVE' | 'REJECT') =>
    setChange({
      title: t(decision === 'APPROVE' ? 'deals.approveTitle' : 'deals.rejectTitle', { customer: deal?.customer ?? '' }),
      fields: [{ ...reason, required: decision === 'REJECT' }],
      operation: ReviewDeal,
      input: (values) => ({ reference, decision, ...(values['reason'] ? { reason: values['reason'] } : {}) }),
      confirm: t(decision === 'APPROVE' ? 'claims.approve' : 'claims.reject'),
      danger: decision === 'REJECT',
    });
  const open = deal && !deal.status.startsWith('CLOSED') && deal.status !== 'EXPIRED';
  return (
    <Page
      title={deal?.customer ?? reference}
      lead={deal && `${deal.reference} · ${deal.partner.name}`}
      queries={[{ operation: DealDetail, variables: { reference } }]}
      actions={
        deal && (
          <>
            {deal.status === 'WON_REPORTED' && may('reviewDeal') && (
              <>
                <Button kind="primary" onPress={() => review('APPROVE')}>
                  {t('deals.approve')}
                </Button>
                <Button onPress={() => review('REJECT')}>{t('deals.reject')}</Button>
              </>
            )}
            {may('updateDeal') && deal.nextStatuses.length > 0 && (
              <Button
                onPress={() =>
                  setChange({
                    title: t('deals.changeStatus'),
                    fields: [
                      { name: 'status', label: t('field.status'), type: 'select', required: true, options: deal.nextStatuses.map((it) => [it, t(`DealStatus.${it}`)] as const) },
                      on('on'),
                    ],
                    operation: UpdateDeal,
                    input: (values) => ({ reference, status: values['status'], on: values['on'] }),
                    confirm: t('deals.changeStatus'),
                  })
                }
              >
                {t('deals.changeStatus')}
              </Button>
            )}
            {open && may('reportDealActivity') && (
              <Button
                onPress={() =>
                  setChange({
                    title: t('deals.report'),
                    about: t('deals.reportAbout'),
                    fields: [
                      { name: 'kind', label: t('field.kind'), type: 'select', required: true, options: DealActivityKind.map((it) => [it, t(`DealActivityKind.${it}`)] as const) },
                      on('on'),
                      { name: 'note', label: t('field.note'), type: 'textarea' },
                    ],
                    operation: ReportDealActivity,
                    input: (values) => ({ reference, kind: values['kind'], on: values['on'], note: values['note'] || null }),
                    confirm: t('deals.report'),
                  })
                }
              >
                {t('deals.report')}
              </Button>
            )}
            {may('closeDeal') && deal.possibleOutcomes.length > 0 && (
              <Button
                onPress={() =>
                  setChange({
                    title: t('deals.close'),
                    about: isStaff ? undefined : t('deals.closeAbout'),
                    fields: [
                      { name: 'outcome', label: t('deals.outcome'), type: 'select', required: true, options: deal.possibleOutcomes.map((it) => [it, t(`DealOutcome.${it}`)] as const) },
                      on('closedOn'),
                    ],
                    operation: CloseDeal,
                    input: (values) => ({ reference, outcome: values['outcome'], closedOn: values['closedOn'] }),
                    confirm: t('deals.close'),
                  })
                }
              >
                {t('deals.close')}
              </Button>
            )}
            {open && may('withdrawDeal') && (
              <Button
                onPress={() =>
                  setChange({
                    title: t('deals.withdraw'),
                    fields: [on('on'), reason],
                    operation: WithdrawDeal,
                    input: (values) => ({ reference, on: values['on'], reason: values['reason'] || null }),
                    confirm: t('deals.withdraw'),
                    danger: true,
                  })
                }
              >
                {t('deals.withdraw')}
              </Button>
            )}
            {deal.status.startsWith('CLOSED') && may('reopenDeal') && (
              <Button
                onPress={() =>
                  setChange({
                    title: t('deals.reopen'),
                    about: t('deals.reopenAbout'),
                    fields: [{ ...reason, required: true }],
                    operation: ReopenDeal,
                    input: (values) => ({ reference, reason: values['reason'] }),
                    confirm: t('deals.reopen'),
                    danger: true,
                  })
                }
              >
                {t('deals.reopen')}
              </Button>
            )}
          </>
        )
      }
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
      {change && <ChangeDialog change={change} onClose={() => setChange(null)} />}
    </Page>
  );
}
