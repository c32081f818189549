// The example operations, grouped by role. Plain data: a test validates every document against the schema and
// executes it on the demo data.

import { corrections, policy, webhooks } from './changes.js';
import { administrator } from './examples/administrator.js';
import { everyone } from './examples/everyone.js';
import { integrator } from './examples/integrator.js';
import { ofPartner } from './examples/partner.js';
import { ofProfessional } from './examples/professional.js';
import { PARTNER, PROFESSIONAL } from './examples/shared.js';
import { staff } from './examples/staff.js';

export { filledIn } from './changes.js';

/// Yesterday: a day that has begun in every time zone.
export function yesterday(now = new Date()) {
  return new Date(now.getTime() - 86_400_000).toISOString().slice(0, 10);
}

/// The examples in groups. `partner` and `professional` are the codes of the caller's own subject; without
/// them, those of the demo data are used.
export function examples({ day = yesterday(), partner, professional } = {}) {
  const us = partner ?? PARTNER;
  const person = professional ?? PROFESSIONAL;
  return [
    { title: 'Everyone', roles: ['ADMINISTRATOR', 'PROGRAM_STAFF', 'INTEGRATOR', 'PARTNER', 'PROFESSIONAL'], examples: everyone() },
    { title: 'Administrator', roles: ['ADMINISTRATOR'], examples: [...administrator(day), ...policy(day), ...webhooks()] },
    { title: 'Program staff', roles: ['ADMINISTRATOR', 'PROGRAM_STAFF'], examples: [...staff(day), ...corrections()] },
    { title: 'Integrator', roles: ['INTEGRATOR'], examples: integrator(day) },
    { title: 'Partner', roles: ['PARTNER'], examples: ofPartner(day, us) },
    { title: 'Professional', roles: ['PROFESSIONAL'], examples: ofProfessional(day, person) },
  ];
}
