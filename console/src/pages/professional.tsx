// A professional as staff sees it.

import { useState } from 'react';
import { Button as AriaButton } from 'react-aria-components/Button';
import { Menu, MenuItem, MenuTrigger } from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';
import { Link } from 'wouter';

import { AffiliateProfessional, EndOverride, OverrideLevel } from '#generated/partners';
import { EndMembership, Membership, PointsLedger, UpdateProfessional } from '#generated/professionals';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import { addDays } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { Badge, Card, Empty, Shown } from '#src/ui/basics';
import { ChangeDialog } from '#src/ui/change';
import type { Change } from '#src/ui/change';
import { Page } from '#src/ui/page';
import { Tabs } from '#src/ui/tabs';

import { PointsView } from './ledger';
import { MembershipView } from './membership';

export default function ProfessionalPage({ params }: { params: Record<string, string> }) {
  const code = decodeURIComponent(params['code'] ?? '');
  const { t, date } = useTexts();
  const { today, may } = useCaller();
  const result = useData(Membership, { code });
  const [change, setChange] = useState<Change | null>(null);
  const person = result.data?.professional;
  const levels = result.data?.edition.professionalLevels ?? [];
  const reason = { name: 'reason', label: t('field.reason'), type: 'textarea' as const, required: true };
  const changes: (Change & { mutation: string; id: string })[] = person
    ? [
        {
          id: 'affiliate',
          mutation: 'affiliateProfessional',
          title: t('partners.affiliate'),
          fields: [
            { name: 'partner', label: t('field.partnerCode'), required: true },
            { name: 'startsOn', label: t('field.from'), type: 'date', required: true, initial: today },
          ],
          operation: AffiliateProfessional,
          input: (values) => ({ professional: code, ...values }),
          confirm: t('partners.affiliate'),
        },
        {
          id: 'override',
          mutation: 'overrideLevel',
          title: t('partners.override'),
          about: t('partners.overrideAbout'),
          fields: [
            { name: 'level', label: t('account.level'), type: 'select', required: true, options: levels.map((it) => [it.code, it.name] as const) },
            { name: 'from', label: t('field.from'), type: 'date', required: true, initial: today },
            { name: 'until', label: t('field.to'), type: 'date', required: true, initial: addDays(today, 90) },
            reason,
          ],
          operation: OverrideLevel,
          input: (values) => ({ professional: code, ...values }),
          confirm: t('partners.override'),
        },
        ...(person.standing.override
          ? [
              {
                id: 'endOverride',
                mutation: 'endOverride',
                title: t('partners.endOverride'),
                fields: [{ name: 'on', label: t('field.date'), type: 'date' as const, required: true, initial: today }, reason],
                operation: EndOverride,
                input: (values: Record<string, string>) => ({ professional: code, on: values['on'], reason: values['reason'] }),
                confirm: t('partners.endOverride'),
                danger: true,
              },
            ]
          : []),
        {
          id: 'update',
          mutation: 'updateProfessional',
          title: t('partners.update'),
          fields: [
            { name: 'name', label: t('field.name'), required: true, initial: person.name },
            { name: 'signedUpOn', label: t('field.signedUpOn'), type: 'date', required: true, initial: person.signedUpOn },
            reason,
          ],
          operation: UpdateProfessional,
          input: (values) => ({
            code,
            reason: values['reason'],
            ...(values['name'] === person.name ? {} : { name: values['name'] }),
            ...(values['signedUpOn'] === person.signedUpOn ? {} : { signedUpOn: values['signedUpOn'] }),
          }),
          confirm: t('partners.update'),
        },
        {
          id: 'end',
          mutation: 'endMembership',
          title: person.leftOn ? t('professionals.resume') : t('professionals.end'),
          fields: [...(person.leftOn ? [] : [{ name: 'on', label: t('field.date'), type: 'date' as const, required: true, initial: today }]), reason],
          operation: EndMembership,
          input: (values) => ({ professional: code, on: values['on'] ?? null, reason: values['reason'] }),
          confirm: person.leftOn ? t('professionals.resume') : t('professionals.end'),
          danger: true,
        },
      ]
    : [];
  const allowed = changes.filter((it) => may(it.mutation));
  return (
    <Page
      title={person?.name ?? code}
      lead={person && t('professionals.since', { code, on: date(person.signedUpOn) })}
      queries={[
        { operation: Membership, variables: { code } },
        { operation: PointsLedger, variables: { code, last: 50 } },
      ]}
      actions={
        allowed.length > 0 && (
          <MenuTrigger>
            <AriaButton className="button primary">{t('partners.change')}</AriaButton>
            <Popover className="popover" placement="bottom end">
              <Menu className="menu" onAction={(key) => setChange(allowed.find((it) => it.id === key) ?? null)}>
                {allowed.map((it) => (
                  <MenuItem key={it.id} id={it.id} className="menu-item">
                    {it.title}
                  </MenuItem>
                ))}
              </Menu>
            </Popover>
          </MenuTrigger>
        )
      }
    >
      <Shown of={result} pick={(data) => data.professional}>
        {(data) => (
          <Tabs
            label={data.professional?.name ?? code}
            tabs={[
              { id: 'membership', title: t('nav.overview'), content: () => <MembershipView data={data} /> },
              { id: 'points', title: t('nav.points'), content: () => <PointsView code={code} /> },
              {
                id: 'affiliations',
                title: t('professionals.affiliations'),
                content: () => (
                  <Card>
                    {data.professional?.affiliations.nodes.length === 0 && <Empty />}
                    <ul className="list">
                      {data.professional?.affiliations.nodes.toReversed().map(
                        (it) =>
                          it && (
                            <li key={it.id}>
                              <span>
                                {it.partner && <Link href={`/partners/${encodeURIComponent(it.partner.code)}?tab=people`}>{it.partner.name}</Link>}
                                {it.voided && <Badge>{t('partners.voided')}</Badge>}
                              </span>
                              <span className="muted">{`${date(it.startsOn)} – ${it.endsOn ? date(it.endsOn) : t('professionals.now')}`}</span>
                            </li>
                          ),
                      )}
                    </ul>
                  </Card>
                ),
              },
            ]}
          />
        )}
      </Shown>
      {change && <ChangeDialog change={change} onClose={() => setChange(null)} />}
    </Page>
  );
}
