import { AccountLedger } from '#generated/account';
import { useCaller } from '#src/api/caller';
import { useTexts } from '#src/i18n/i18n';
import { Page } from '#src/ui/page';

import { LedgerView } from './ledger';

export default function OwnLedgerPage() {
  const { viewer } = useCaller();
  const { t } = useTexts();
  const code = viewer.partner?.code ?? '';
  return (
    <Page title={t('nav.ledger')} lead={t('ledger.lead')} queries={[{ operation: AccountLedger, variables: { code, last: 50 } }]}>
      <LedgerView code={code} />
    </Page>
  );
}
