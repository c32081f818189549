// A partner as staff sees it: the account, the ledger, the people, and every correction with its preview.

import { Link } from 'wouter';

import { Account, AccountLedger, AffiliationsOfPartner } from '#generated/account';
import { Claims, Rules } from '#generated/claims';
import {
  AffiliateProfessional,
  CorrectAffiliation,
  EndContract,
  EndPartnership,
  MergePartners,
  RecordContract,
  SetSalesTarget,
  UpdatePartner,
  VoidAffiliation,
  VoidContract,
} from '#generated/partners';
import { ProductCategory, Track } from '#generated/schema';
import type { AccountQuery } from '#generated/types';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { findPartners, findProfessionals } from '#src/api/lookups';
import { addDays } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { useChangeFields } from '#src/ui/actions';
import type { Action } from '#src/ui/actions';
import { Badge, Card, Empty } from '#src/ui/basics';
import { useOptions } from '#src/ui/filters';
import { List, useColumns } from '#src/ui/list';
import { fixed } from '#src/ui/table';

import { AccountView, accountVariables } from './account';
import { ClaimsView } from './claim-actions';
import { useRules } from './claim-parts';
import { creditsQueries } from './credits-charts';
import { LedgerView } from './ledger';
import { QuotesView } from './quotes';
import { SubjectPage, useSubjectActions } from './subjects';

export default function PartnerPage({ params }: { params: Record<string, string> }) {
  const code = decodeURIComponent(params['code'] ?? '');
  const { t, date } = useTexts();
  const { today, may } = useCaller();
  const options = useOptions();
  const { day } = useChangeFields();
  const { rules } = useRules();
  const subject = useSubjectActions({ partner: code });

  const affiliate: Action = {
    mutation: 'affiliateProfessional',
    label: t('partners.affiliate'),
    change: () => ({
      title: t('partners.affiliate'),
      fields: [{ name: 'professional', label: t('field.professionalCode'), required: true, lookup: findProfessionals }, day('startsOn', t('field.from'))],
      operation: AffiliateProfessional,
      input: (values) => ({ partner: code, ...values }),
      confirm: t('partners.affiliate'),
    }),
  };
  const contract: Action = {
    mutation: 'recordContract',
    label: t('partners.contract'),
    change: () => ({
      title: t('partners.contract'),
      fields: [
        { name: 'reference', label: t('field.reference'), required: true },
        day('startsOn', t('field.from')),
        day('endsOn', t('field.to'), { initial: addDays(today, 365) }),
        ...ProductCategory.slice(0, 3).map((it) => ({ name: it, label: t('partners.rate', { category: t(`ProductCategory.${it}`) }), type: 'number' as const, min: 0, max: 100 })),
      ],
      operation: RecordContract,
      input: (values) => ({
        partner: code,
        reference: values['reference'],
        startsOn: values['startsOn'],
        endsOn: values['endsOn'],
        rates: ProductCategory.filter((it) => values[it]).map((category) => ({ category, percent: values[category] })),
      }),
      confirm: t('partners.contract'),
    }),
  };
  const target = (currency: string): Action => ({
    mutation: 'setSalesTarget',
    label: t('partners.target'),
    change: () => ({
      title: t('partners.target'),
      fields: [
        { name: 'year', label: t('field.year'), type: 'number', required: true, initial: today.slice(0, 4) },
        { name: 'amount', label: t('field.amount'), type: 'number', required: true, min: 0 },
        { name: 'currency', label: t('field.currency'), required: true, initial: currency },
      ],
      operation: SetSalesTarget,
      input: (values) => ({ partner: code, year: Number(values['year']), target: { amount: values['amount'], currency: values['currency'] } }),
      confirm: t('partners.target'),
    }),
  });

  return (
    <SubjectPage
      operation={Account}
      variables={accountVariables(code, today)}
      pick={(data) => data.partner}
      code={code}
      lead={({ partner }) => partner?.enrolledOn && t('partners.since', { code, on: date(partner.enrolledOn) })}
      queries={[
        ...creditsQueries(code, today),
        { operation: AccountLedger, variables: { code, last: 50 } },
        { operation: AffiliationsOfPartner, variables: { code, last: 50 } },
        { operation: Claims, variables: { filter: { partner: code }, orderBy: 'RECORDED_AT_DESC', first: 50 } },
        { operation: Rules, variables: {} },
      ]}
      links={
        <>
          <Link className="button" href={`/partners/${encodeURIComponent(code)}/statement`}>
            {t('nav.statement')}
          </Link>
          {may('placeOrder') && (
            <Link className="button" href={`/quote?partner=${encodeURIComponent(code)}`}>
              {t('nav.quote')}
            </Link>
          )}
        </>
      }
      actions={({ partner, edition }) => {
        if (!partner) {
          return [];
        }
        const { technical, business } = partner.standing;
        const override = technical.override ? technical : business.override ? business : null;
        return [
          subject.record(rules),
          subject.override(edition.partnerLevels, [{ name: 'track', label: t('field.track'), type: 'select', required: true, options: options(Track, 'Track') }]),
          ...(override ? [subject.endOverride({ track: override.track })] : []),
          affiliate,
          contract,
          target(partner.salesTarget?.target.currency ?? 'EUR'),
          subject.update('updatePartner', UpdatePartner, code, { name: partner.name, enrolledOn: partner.enrolledOn }, { name: 'enrolledOn', label: t('field.enrolledOn') }),
          subject.merge('mergePartners', MergePartners, code, partner.name, { label: t('field.partnerCode'), lookup: findPartners }),
          subject.end('endPartnership', EndPartnership, partner.leftOn, t(partner.leftOn ? 'partners.resume' : 'partners.end')),
        ];
      }}
      tabs={[
        { id: 'account', title: t('nav.overview'), content: (data) => <AccountView data={data} /> },
        { id: 'ledger', title: t('nav.ledger'), content: () => <LedgerView code={code} /> },
        { id: 'claims', title: t('claims.tab'), content: () => <ClaimsView subject={{ partner: code }} file={`activities-${code}`} /> },
        { id: 'people', title: t('nav.people'), content: () => <People code={code} /> },
        { id: 'contracts', title: t('partners.contracts'), content: ({ partner }) => <Contracts code={code} contracts={partner?.contracts ?? []} /> },
        { id: 'quotes', title: t('nav.quotes'), content: () => <QuotesView code={code} /> },
        { id: 'levels', title: t('account.history'), content: ({ partner }) => <LevelHistory levels={partner?.levelHistory ?? []} /> },
      ]}
    />
  );
}

type Partner = NonNullable<AccountQuery['partner']>;

function LevelHistory({ levels }: { levels: Partner['levelHistory'] }) {
  const { t, date } = useTexts();
  return (
    <Card>
      {levels.length === 0 && <Empty />}
      <ul className="list">
        {levels.toReversed().map((it) => (
          <li key={`${it.track} ${it.level.code} ${it.earnedOn} ${it.reversed}`}>
            <span>
              {`${t(`Track.${it.track}`)}: ${it.level.name}`}
              {it.legacy && <Badge>{t('account.legacy')}</Badge>}
              {it.reversed && <Badge tone="bad">{t('account.reversed')}</Badge>}
            </span>
            <span className="muted">{`${date(it.earnedOn)} – ${date(it.lapsedOn ?? it.validUntil)}`}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Contracts({ code, contracts }: { code: string; contracts: Partner['contracts'] }) {
  const { t, percent } = useTexts();
  const { today } = useCaller();
  const { reason, day } = useChangeFields();
  const rows = fixed(contracts.toReversed());
  const column = useColumns(rows);
  return (
    <List
      label={t('partners.contracts')}
      file={`contracts-${code}`}
      rows={rows}
      empty={t('partners.noContracts')}
      columns={[
        column.text('reference', t('field.reference'), (it) => it.reference),
        column.date('from', t('field.from'), (it) => it.startsOn),
        column.date('to', t('field.to'), (it) => it.endsOn),
        column.text('rates', t('account.discounts'), (it) => it.rates.map((one) => `${t(`ProductCategory.${one.category}`)} ${percent(one.percent)}`).join(', ')),
        {
          key: 'status',
          title: t('field.status'),
          cell: (it) =>
            it.voided ? (
              <span>
                <Badge>{t('partners.voided')}</Badge>
                <span className="sub">{it.voided.reason}</span>
              </span>
            ) : it.endsOn < today ? (
              <Badge>{t('partners.ended')}</Badge>
            ) : it.startsOn > today ? (
              <Badge tone="info">{t('partners.starts')}</Badge>
            ) : (
              <Badge tone="good">{t('partners.inForce')}</Badge>
            ),
          csv: (it) => (it.voided ? 'voided' : ''),
        },
      ]}
      rowActions={({ reference, startsOn, endsOn, voided }) =>
        voided
          ? []
          : [
              {
                mutation: 'endContract',
                label: t('partners.changeEnd'),
                name: t('partners.endContract', { reference }),
                change: () => ({
                  title: t('partners.endContract', { reference }),
                  about: t('partners.endContractAbout'),
                  fields: [day('endsOn', t('field.to'), { initial: endsOn < today ? endsOn : today, min: startsOn }), reason],
                  operation: EndContract,
                  input: (values) => ({ partner: code, reference, endsOn: values['endsOn'], reason: values['reason'] }),
                  confirm: t('partners.changeEnd'),
                  danger: true,
                }),
              },
              {
                mutation: 'voidContract',
                label: t('claims.void'),
                name: t('partners.voidContract', { reference }),
                change: () => ({
                  title: t('partners.voidContract', { reference }),
                  about: t('partners.voidContractAbout'),
                  fields: [reason],
                  operation: VoidContract,
                  input: (values) => ({ partner: code, reference, reason: values['reason'] }),
                  confirm: t('claims.void'),
                  danger: true,
                }),
              },
            ]
      }
    />
  );
}

function People({ code }: { code: string }) {
  const { t, date } = useTexts();
  const { reason, day } = useChangeFields();
  const rows = useRows(AffiliationsOfPartner, { code }, (data) => data.partner?.affiliations, { backward: true });
  const column = useColumns(rows);
  return (
    <List
      label={t('nav.people')}
      file={`people-${code}`}
      rows={rows}
      columns={[
        column.subject('professionals', (it) => it.professional),
        column.date('from', t('field.from'), (it) => it.startsOn),
        { key: 'to', title: t('field.to'), cell: (it) => (it.voided ? <Badge>{t('partners.voided')}</Badge> : date(it.endsOn)), csv: (it) => it.endsOn },
      ]}
      rowActions={({ id, professional: { name: who }, startsOn, endsOn, voided }) =>
        voided
          ? []
          : [
              {
                mutation: 'correctAffiliation',
                label: t('partners.correctConfirm'),
                name: t('partners.correct', { who }),
                change: () => ({
                  title: t('partners.correct', { who }),
                  about: t('partners.correctAbout'),
                  fields: [
                    { name: 'partner', label: t('field.partnerCode'), required: true, initial: code, lookup: findPartners },
                    day('startsOn', t('field.from'), { initial: startsOn }),
                    day('endsOn', t('field.to'), { required: false, initial: endsOn ?? '' }),
                    reason,
                  ],
                  operation: CorrectAffiliation,
                  input: (values) => ({ affiliation: id, partner: values['partner'], startsOn: values['startsOn'], endsOn: values['endsOn'] || null, reason: values['reason'] }),
                  confirm: t('partners.correctConfirm'),
                }),
              },
              {
                mutation: 'voidAffiliation',
                label: t('claims.void'),
                name: t('partners.voidAffiliation', { who }),
                change: () => ({
                  title: t('partners.voidAffiliation', { who }),
                  fields: [reason],
                  operation: VoidAffiliation,
                  input: (values) => ({ affiliation: id, reason: values['reason'] }),
                  confirm: t('claims.void'),
                  danger: true,
                }),
              },
            ]
      }
    />
  );
}
