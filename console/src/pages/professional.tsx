// A professional as staff sees it.

import { Link } from 'wouter';

import { Claims, Rules } from '#generated/claims';
import { AffiliateProfessional } from '#generated/partners';
import {
  AffiliationsOfProfessional,
  EndAffiliation,
  EndMembership,
  EraseProfessional,
  Membership,
  MergeProfessionals,
  PointsLedger,
  UpdateProfessional,
} from '#generated/professionals';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { findPartners, findProfessionals } from '#src/api/lookups';
import { useTexts } from '#src/i18n/i18n';
import { useChangeFields } from '#src/ui/actions';
import type { Action } from '#src/ui/actions';
import { Badge } from '#src/ui/basics';
import { List, useColumns } from '#src/ui/list';

import { ClaimsView } from './claim-actions';
import { useRules } from './claim-parts';
import { PointsView } from './ledger';
import { MembershipView } from './membership';
import { membershipQueries } from './membership-years';
import { SubjectPage, useSubjectActions } from './subjects';

export default function ProfessionalPage({ params }: { params: Record<string, string> }) {
  const code = decodeURIComponent(params['code'] ?? '');
  const { t, date } = useTexts();
  const { today } = useCaller();
  const { day, reason } = useChangeFields();
  const { rules } = useRules();
  const subject = useSubjectActions({ professional: code });
  const affiliate: Action = {
    mutation: 'affiliateProfessional',
    label: t('partners.affiliate'),
    change: () => ({
      title: t('partners.affiliate'),
      fields: [{ name: 'partner', label: t('field.partnerCode'), required: true, lookup: findPartners }, day('startsOn', t('field.from'))],
      operation: AffiliateProfessional,
      input: (values) => ({ professional: code, ...values }),
      confirm: t('partners.affiliate'),
    }),
  };
  const endAffiliation: Action = {
    mutation: 'endAffiliation',
    label: t('professionals.endAffiliation'),
    change: () => ({
      title: t('professionals.endAffiliation'),
      fields: [day('endsOn', t('professionals.lastDay'))],
      operation: EndAffiliation,
      input: (values) => ({ professional: code, endsOn: values['endsOn'] }),
      confirm: t('professionals.endAffiliation'),
      danger: true,
    }),
  };
  const erase = (name: string): Action => ({
    mutation: 'eraseProfessional',
    label: t('professionals.erase'),
    change: () => ({
      title: t('professionals.eraseTitle', { name }),
      about: t('professionals.eraseAbout'),
      fields: [{ ...reason, hint: t('professionals.eraseHint') }],
      operation: EraseProfessional,
      input: (values) => ({ professional: code, reason: values['reason'] }),
      preview: false,
      confirm: t('professionals.erase'),
      danger: true,
    }),
  });
  return (
    <SubjectPage
      operation={Membership}
      variables={{ code }}
      pick={(data) => data.professional}
      code={code}
      lead={({ professional }) => professional?.signedUpOn && t('professionals.since', { code, on: date(professional.signedUpOn) })}
      queries={[
        ...membershipQueries(code, today),
        { operation: PointsLedger, variables: { code, last: 50 } },
        { operation: AffiliationsOfProfessional, variables: { code, last: 50 } },
        { operation: Claims, variables: { filter: { professional: code }, orderBy: 'RECORDED_AT_DESC', first: 50 } },
        { operation: Rules, variables: {} },
      ]}
      links={
        <Link className="button" href={`/professionals/${encodeURIComponent(code)}/certificate`}>
          {t('nav.certificate')}
        </Link>
      }
      actions={({ professional: person, edition }) =>
        person
          ? [
              subject.record(rules),
              affiliate,
              subject.override(edition.professionalLevels),
              ...(person.standing.override ? [subject.endOverride()] : []),
              subject.update('updateProfessional', UpdateProfessional, code, { name: person.name, signedUpOn: person.signedUpOn }, { name: 'signedUpOn', label: t('field.signedUpOn') }),
              subject.merge('mergeProfessionals', MergeProfessionals, code, person.name, { label: t('field.professionalCode'), lookup: findProfessionals }),
              ...(person.partner ? [endAffiliation] : []),
              subject.end('endMembership', EndMembership, person.leftOn, t(person.leftOn ? 'professionals.resume' : 'professionals.end')),
              erase(person.name),
            ]
          : []
      }
      tabs={[
        { id: 'membership', title: t('nav.overview'), content: (data) => <MembershipView data={data} /> },
        { id: 'points', title: t('nav.points'), content: () => <PointsView code={code} /> },
        { id: 'claims', title: t('claims.tab'), content: () => <ClaimsView subject={{ professional: code }} file={`activities-${code}`} /> },
        { id: 'affiliations', title: t('professionals.affiliations'), content: () => <Affiliations code={code} /> },
      ]}
    />
  );
}

function Affiliations({ code }: { code: string }) {
  const { t, date } = useTexts();
  const rows = useRows(AffiliationsOfProfessional, { code }, (data) => data.professional?.affiliations, { backward: true });
  const column = useColumns(rows);
  return (
    <List
      label={t('professionals.affiliations')}
      file={`affiliations-${code}`}
      rows={rows}
      columns={[
        column.subject('partners', (it) => it.partner),
        column.date('from', t('field.from'), (it) => it.startsOn),
        {
          key: 'to',
          title: t('field.to'),
          cell: (it) => (it.voided ? <Badge>{t('partners.voided')}</Badge> : it.endsOn ? date(it.endsOn) : t('professionals.now')),
          csv: (it) => (it.voided ? 'voided' : it.endsOn),
        },
      ]}
    />
  );
}
