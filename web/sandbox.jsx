import { BASE } from './base.js';
import { useCaller } from './viewer.js';

/// Says that this is a sandbox, and which day it is there once a key is known.
export function SandboxDay() {
  const { today } = useCaller();
  if (BASE === '') {
    return null;
  }
  return (
    <output className="sandbox-day" title="Nothing here changes the program.">
      {today ? `Sandbox · ${today}` : 'Sandbox'}
    </output>
  );
}
