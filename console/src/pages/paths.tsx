// Paths to the next level: the smallest sets of activities that reach it by the end of the year.

import { Paths } from '#generated/account';
import { Track } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Card, Empty, Shown } from '#src/ui/basics';
import { SelectField } from '#src/ui/fields';
import { Page } from '#src/ui/page';

export default function PathsPage() {
  const { viewer } = useCaller();
  const { t, number, month, date } = useTexts();
  const [get, set] = useAddress();
  const track = get('track') === 'BUSINESS' ? ('BUSINESS' as const) : ('TECHNICAL' as const);
  const variables = { code: viewer.partner?.code ?? '', track, ...(get('level') ? { level: get('level') } : {}) };
  const result = useData(Paths, variables);
  const levels = result.data?.edition.partnerLevels.filter((it) => it.threshold > 0) ?? [];
  return (
    <Page title={t('nav.paths')} lead={t('paths.lead')} queries={[{ operation: Paths, variables }]}>
      <div className="filters">
        <SelectField label={t('field.track')} value={track} onChange={(value) => set({ track: value })} options={Track.map((it) => [it, t(`Track.${it}`)] as const)} />
        <SelectField
          label={t('account.level')}
          value={get('level')}
          onChange={(value) => set({ level: value })}
          options={[['', t('paths.next')], ...levels.map((it) => [it.code, it.name] as const)]}
        />
      </div>
      <Shown of={result} pick={(data) => data.partner}>
        {(data) =>
          data.partner?.paths.every((it) => it.activities === 0) ? (
            <Empty>{t('paths.none')}</Empty>
          ) : (
            <div className="grid">
              {data.partner?.paths.map((path, index) => (
                <Card key={JSON.stringify(path)} title={t('paths.title', { n: index + 1, level: path.level.name })}>
                  <p className="muted">{t('paths.about', { n: path.activities, on: date(path.by) })}</p>
                  <ul className="list">
                    {path.steps.map((step) => (
                      <li key={`${step.kind} ${step.month}`}>
                        <span>
                          <span lang="en">{`${number(step.quantity)} × ${step.title}`}</span>
                          <span className="sub">{month(step.month)}</span>
                        </span>
                        <strong>{t('paths.credits', { n: step.credits })}</strong>
                      </li>
                    ))}
                  </ul>
                </Card>
              ))}
            </div>
          )
        }
      </Shown>
    </Page>
  );
}
