import { PointsLedger } from '#generated/professionals';
import { useCaller } from '#src/api/caller';
import { useTexts } from '#src/i18n/i18n';
import { Page } from '#src/ui/page';

import { PointsView } from './ledger';

export default function OwnPointsPage() {
  const { viewer } = useCaller();
  const { t } = useTexts();
  const code = viewer.professional?.code ?? '';
  return (
    <Page title={t('nav.points')} lead={t('ledger.lead')} queries={[{ operation: PointsLedger, variables: { code, last: 50 } }]}>
      <PointsView code={code} />
    </Page>
  );
}
