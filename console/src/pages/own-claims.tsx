// A partner's or a professional's own claims, with the answers, and a form for the next one.

import { useState } from 'react';

import { Claims, Rules, SubmitActivity } from '#generated/claims';
import type { ClaimPartsFragment } from '#generated/types';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Actions, useChange } from '#src/ui/actions';
import type { Action } from '#src/ui/actions';
import { SelectField } from '#src/ui/fields';
import { ListPage, useColumns } from '#src/ui/list';

import { activityOf, SOURCE, useActivityFields } from './activity-fields';
import { ClaimFacts, useClaimColumns, useRules } from './claim-parts';
import type { Rule } from './claim-parts';

export default function OwnClaimsPage() {
  const texts = useTexts();
  const { t } = texts;
  const { viewer, may } = useCaller();
  const { fieldsOf } = useActivityFields();
  const { open, dialog } = useChange();
  const rows = useRows(Claims, { filter: {}, orderBy: 'RECORDED_AT_DESC' as const }, (data) => data.activities);
  const { rules, titleOf } = useRules();
  const claim = useClaimColumns(rows, titleOf);
  const column = useColumns(rows);
  const [kind, setKind] = useState('');
  const program = viewer.partner ? 'PARTNER' : 'PROFESSIONAL';
  const own = (viewer.partner ?? viewer.professional)?.code ?? '';
  const claimable = rules.filter((it) => it.program === program && !it.derived && it.claimable);
  const chosen = claimable.find((it) => it.kind === kind) ?? claimable[0];

  /// A claim, or one that takes the place of another that was rejected or voided.
  const submit = (rule: Rule, before?: ClaimPartsFragment): Action => ({
    mutation: 'submitActivity',
    label: t(before ? 'claims.again' : 'claims.new'),
    ...(before ? {} : { kind: 'primary' as const }),
    change: () => {
      const reviewed = rule.review !== 'NONE';
      // One claim, however often the request is repeated.
      const key = before ? { source: before.source, externalId: before.externalId, replaces: true } : { source: SOURCE, externalId: crypto.randomUUID() };
      return {
        title: rule.title,
        about: before ? <ClaimFacts claim={before} texts={texts} /> : reviewed && t('claims.newAbout'),
        fields: fieldsOf(rule, { claim: true, ...(before ? { before } : {}) }),
        operation: SubmitActivity,
        input: (values) => ({ subject: viewer.partner ? { partner: own } : { professional: own }, ...activityOf(rule, values), ...key }),
        confirm: t('claims.submit'),
        done: t(reviewed ? 'claims.submitted' : 'change.done'),
      };
    },
  });
  /// What was answered with no can be sent again, with what was missing.
  const again = (it: ClaimPartsFragment): Action[] => {
    const rule = claimable.find((one) => one.kind === it.kind);
    const over = (it.status === 'REJECTED' || it.status === 'VOIDED') && !it.replacedBy;
    return rule && over && it.subject.code === own ? [submit(rule, it)] : [];
  };

  return (
    <ListPage
      title={t('nav.claims')}
      lead={t('claims.ownLead')}
      rows={rows}
      queries={[{ operation: Rules, variables: {} }]}
      file="claims"
      empty={t('claims.none')}
      above={
        <>
          {chosen && may('submitActivity') && (
            <div className="filters">
              <SelectField label={t('field.kind')} value={chosen.kind} onChange={setKind} options={claimable.map((it) => [it.kind, it.title] as const)} />
              <Actions of={[submit(chosen)]} open={open} />
            </div>
          )}
          {dialog}
        </>
      }
      columns={[
        claim.date,
        ...(viewer.partner ? [claim.who] : []),
        claim.kind,
        claim.evidence,
        claim.status,
        column.number('points', t('field.awarded'), (it) => (it.subject.__typename === 'Partner' ? it.awardedCredits : it.awardedPoints)),
      ]}
      rowActions={again}
    />
  );
}
