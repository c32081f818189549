// Says that this is a sandbox, and which day it is there.

import { Today } from '#generated/session';
import { isSandbox } from '#src/api/base';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';

import { Badge } from './basics';

export function SandboxMark() {
  const { t, date } = useTexts();
  const { today } = useCaller();
  // Its clock may be moved while the console is open.
  const { data } = useData(Today, {}, { pause: !isSandbox });
  if (!isSandbox) {
    return null;
  }
  return (
    <span className="sandbox-mark" title={t('sandbox.lead')}>
      <Badge tone="warn">{t('sandbox.mark', { day: date(data?.today ?? today) })}</Badge>
    </span>
  );
}
