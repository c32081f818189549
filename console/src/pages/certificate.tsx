// A professional's certificate, to print: the level that holds today, since when and until when.

import { Certificate } from '#generated/professionals';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Button, Card, Empty, LevelBadge, Shown } from '#src/ui/basics';
import { Letterhead } from '#src/ui/letterhead';
import { Page } from '#src/ui/page';

export default function CertificatePage({ params }: { params: Record<string, string> }) {
  const { viewer, today } = useCaller();
  const { t, date } = useTexts();
  const variables = { code: viewer.professional?.code ?? decodeURIComponent(params['code'] ?? '') };
  const result = useData(Certificate, variables);
  const level = result.data?.professional?.standing.level;
  return (
    <Page
      title={t('nav.certificate')}
      lead={t('certificate.lead')}
      queries={[{ operation: Certificate, variables }]}
      above={<Letterhead />}
      actions={
        level && (
          <Button kind="primary" onPress={() => print()}>
            {t('statement.print')}
          </Button>
        )
      }
    >
      <Shown of={result} pick={(data) => data.professional}>
        {({ professional }) => {
          if (!professional?.standing.level) {
            return <Empty>{t('certificate.none')}</Empty>;
          }
          const { standing, name, levelHistory } = professional;
          const earned = levelHistory.findLast((it) => it.level.code === standing.level?.code && !it.reversed);
          return (
            <Card>
              <div className="certificate">
                <p>{t('certificate.says')}</p>
                <p className="holder">{name}</p>
                <p>{t('certificate.holds')}</p>
                <p className="holder">
                  <LevelBadge level={standing.level} />
                </p>
                <p className="muted">
                  {[earned && !standing.override && t('certificate.since', { on: date(earned.earnedOn) }), t('account.until', { on: date(standing.override?.until ?? standing.validUntil) })].filter(Boolean).join(' · ')}
                </p>
                <p className="muted">{t('certificate.asOf', { on: date(today), code: variables.code })}</p>
              </div>
            </Card>
          );
        }}
      </Shown>
    </Page>
  );
}
