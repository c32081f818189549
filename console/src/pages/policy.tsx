// The policy in force as a table that a person can read; for administrators, the editions and drafts too.

import { Link, useLocation } from 'wouter';

import { Editions, PolicyTable, SaveDraft } from '#generated/policy';
import type { PolicyTableQuery } from '#generated/types';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import { addMonths, monthStart } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { Actions, useChange } from '#src/ui/actions';
import { Badge, Card, Empty, Shown } from '#src/ui/basics';
import type { Change } from '#src/ui/change';
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
      queries={[{ operation: PolicyTable, variables: {} }, ...(may('saveEditionDraft') ? [{ operation: Editions, variables: {} }] : [])]}
    >
      {may('saveEditionDraft') ? (
        <Tabs label={t('nav.policy')} tabs={[tables, { id: 'drafts', title: t('policy.drafts'), content: () => <Drafts /> }]} />
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

function Drafts() {
  const { t, date, time } = useTexts();
  const { today } = useCaller();
  const [, navigate] = useLocation();
  const { open, dialog } = useChange();
  const result = useData(Editions, {});
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
          <div className="grid">
            <Card title={t('policy.drafts')}>
              {data.editionDrafts.nodes.length === 0 && <Empty>{t('policy.noDrafts')}</Empty>}
              <ul className="list">
                {data.editionDrafts.nodes.toReversed().map(
                  (it) =>
                    it && (
                      <li key={it.id}>
                        <span>
                          <Link href={`/policy/drafts/${it.id}`}>{it.name}</Link>
                          <span className="sub">{t('policy.saved', { by: it.savedBy, at: time(it.savedAt) })}</span>
                        </span>
                        <Badge tone={it.status === 'APPROVED' || it.status === 'PUBLISHED' ? 'good' : it.status === 'OPEN' ? 'info' : 'neutral'}>{t(`EditionDraftStatus.${it.status}`)}</Badge>
                      </li>
                    ),
                )}
              </ul>
            </Card>
            <Card title={t('policy.editions')}>
              <ul className="list">
                {data.editions.nodes.toReversed().map(
                  (it) =>
                    it && (
                      <li key={it.id}>
                        <span>{it.name}</span>
                        <span className="muted">{t('policy.from', { on: date(it.effectiveFrom) })}</span>
                      </li>
                    ),
                )}
              </ul>
            </Card>
          </div>
          {dialog}
        </>
      )}
    </Shown>
  );
}
