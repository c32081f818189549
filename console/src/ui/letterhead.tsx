// The lines of the program's owner, at the head of what is printed.

import { useEffect, useState } from 'react';

import { isSandbox } from '#src/api/base';
import { getConfig } from '#src/api/config';
import { useTexts } from '#src/i18n/i18n';

export function Letterhead() {
  const { t } = useTexts();
  const [lines, setLines] = useState<string[]>([]);
  useEffect(() => {
    getConfig().then(
      (config) => setLines(config.letterhead),
      () => undefined,
    );
  }, []);
  return (
    <div className="letterhead">
      {isSandbox && <strong>{`${t('sandbox.lead')}\n`}</strong>}
      <strong>{lines[0] ?? 'Partner Program'}</strong>
      {lines.slice(1).map((line) => `\n${line}`)}
    </div>
  );
}
