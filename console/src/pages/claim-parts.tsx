// How claims are shown: to staff that reviews them, and to those who made them.

import { Rules } from '#generated/claims';
import type { ClaimPartsFragment, RulesQuery } from '#generated/types';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import type { Rows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import type { Texts } from '#src/i18n/i18n';
import { Badge, Definitions } from '#src/ui/basics';
import { SubjectLink, useColumns } from '#src/ui/list';
import type { Column } from '#src/ui/table';

import { CLAIM_TONES } from './tones';

export type Rule = RulesQuery['edition']['earningRules'][number];

/// The rules in force, and the titles of their kinds.
export function useRules(): { rules: readonly Rule[]; titleOf: (kind: string) => string } {
  const result = useData(Rules, { asOf: null });
  const rules = result.data?.edition.earningRules ?? [];
  return { rules, titleOf: (kind) => rules.find((it) => it.kind === kind)?.title ?? kind };
}

export function useClaimColumns(rows: Rows<ClaimPartsFragment>, titleOf: (kind: string) => string) {
  const { t } = useTexts();
  const { isStaff } = useCaller();
  const column = useColumns(rows);
  return {
    date: column.date('date', t('field.date'), (it) => it.occurredOn),
    who: {
      key: 'who',
      title: t('field.who'),
      cell: ({ subject }) =>
        isStaff ? (
          <SubjectLink kind={subject.__typename === 'Partner' ? 'partners' : 'professionals'} code={subject.code}>
            {subject.name}
          </SubjectLink>
        ) : (
          subject.name
        ),
      csv: (it) => it.subject.code,
    } satisfies Column<ClaimPartsFragment>,
    kind: {
      key: 'kind',
      title: t('field.kind'),
      cell: (it) => <span lang="en">{titleOf(it.kind)}</span>,
      csv: (it) => it.kind,
    } satisfies Column<ClaimPartsFragment>,
    evidence: {
      key: 'evidence',
      title: t('field.evidence'),
      cell: (it) => <Evidence claim={it} />,
      csv: (it) => attributesOf(it).map(([name, value]) => `${name}: ${value}`).join('; '),
    } satisfies Column<ClaimPartsFragment>,
    status: column.status('ActivityStatus', (it) => it.status, CLAIM_TONES, (it) => it.voided?.reason ?? it.review?.reason),
  };
}

export function attributesOf(claim: Pick<ClaimPartsFragment, 'attributes'>): [string, string][] {
  const attributes = (claim.attributes ?? {}) as Record<string, unknown>;
  return Object.entries(attributes).map(([name, value]) => [name, String(value)]);
}

/// `releasedOn` as "Released on".
function words(name: string): string {
  const text = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/// What attributes are called: those of every kind in the language of the page, others by their names.
export function useAttributeLabels(): (name: string) => string {
  const { t } = useTexts();
  const labels: Record<string, string> = {
    evidenceUrl: t('claims.evidence'),
    note: t('field.note'),
    title: t('attribute.title'),
    description: t('field.description'),
    url: t('attribute.url'),
  };
  return (name) => labels[name] ?? words(name);
}

function shownValue(text: string, t: Texts['t']): string {
  return text === 'true' ? t('yes') : text === 'false' ? t('no') : text;
}

function isAddress(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}

function Address({ to, children }: { to: string; children: string }) {
  return (
    <a href={to} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

/// What a claim says of itself; addresses as links.
export function Evidence({ claim }: { claim: Pick<ClaimPartsFragment, 'attributes' | 'evidenceDueOn' | 'status'> }) {
  const { t, date } = useTexts();
  const labelOf = useAttributeLabels();
  const attributes = attributesOf(claim);
  const due = claim.status === 'PENDING_REVIEW' && claim.evidenceDueOn;
  return attributes.length === 0 && !due ? null : (
    <span className="evidence">
      {attributes.map(([name, value]) =>
        isAddress(value) ? (
          <Address key={name} to={value}>
            {new URL(value).host}
          </Address>
        ) : (
          <span key={name}>{`${labelOf(name)}: ${shownValue(value, t)}`}</span>
        ),
      )}
      {due && <Badge tone="warn">{t('claims.evidenceDue', { on: date(due) })}</Badge>}
    </span>
  );
}

export function ClaimFacts({ claim, texts }: { claim: ClaimPartsFragment; texts: Texts }) {
  const { t, date, number } = texts;
  const labelOf = useAttributeLabels();
  return (
    <Definitions
      of={[
        [t('field.date'), date(claim.occurredOn)],
        [t('field.quantity'), number(claim.quantity)],
        [t('field.pointsProposed'), claim.points === null ? '–' : number(claim.points)],
        ...attributesOf(claim).map(([name, value]): [string, React.ReactNode] => [
          labelOf(name),
          isAddress(value) ? (
            <Address key={name} to={value}>
              {value}
            </Address>
          ) : (
            shownValue(value, t)
          ),
        ]),
        ...(claim.review?.reason ? [[t('field.reason'), claim.review.reason] as [string, React.ReactNode]] : []),
        ...(claim.evidenceDueOn ? [[t('claims.evidenceUntil'), date(claim.evidenceDueOn)] as [string, React.ReactNode]] : []),
        ...(claim.replaces
          ? [[t('claims.replaces'), `${t(`ActivityStatus.${claim.replaces.status}`)}: ${claim.replaces.voided?.reason ?? claim.replaces.review?.reason ?? '–'}`] as [string, React.ReactNode]]
          : []),
      ]}
    />
  );
}
