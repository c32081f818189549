// The policy in force as a table that a person can read; for administrators, the editions and drafts too.

import { Link, useLocation } from 'wouter';

import { CurrentDocument, Drafts, Editions, PolicyTable, SaveDraft } from '#generated/policy';
import type { PolicyTableQuery } from '#generated/types';
import { useCaller } from '#src/api/caller';
import { useData, useRows } from '#src/api/data';
import { addMonths, monthStart } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { Actions, useChange } from '#src/ui/actions';
import { Card, Shown } from '#src/ui/basics';
import type { Change } from '#src/ui/change';
import { List, Two, useColumns } from '#src/ui/list';
import { Page } from '#src/ui/page';
import { fixed, Table } from '#src/ui/table';
import { Tabs } from '#src/ui/tabs';

export default function PolicyPage() {
  const { t, date } = useTexts();
  const { may } = useCaller();
  const result = useData(PolicyTable, {});
  const tables = {
    id: 'table',
    title: t('policy.table'),
    content: () => <Shown of={result}>{(data) => <Rules edition={data.edition} />}</Shown>,
  };
  return (
    <Page
      title={t('nav.policy')}
      lead={result.data && t('policy.lead', { name: result.data.edition.name, on: date(result.data.edition.effectiveFrom) })}
      queries={[{ operation: PolicyTable, variables: {} }, ...(may('saveEditionDraft') ? [Drafts, Editions].map((operation) => ({ operation, variables: { last: 50 } })) : [])]}
    >
      {may('saveEditionDraft') ? (
        <Tabs label={t('nav.policy')} tabs={[tables, { id: 'drafts', title: t('policy.drafts'), content: () => <DraftsAndEditions /> }]} />
      ) : (
        tables.content()
      )}
    </Page>
  );
}

function Rules({ edition }: { edition: PolicyTableQuery['edition'] }) {
  const { t, number, percent, money } = useTexts();
  const rules = edition.earningRules.map((it) => ({ ...it, id: `${it.program} ${it.kind}` }));
  return (
    <>
      <div className="grid quarters">
        <Card title={t('policy.partnerLevels')}>
          <ul className="list">
            {edition.partnerLevels.map((it) => (
              <li key={it.code}>
                <span>{it.name}</span>
                <span>{t('paths.credits', { n: it.threshold })}</span>
              </li>
            ))}
          </ul>
        </Card>
        <Card title={t('policy.professionalLevels')}>
          <ul className="list">
            {edition.professionalLevels.map((it) => (
              <li key={it.code}>
                <span>{it.name}</span>
                <span>{t('policy.points', { n: it.threshold })}</span>
              </li>
            ))}
          </ul>
        </Card>
        <Card title={t('policy.caps')}>
          <ul className="list">
            {edition.redemptionCaps.map((it) => (
              <li key={`${it.purpose} ${it.categories.join()}`}>
                <span>
                  {t(`OrderPurpose.${it.purpose}`)}
                  <span className="sub">{it.categories.map((one) => t(`ProductCategory.${one}`)).join(', ')}</span>
                </span>
                <strong>{percent(it.percent)}</strong>
              </li>
            ))}
            {edition.creditValues.map((it) => (
              <li key={it.currency}>
                <span>{t('policy.value', { currency: it.currency })}</span>
                <strong>{money(it)}</strong>
              </li>
            ))}
          </ul>
        </Card>
        <Card title={t('account.discounts')}>
          <ul className="list">
            {edition.discounts.map((it) => (
              <li key={`${it.level.code} ${it.categories.join()}`}>
                <span>
                  {it.level.name}
                  <span className="sub">{it.categories.map((one) => t(`ProductCategory.${one}`)).join(', ')}</span>
                </span>
                <strong>{percent(it.percent)}</strong>
              </li>
            ))}
          </ul>
        </Card>
      </div>
      <Table
        label={t('policy.rules')}
        file="earning-rules"
        rows={fixed(rules)}
        columns={[
          {
            key: 'kind',
            title: t('field.kind'),
            cell: (it) => (
              <span>
                <span lang="en">{it.title}</span>
                <span className="sub">{it.kind}</span>
              </span>
            ),
            csv: (it) => it.kind,
          },
          { key: 'program', title: t('policy.program'), cell: (it) => (it.track ? t(`Track.${it.track}`) : t(`Program.${it.program}`)), csv: (it) => it.track ?? it.program },
          {
            key: 'earns',
            title: t('policy.earns'),
            number: true,
            cell: (it) =>
              it.credits !== null
                ? it.per > 1
                  ? t('policy.per', { n: it.credits, per: it.per })
                  : number(it.credits)
                : it.points
                  ? it.points.min === it.points.max
                    ? number(it.points.min)
                    : `${number(it.points.min)}–${number(it.points.max)}`
                  : '–',
            csv: (it) => it.credits ?? (it.points ? `${it.points.min}-${it.points.max}` : ''),
          },
          { key: 'window', title: t('policy.window'), cell: (it) => t(`Window.${it.window}`), csv: (it) => it.window },
          { key: 'cap', title: t('policy.cap'), number: true, cell: (it) => (it.cap === null ? '–' : number(it.cap)), csv: (it) => it.cap },
          { key: 'review', title: t('policy.review'), cell: (it) => t(`ReviewRequirement.${it.review}`), csv: (it) => it.review },
        ]}
      />
    </>
  );
}

function DraftsAndEditions() {
  const { t } = useTexts();
  const { today } = useCaller();
  const [, navigate] = useLocation();
  const { open, dialog } = useChange();
  const result = useData(CurrentDocument, {});
  const create = (document: string): Change => ({
    title: t('policy.newDraft'),
    about: t('policy.newDraftAbout'),
    fields: [
      { name: 'name', label: t('field.name'), required: true },
      { name: 'effectiveFrom', label: t('policy.effectiveFrom'), type: 'date', required: true, initial: addMonths(monthStart(today), 1) },
    ],
    operation: SaveDraft,
    input: (values) => ({ name: values['name'], effectiveFrom: values['effectiveFrom'], document }),
    preview: false,
    confirm: t('policy.newDraft'),
    onDone: (payload) => {
      const draft = payload['draft'] as { id: string } | null;
      navigate(draft ? `/policy/drafts/${draft.id}` : '/policy');
    },
  });
  return (
    <Shown of={result}>
      {(data) => (
        <>
          <div className="actions filters">
            <Actions open={open} of={[{ mutation: 'saveEditionDraft', label: t('policy.newDraft'), kind: 'primary', change: () => create(data.edition.document) }]} />
          </div>
          <AllDrafts />
          <AllEditions />
          {dialog}
        </>
      )}
    </Shown>
  );
}

const DRAFT_TONES = { OPEN: 'info', APPROVED: 'good', PUBLISHED: 'good', WITHDRAWN: 'neutral' } as const;

function AllDrafts() {
  const { t, time } = useTexts();
  const rows = useRows(Drafts, {}, (data) => data.editionDrafts, { backward: true });
  const column = useColumns(rows);
  return (
    <section className="stack">
      <h2>{t('policy.drafts')}</h2>
      <List
        label={t('policy.drafts')}
        file="drafts"
        rows={rows}
        empty={t('policy.noDrafts')}
        columns={[
          {
            key: 'name',
            title: t('field.name'),
            cell: (it) => (
              <Two sub={t('policy.saved', { by: it.savedBy, at: time(it.savedAt) })}>
                <Link href={`/policy/drafts/${it.id}`}>{it.name}</Link>
              </Two>
            ),
            csv: (it) => it.name,
          },
          column.date('from', t('policy.effectiveFrom'), (it) => it.effectiveFrom),
          column.status('EditionDraftStatus', (it) => it.status, DRAFT_TONES, (it) => it.approvedBy),
        ]}
      />
    </section>
  );
}

function AllEditions() {
  const { t } = useTexts();
  const rows = useRows(Editions, {}, (data) => data.editions, { backward: true });
  const column = useColumns(rows);
  return (
    <section className="stack">
      <h2>{t('policy.editions')}</h2>
      <List
        label={t('policy.editions')}
        file="editions"
        rows={rows}
        columns={[
          column.text('name', t('field.name'), (it) => it.name),
          column.date('from', t('policy.effectiveFrom'), (it) => it.effectiveFrom),
          column.time('published', t('policy.publishedAt'), (it) => it.publishedAt),
          column.text('by', t('audit.actor'), (it) => it.publishedBy),
        ]}
      />
    </section>
  );
}
