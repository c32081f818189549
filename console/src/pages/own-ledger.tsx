// The ledger of the caller: a partner's credits, or a professional's points.

import { AccountLedger } from '#generated/account';
import { PointsLedger } from '#generated/professionals';
import { useCaller } from '#src/api/caller';
import { useTexts } from '#src/i18n/i18n';
import { Page } from '#src/ui/page';

import { LedgerView, PointsView } from './ledger';

export default function OwnLedgerPage() {
  const { viewer } = useCaller();
  const { t } = useTexts();
  const code = (viewer.partner ?? viewer.professional)?.code ?? '';
  return (
    <Page
      title={t(viewer.partner ? 'nav.ledger' : 'nav.points')}
      lead={t('ledger.lead')}
      queries={[{ operation: viewer.partner ? AccountLedger : PointsLedger, variables: { code, last: 50 } }]}
    >
      {viewer.partner ? <LedgerView code={code} /> : <PointsView code={code} />}
    </Page>
  );
}
