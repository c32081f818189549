// The lines of the program's owner, at the head of what is printed.

import { useEffect, useState } from 'react';

import { getConfig } from '#src/api/config';

export function Letterhead() {
  const [lines, setLines] = useState<string[]>([]);
  useEffect(() => {
    getConfig().then(
      (config) => setLines(config.letterhead),
      () => undefined,
    );
  }, []);
  return (
    <div className="letterhead">
      <strong>{lines[0] ?? 'Partner Program'}</strong>
      {lines.slice(1).map((line) => `\n${line}`)}
    </div>
  );
}
