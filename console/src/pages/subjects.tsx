// What pages of partners and professionals have in common.

import type { ReactNode } from 'react';

import { RecordActivity } from '#generated/claims';
import { EndOverride, OverrideLevel } from '#generated/partners';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import type { Operation } from '#src/api/operation';
import { addDays } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { Shown } from '#src/ui/basics';
import { ActionMenu, useChange, useChangeFields } from '#src/ui/actions';
import type { Action } from '#src/ui/actions';
import type { Change, ChangeField } from '#src/ui/change';
import { Page } from '#src/ui/page';
import type { ShownQuery } from '#src/ui/page';
import { Tabs } from '#src/ui/tabs';

import { activityOf, isGraded, SOURCE, useActivityFields } from './activity-fields';
import type { Rule } from './claim-parts';

interface Level {
  readonly code: string;
  readonly name: string;
}

/// Changes that partners and professionals both have. `subject` names the one they concern, as the inputs do.
export function useSubjectActions(subject: { partner: string } | { professional: string }) {
  const { t } = useTexts();
  const { today } = useCaller();
  const { reason, day } = useChangeFields();
  const { fieldsOf } = useActivityFields();
  return {
    /// Records what a kind that is not derived is for; graded kinds with their points.
    record: (rules: readonly Rule[]): Action => ({
      mutation: 'recordActivity',
      label: t('partners.record'),
      change: () => {
        const externalId = crypto.randomUUID();
        const kinds = rules.filter((it) => it.program === ('partner' in subject ? 'PARTNER' : 'PROFESSIONAL') && !it.derived);
        const ruleOf = (values: Record<string, string>) => kinds.find((it) => it.kind === values['kind']);
        return {
          title: t('partners.record'),
          fields: [
            {
              name: 'kind',
              label: t('field.kind'),
              type: 'select',
              required: true,
              options: kinds.map((it) => [it.kind, it.points && isGraded(it) ? `${it.title} (${t('claims.range', it.points)})` : it.title] as const),
            },
            // Of the chosen kind only; what was entered stays when another kind has such a field too.
            ...kinds.flatMap((kind) => fieldsOf(kind, { claim: false }).map((it) => ({ ...it, when: (values: Record<string, string>) => ruleOf(values) === kind }))),
          ],
          operation: RecordActivity,
          input: (values) => {
            const rule = ruleOf(values);
            return { subject, ...(rule ? activityOf(rule, values) : {}), source: SOURCE, externalId };
          },
          confirm: t('partners.record'),
        };
      },
    }),
    override: (levels: readonly Level[], fields: readonly ChangeField[] = []): Action => ({
      mutation: 'overrideLevel',
      label: t('partners.override'),
      change: () => ({
        title: t('partners.override'),
        about: t('partners.overrideAbout'),
        fields: [
          ...fields,
          { name: 'level', label: t('account.level'), type: 'select', required: true, options: levels.map((it) => [it.code, it.name] as const), initial: levels.at(-1)?.code ?? '' },
          day('from', t('field.from')),
          day('until', t('field.to'), { initial: addDays(today, 90) }),
          reason,
        ],
        operation: OverrideLevel,
        input: (values) => ({ ...subject, ...values }),
        confirm: t('partners.override'),
      }),
    }),
    endOverride: (more: Record<string, string> = {}): Action => ({
      mutation: 'endOverride',
      label: t('partners.endOverride'),
      change: () => ({
        title: t('partners.endOverride'),
        fields: [day('on', t('field.date')), reason],
        operation: EndOverride,
        input: (values) => ({ ...subject, ...more, on: values['on'], reason: values['reason'] }),
        confirm: t('partners.endOverride'),
        danger: true,
      }),
    }),
    /// Changes of the name and the first day.
    update: (mutation: string, operation: Change['operation'], code: string, before: Record<string, string>, first: ChangeField): Action => ({
      mutation,
      label: t('partners.update'),
      change: () => ({
        title: t('partners.update'),
        fields: [{ name: 'name', label: t('field.name'), required: true, initial: before['name'] ?? '' }, { ...first, type: 'date', required: true, initial: before[first.name] ?? '' }, reason],
        operation,
        input: (values) => ({ code, reason: values['reason'], ...Object.fromEntries(Object.entries(before).flatMap(([name, value]) => (values[name] === value ? [] : [[name, values[name]]]))) }),
        confirm: t('partners.update'),
      }),
    }),
    merge: (mutation: string, operation: Change['operation'], code: string, name: string, into: Pick<ChangeField, 'label' | 'lookup'>): Action => ({
      mutation,
      label: t('partners.merge'),
      change: () => ({
        title: t('partners.merge'),
        about: t('partners.mergeAbout', { name }),
        fields: [{ name: 'into', required: true, ...into }, reason],
        operation,
        input: (values) => ({ from: code, into: values['into'], reason: values['reason'] }),
        confirm: t('partners.merge'),
        danger: true,
      }),
    }),
    /// Ends a membership, or resumes one that has ended.
    end: (mutation: string, operation: Change['operation'], leftOn: string | null, title: string): Action => ({
      mutation,
      label: title,
      change: () => ({
        title,
        fields: [...(leftOn ? [] : [day('on', t('field.date'))]), reason],
        operation,
        input: (values) => ({ ...subject, on: values['on'] ?? null, reason: values['reason'] }),
        confirm: title,
        danger: true,
      }),
    }),
  };
}

export interface SubjectTab<Data> {
  readonly id: string;
  readonly title: string;
  readonly content: (data: Data) => ReactNode;
}

/// The page of a partner or professional: what it is, what may be changed, and tabs.
export function SubjectPage<Data, Variables>({
  operation,
  variables,
  pick,
  code,
  lead,
  queries,
  links,
  actions,
  tabs,
}: {
  operation: Operation<Data, Variables>;
  variables: Variables;
  pick: (data: Data) => { name: string } | null;
  code: string;
  lead: (data: Data) => string | undefined;
  queries: readonly ShownQuery[];
  links?: ReactNode;
  actions: (data: Data) => readonly Action[];
  tabs: readonly SubjectTab<Data>[];
}) {
  const result = useData(operation, variables);
  const { open, dialog } = useChange();
  const { data } = result;
  const name = (data && pick(data)?.name) ?? code;
  return (
    <Page
      title={name}
      lead={data && lead(data)}
      queries={[{ operation, variables: variables as Record<string, unknown> }, ...queries]}
      actions={
        <>
          {links}
          {data && <ActionMenu of={pick(data) ? actions(data) : []} open={open} />}
        </>
      }
    >
      <Shown of={result} pick={pick}>
        {(data) => <Tabs label={name} tabs={tabs.map((it) => ({ ...it, content: () => it.content(data) }))} />}
      </Shown>
      {dialog}
    </Page>
  );
}
