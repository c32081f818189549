// A professional's certificate, to print: the level that holds today, since when and until when. Where the server issues them,
// it leads to the signed one.

import { useEffect, useState } from 'react';

import { Certificate, IssueCertificate } from '#generated/professionals';
import { useCaller } from '#src/api/caller';
import { post } from '#src/api/client';
import { getConfig } from '#src/api/config';
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
          const { standing, name, levelHistory, certificates } = professional;
          const signed = certificates.findLast((it) => it.status === 'VALID' && it.level.code === standing.level?.code);
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
                <SignedCertificate code={variables.code} url={signed?.url} again={result.again} />
              </div>
            </Card>
          );
        }}
      </Shown>
    </Page>
  );
}

/// The address of the signed certificate, or the button that issues it.
function SignedCertificate({ code, url, again }: { code: string; url: string | undefined; again: () => void }) {
  const { may } = useCaller();
  const { t } = useTexts();
  const [offered, setOffered] = useState(false);
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    getConfig().then(
      (config) => setOffered(config.certificates),
      () => undefined,
    );
  }, []);
  if (url) {
    return <a href={url}>{t('certificate.signed')}</a>;
  }
  const issue = async () => {
    try {
      const { issueCertificate } = await post(IssueCertificate, { input: { professional: code } });
      setProblem(issueCertificate.userErrors[0]?.message);
      again();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    offered &&
    may('issueCertificate') && (
      <div className="actions">
        <Button onPress={() => void issue()}>{t('certificate.issue')}</Button>
        {problem && (
          <p className="error" role="alert">
            {problem}
          </p>
        )}
      </div>
    )
  );
}
