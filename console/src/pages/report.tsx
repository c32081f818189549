// The program in numbers: what was earned and spent, what is owed, what levels will be.

import { Report } from '#generated/report';
import type { ReportQuery } from '#generated/types';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import { Bars } from '#src/charts/charts';
import { LevelsByMonth } from '#src/charts/levels';
import { yearStart } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { Card, Empty, Figure, Shown } from '#src/ui/basics';
import { TextField } from '#src/ui/fields';
import { Page } from '#src/ui/page';
import { fixed, Table } from '#src/ui/table';

export default function ReportPage() {
  const { today } = useCaller();
  const { t } = useTexts();
  const [get, set] = useAddress();
  const variables = { from: get('from') || yearStart(today), to: get('to') || today };
  const result = useData(Report, variables);
  return (
    <Page title={t('nav.report')} lead={t('report.lead')} queries={[{ operation: Report, variables }]}>
      <div className="filters">
        <TextField label={t('field.from')} type="date" value={variables.from} max={variables.to} onChange={(value) => set({ from: value })} />
        <TextField label={t('field.to')} type="date" value={variables.to} max={today} onChange={(value) => set({ to: value })} />
      </div>
      <Shown of={result}>{(data) => <Content report={data.programReport} edition={data.edition} />}</Shown>
    </Page>
  );
}

function Content({ report, edition }: { report: ReportQuery['programReport']; edition: ReportQuery['edition'] }) {
  const { t, number, money, date } = useTexts();
  const nameOf = (code: string) => [...edition.partnerLevels, ...edition.professionalLevels].find((it) => it.code === code)?.name ?? code;
  const unspent = report.unspent.reduce((sum, it) => sum + it.credits, 0);
  const reasons = [...new Set(report.credits.map((it) => it.reason))];
  const of = (reason: string, track: string | null) => report.credits.filter((it) => it.reason === reason && it.track === track).reduce((sum, it) => sum + it.spendableCredits, 0);
  const earned = report.credits.reduce((sum, it) => sum + Math.max(it.spendableCredits, 0), 0);
  const taken = report.credits.reduce((sum, it) => sum + Math.min(it.spendableCredits, 0), 0);
  return (
    <>
      <div className="figures">
        <Figure label={t('report.given')} value={number(earned)} />
        <Figure label={t('report.taken')} value={number(-taken)} />
        <Figure label={t('dashboard.unspent')} value={number(unspent)} />
        <Figure label={t('report.liability')} value={report.unspentValue[0] ? money(report.unspentValue[0]) : '–'} hint={report.unspentValue.slice(1).map(money).join(' · ')} />
      </div>
      <div className="grid">
        <Bars
          title={t('report.byReason')}
          file="credits-by-reason"
          axis={t('field.reason')}
          labels={reasons.map((it) => t(`LedgerReason.${it}`))}
          series={[
            { name: t('Track.TECHNICAL'), tone: 'technical', values: reasons.map((it) => of(it, 'TECHNICAL')) },
            { name: t('Track.BUSINESS'), tone: 'business', values: reasons.map((it) => of(it, 'BUSINESS')) },
            { name: t('report.noTrack'), tone: 'tone-2', values: reasons.map((it) => of(it, null)) },
          ]}
        />
        <Bars
          title={t('report.unspentByYear')}
          file="unspent"
          axis={t('field.year')}
          labels={report.unspent.map((it) => (it.year === null ? '–' : String(it.year)))}
          series={[{ name: t('dashboard.unspent'), tone: 'technical', values: report.unspent.map((it) => it.credits) }]}
        />
        <LevelsByMonth levels={report.levels} of={edition.partnerLevels} track="TECHNICAL" />
        <LevelsByMonth levels={report.levels} of={edition.partnerLevels} track="BUSINESS" />
        <Card title={t('report.forecast', { on: date(report.forecast[0]?.on) })}>
          {report.forecast.length === 0 && <Empty />}
          <ul className="list">
            {report.forecast.map((it) => (
              <li key={`${it.track} ${it.level}`}>
                <span>
                  {nameOf(it.level)}
                  <span className="sub">{t(`Track.${it.track}`)}</span>
                </span>
                <strong>{number(it.partners)}</strong>
              </li>
            ))}
          </ul>
        </Card>
        <Card title={t('report.renewals')}>
          {report.renewals.length === 0 && <Empty />}
          <ul className="list">
            {report.renewals.map((it) => (
              <li key={it.level}>
                <span>{nameOf(it.level)}</span>
                <span>{t('report.secured', { n: it.secured, of: it.professionals })}</span>
              </li>
            ))}
          </ul>
        </Card>
      </div>
      <div className="stack">
        <h2>{t('report.discounts')}</h2>
        <Table
          label={t('report.discounts')}
          file="discounts"
          rows={fixed(report.discounts.map((it) => ({ ...it, id: JSON.stringify([it.level, it.category, it.byContract, it.list.currency]) })))}
          columns={[
            { key: 'level', title: t('account.level'), cell: (it) => nameOf(it.level), csv: (it) => it.level },
            { key: 'category', title: t('field.category'), cell: (it) => t(`ProductCategory.${it.category}`), csv: (it) => it.category },
            { key: 'source', title: t('report.source'), cell: (it) => t(it.byContract ? 'DiscountSource.CONTRACT' : 'DiscountSource.LEVEL'), csv: (it) => (it.byContract ? 'CONTRACT' : 'LEVEL') },
            { key: 'list', title: t('quote.list'), number: true, cell: (it) => money(it.list), csv: (it) => it.list.amount },
            { key: 'discount', title: t('report.discount'), number: true, cell: (it) => money(it.discount), csv: (it) => it.discount.amount },
            { key: 'redeemed', title: t('report.redeemed'), number: true, cell: (it) => money(it.redeemed), csv: (it) => it.redeemed.amount },
          ]}
        />
      </div>
    </>
  );
}
