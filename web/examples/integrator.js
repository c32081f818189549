// What integrations record.

import { PARTNER, PROFESSIONAL, RECORD_ACTIVITY, SUBSCRIBE_EVENTS, REGISTER_DEAL, deal } from './shared.js';

export function integrator(day) {
  const activity = (externalId, kind, rest) => ({ kind, occurredOn: day, source: 'graphiql', externalId, ...rest });
  return [
    {
      title: 'Record an activity',
      description: 'Idempotent: source and externalId are the natural key, so retrying is safe.',
      query: RECORD_ACTIVITY,
      variables: {
        input: activity(`portal-${day}`, 'DOCS_CORRECTION', { subject: { professional: PROFESSIONAL } }),
      },
    },
    {
      title: 'Record a batch',
      description: 'Up to 1,000 activities. An invalid one does not affect the others: the second one here is rejected.',
      query: `mutation RecordActivities($input: RecordActivitiesInput!) {
  recordActivities(input: $input) {
    results {
      duplicate
      activity { id status awardedPoints }
      userErrors { code message field }
    }
    userErrors { code message field }
  }
}
`,
      variables: {
        input: {
          activities: [
            activity(`portal-${day}-1`, 'QUESTION_ANSWERED', { subject: { professional: PROFESSIONAL }, points: 75 }),
            activity(`portal-${day}-2`, 'NO_SUCH_KIND', { subject: { professional: PROFESSIONAL } }),
          ],
        },
      },
    },
    {
      title: 'Find an activity',
      description: 'By its natural key, after you have run "Record an activity".',
      query: `query ActivityByKey($source: String!, $externalId: String!) {
  activity(source: $source, externalId: $externalId) {
    id
    kind
    occurredOn
    status
    awardedPoints
    awardedCredits
  }
}
`,
      variables: { source: 'graphiql', externalId: `portal-${day}` },
    },
    {
      title: 'Subscribe to own events',
      description: 'Events about what this integration recorded, as they are published.',
      query: SUBSCRIBE_EVENTS,
      variables: { after: null, types: null },
    },
    {
      title: 'Register a deal',
      description: 'On behalf of a partner, with a reference of your own.',
      query: REGISTER_DEAL,
      variables: { input: deal('CRM', PARTNER, day) },
    },
  ];
}
