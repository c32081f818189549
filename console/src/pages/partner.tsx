// A partner as staff sees it: the account, the ledger, the people, and every correction with its preview.

import { useState } from 'react';
import { Button as AriaButton } from 'react-aria-components/Button';
import { Menu, MenuItem, MenuTrigger } from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';
import { Link } from 'wouter';

import { Account, AccountLedger, AffiliationsOfPartner } from '#generated/account';
import { RecordActivity, Rules } from '#generated/claims';
import {
  AffiliateProfessional,
  CorrectAffiliation,
  EndContract,
  EndOverride,
  EndPartnership,
  MergePartners,
  OverrideLevel,
  RecordContract,
  SetSalesTarget,
  UpdatePartner,
  VoidAffiliation,
} from '#generated/partners';
import { ProductCategory, Track } from '#generated/schema';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import { addDays } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { Badge, Button, Card, Empty, Shown } from '#src/ui/basics';
import { ChangeDialog } from '#src/ui/change';
import type { Change } from '#src/ui/change';
import { Page } from '#src/ui/page';
import { fixed, Table } from '#src/ui/table';
import { Tabs } from '#src/ui/tabs';

import { AccountView, accountVariables } from './account';
import { LedgerView } from './ledger';

export default function PartnerPage({ params }: { params: Record<string, string> }) {
  const code = decodeURIComponent(params['code'] ?? '');
  const { t, date } = useTexts();
  const { today, may } = useCaller();
  const variables = accountVariables(code, today);
  const result = useData(Account, variables);
  const rules = useData(Rules, { asOf: null });
  const [change, setChange] = useState<Change | null>(null);
  const partner = result.data?.partner;
  const levels = result.data?.edition.partnerLevels ?? [];
  const tracks = Track.map((it) => [it, t(`Track.${it}`)] as const);
  const reason = { name: 'reason', label: t('field.reason'), type: 'textarea' as const, required: true };
  const kinds = (rules.data?.edition.earningRules ?? []).filter((it) => it.program === 'PARTNER' && !it.derived);
  const override = partner && [partner.standing.technical, partner.standing.business].find((it) => it.override);
  const contract = partner?.contracts.find((it) => !it.voided && it.endsOn >= today);

  const changes: (Change & { mutation: string; id: string })[] = partner
    ? [
        {
          id: 'record',
          mutation: 'recordActivity',
          title: t('partners.record'),
          fields: [
            { name: 'kind', label: t('field.kind'), type: 'select', required: true, options: kinds.map((it) => [it.kind, it.title] as const) },
            { name: 'occurredOn', label: t('field.date'), type: 'date', required: true, initial: today, max: today },
            { name: 'quantity', label: t('field.quantity'), type: 'number', required: true, initial: '1', min: 1 },
          ],
          operation: RecordActivity,
          input: (values) => ({
            subject: { partner: code },
            kind: values['kind'],
            occurredOn: values['occurredOn'],
            quantity: Number(values['quantity']),
            // What the kind requires is true of what is recorded here.
            attributes: Object.fromEntries((kinds.find((it) => it.kind === values['kind'])?.attributes ?? []).filter((it) => it.required && it.mustBe !== null).map((it) => [it.name, it.mustBe])),
            source: 'console',
            externalId: recordId,
          }),
          confirm: t('partners.record'),
        },
        {
          id: 'override',
          mutation: 'overrideLevel',
          title: t('partners.override'),
          about: t('partners.overrideAbout'),
          fields: [
            { name: 'track', label: t('field.track'), type: 'select', required: true, options: tracks },
            { name: 'level', label: t('account.level'), type: 'select', required: true, options: levels.map((it) => [it.code, it.name] as const), initial: levels.at(-1)?.code ?? '' },
            { name: 'from', label: t('field.from'), type: 'date', required: true, initial: today },
            { name: 'until', label: t('field.to'), type: 'date', required: true, initial: addDays(today, 90) },
            reason,
          ],
          operation: OverrideLevel,
          input: (values) => ({ partner: code, ...values }),
          confirm: t('partners.override'),
        },
        ...(override
          ? [
              {
                id: 'endOverride',
                mutation: 'endOverride',
                title: t('partners.endOverride'),
                fields: [{ name: 'on', label: t('field.date'), type: 'date' as const, required: true, initial: today }, reason],
                operation: EndOverride,
                input: (values: Record<string, string>) => ({ partner: code, track: override.track, on: values['on'], reason: values['reason'] }),
                confirm: t('partners.endOverride'),
                danger: true,
              },
            ]
          : []),
        {
          id: 'affiliate',
          mutation: 'affiliateProfessional',
          title: t('partners.affiliate'),
          fields: [
            { name: 'professional', label: t('field.professionalCode'), required: true },
            { name: 'startsOn', label: t('field.from'), type: 'date', required: true, initial: today },
          ],
          operation: AffiliateProfessional,
          input: (values) => ({ partner: code, ...values }),
          confirm: t('partners.affiliate'),
        },
        {
          id: 'contract',
          mutation: 'recordContract',
          title: t('partners.contract'),
          fields: [
            { name: 'reference', label: t('field.reference'), required: true },
            { name: 'startsOn', label: t('field.from'), type: 'date', required: true, initial: today },
            { name: 'endsOn', label: t('field.to'), type: 'date', required: true, initial: addDays(today, 365) },
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
          preview: false,
          confirm: t('partners.contract'),
        },
        ...(contract
          ? [
              {
                id: 'endContract',
                mutation: 'endContract',
                title: t('partners.endContract', { reference: contract.reference }),
                fields: [{ name: 'endsOn', label: t('field.to'), type: 'date' as const, required: true, initial: today }, reason],
                operation: EndContract,
                input: (values: Record<string, string>) => ({ partner: code, reference: contract.reference, endsOn: values['endsOn'], reason: values['reason'] }),
                confirm: t('partners.endContract', { reference: contract.reference }),
                danger: true,
              },
            ]
          : []),
        {
          id: 'target',
          mutation: 'setSalesTarget',
          title: t('partners.target'),
          fields: [
            { name: 'year', label: t('field.year'), type: 'number', required: true, initial: today.slice(0, 4) },
            { name: 'amount', label: t('field.amount'), type: 'number', required: true, min: 0 },
            { name: 'currency', label: t('field.currency'), required: true, initial: partner.salesTarget?.target.currency ?? 'EUR' },
          ],
          operation: SetSalesTarget,
          input: (values) => ({ partner: code, year: Number(values['year']), target: { amount: values['amount'], currency: values['currency'] } }),
          confirm: t('partners.target'),
        },
        {
          id: 'update',
          mutation: 'updatePartner',
          title: t('partners.update'),
          fields: [
            { name: 'name', label: t('field.name'), required: true, initial: partner.name },
            { name: 'enrolledOn', label: t('field.enrolledOn'), type: 'date', required: true, initial: partner.enrolledOn },
            reason,
          ],
          operation: UpdatePartner,
          input: (values) => ({
            code,
            reason: values['reason'],
            ...(values['name'] === partner.name ? {} : { name: values['name'] }),
            ...(values['enrolledOn'] === partner.enrolledOn ? {} : { enrolledOn: values['enrolledOn'] }),
          }),
          confirm: t('partners.update'),
        },
        {
          id: 'merge',
          mutation: 'mergePartners',
          title: t('partners.merge'),
          about: t('partners.mergeAbout', { name: partner.name }),
          fields: [{ name: 'into', label: t('field.partnerCode'), required: true }, reason],
          operation: MergePartners,
          input: (values) => ({ from: code, into: values['into'], reason: values['reason'] }),
          confirm: t('partners.merge'),
          danger: true,
        },
        {
          id: 'end',
          mutation: 'endPartnership',
          title: partner.leftOn ? t('partners.resume') : t('partners.end'),
          fields: [...(partner.leftOn ? [] : [{ name: 'on', label: t('field.date'), type: 'date' as const, required: true, initial: today }]), reason],
          operation: EndPartnership,
          input: (values) => ({ partner: code, on: values['on'] ?? null, reason: values['reason'] }),
          confirm: partner.leftOn ? t('partners.resume') : t('partners.end'),
          danger: true,
        },
      ]
    : [];
  const [recordId, setRecordId] = useState(() => crypto.randomUUID());
  const allowed = changes.filter((it) => may(it.mutation));

  return (
    <Page
      title={partner?.name ?? code}
      lead={partner && t('partners.since', { code, on: date(partner.enrolledOn) })}
      queries={[
        { operation: Account, variables },
        { operation: AccountLedger, variables: { code, last: 50 } },
        { operation: AffiliationsOfPartner, variables: { code } },
      ]}
      actions={
        <>
          <Link className="button" href={`/partners/${encodeURIComponent(code)}/statement`}>
            {t('nav.statement')}
          </Link>
          {allowed.length > 0 && (
            <MenuTrigger>
              <AriaButton className="button primary">{t('partners.change')}</AriaButton>
              <Popover className="popover" placement="bottom end">
                <Menu
                  className="menu"
                  onAction={(key) => {
                    setRecordId(crypto.randomUUID());
                    setChange(allowed.find((it) => it.id === key) ?? null);
                  }}
                >
                  {allowed.map((it) => (
                    <MenuItem key={it.id} id={it.id} className="menu-item">
                      {it.title}
                    </MenuItem>
                  ))}
                </Menu>
              </Popover>
            </MenuTrigger>
          )}
        </>
      }
    >
      <Shown of={result} pick={(data) => data.partner}>
        {(data) => (
          <Tabs
            label={data.partner?.name ?? code}
            tabs={[
              { id: 'account', title: t('nav.overview'), content: () => <AccountView data={data} /> },
              { id: 'ledger', title: t('nav.ledger'), content: () => <LedgerView code={code} /> },
              { id: 'people', title: t('nav.people'), content: () => <People code={code} onChange={setChange} /> },
              {
                id: 'levels',
                title: t('account.history'),
                content: () => (
                  <Card>
                    {data.partner?.levelHistory.length === 0 && <Empty />}
                    <ul className="list">
                      {data.partner?.levelHistory.toReversed().map((it) => (
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
                ),
              },
            ]}
          />
        )}
      </Shown>
      {change && <ChangeDialog change={changes.find((it) => 'id' in change && it.id === (change as { id?: string }).id) ?? change} onClose={() => setChange(null)} />}
    </Page>
  );
}

function People({ code, onChange }: { code: string; onChange: (change: Change) => void }) {
  const { t, date } = useTexts();
  const { may } = useCaller();
  const result = useData(AffiliationsOfPartner, { code });
  return (
    <Shown of={result} pick={(data) => data.partner}>
      {(data) => (
        <Table
          label={t('nav.people')}
          file={`people-${code}`}
          rows={fixed((data.partner?.affiliations.nodes ?? []).filter((it): it is NonNullable<typeof it> => it !== null).toReversed())}
          columns={[
            {
              key: 'who',
              title: t('field.who'),
              cell: (it) => <Link href={`/professionals/${encodeURIComponent(it.professional.code)}`}>{it.professional.name}</Link>,
              csv: (it) => it.professional.code,
            },
            { key: 'from', title: t('field.from'), cell: (it) => date(it.startsOn), csv: (it) => it.startsOn },
            { key: 'to', title: t('field.to'), cell: (it) => (it.voided ? <Badge>{t('partners.voided')}</Badge> : date(it.endsOn)), csv: (it) => it.endsOn },
            {
              key: 'actions',
              title: t('field.actions'),
              cell: (it) =>
                !it.voided && (
                  <span className="row-actions">
                    {may('correctAffiliation') && (
                      <Button
                        onPress={() =>
                          onChange({
                            title: t('partners.correct', { who: it.professional.name }),
                            about: t('partners.correctAbout'),
                            fields: [
                              { name: 'partner', label: t('field.partnerCode'), required: true, initial: code },
                              { name: 'startsOn', label: t('field.from'), type: 'date', required: true, initial: it.startsOn },
                              { name: 'endsOn', label: t('field.to'), type: 'date', initial: it.endsOn ?? '' },
                              { name: 'reason', label: t('field.reason'), type: 'textarea', required: true },
                            ],
                            operation: CorrectAffiliation,
                            input: (values) => ({ affiliation: it.id, partner: values['partner'], startsOn: values['startsOn'], endsOn: values['endsOn'] || null, reason: values['reason'] }),
                            confirm: t('partners.correctConfirm'),
                          })
                        }
                      >
                        {t('partners.correctConfirm')}
                      </Button>
                    )}
                    {may('voidAffiliation') && (
                      <Button
                        onPress={() =>
                          onChange({
                            title: t('partners.voidAffiliation', { who: it.professional.name }),
                            fields: [{ name: 'reason', label: t('field.reason'), type: 'textarea', required: true }],
                            operation: VoidAffiliation,
                            input: (values) => ({ affiliation: it.id, reason: values['reason'] }),
                            confirm: t('claims.void'),
                            danger: true,
                          })
                        }
                      >
                        {t('claims.void')}
                      </Button>
                    )}
                  </span>
                ),
            },
          ]}
        />
      )}
    </Shown>
  );
}
