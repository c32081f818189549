// Examples of changes: review, correction, policy, webhooks. Those that change numbers are previews. `find` fills in the ID of an
// object that is there: the first one that a query finds.

const EFFECTS = `effects {
      ledgerEntries { effectiveOn kind track levelCredits spendableCredits explanation }
      pointsEntries { effectiveOn kind points dojoCredits explanation }
      levelChanges { partner { code } professional { code } track from { name } to { name } on }
    }`;
const PREVIEW = 'A preview: it answers what the change would do and keeps nothing. Set preview to false to make it.';
const DRAFT = { query: '{ editionDrafts(last: 1, filter: { statuses: [OPEN, APPROVED] }) { nodes { id revision } } }', path: 'editionDrafts.nodes.0.id' };

export function corrections() {
  return [
    {
      title: 'Review a claim',
      description: `Approves the first claim that waits, with its points. ${PREVIEW}`,
      find: [{ query: '{ activities(filter: { statuses: [PENDING_REVIEW] }, first: 1) { nodes { id } } }', path: 'activities.nodes.0.id', into: 'input.activityId' }],
      query: `mutation ReviewActivity($input: ReviewActivityInput!) {
  reviewActivity(input: $input) {
    activity { id status kind awardedPoints awardedCredits }
    ${EFFECTS}
    userErrors { code message field }
  }
}
`,
      variables: { input: { activityId: 'ID of a claim', decision: 'APPROVE', reason: 'The link was checked.', preview: true } },
    },
    {
      title: 'Void an activity',
      description: `Reverses what an activity awarded by new entries of its own date. ${PREVIEW}`,
      find: [{ query: '{ activities(filter: { statuses: [RECORDED] }, orderBy: RECORDED_AT_DESC, first: 1) { nodes { id } } }', path: 'activities.nodes.0.id', into: 'input.activityId' }],
      query: `mutation VoidActivity($input: VoidActivityInput!) {
  voidActivity(input: $input) {
    activity { id status kind }
    ${EFFECTS}
    userErrors { code message field }
  }
}
`,
      variables: { input: { activityId: 'ID of an activity', reason: 'Entered twice.', preview: true } },
    },
  ];
}

export function policy(day) {
  const month = `${day.slice(0, 7)}-01`;
  return [
    {
      title: 'Save a draft',
      description: 'A copy of the policy in force. Change its document, save it again with its ID and revision, and have it approved.',
      find: [{ query: '{ edition { document } }', path: 'edition.document', into: 'input.document' }],
      query: `mutation SaveEditionDraft($input: SaveEditionDraftInput!) {
  saveEditionDraft(input: $input) {
    draft { id revision status effectiveFrom check { problems { line message } changes { sentence } } }
    userErrors { code message field }
  }
}
`,
      variables: { input: { name: 'Example draft', effectiveFrom: nextMonth(day), document: 'TOML document of the edition' } },
    },
    {
      title: 'Try a policy',
      description: 'Folds the whole log with a draft, as if it had been in force since this month: gainers, losers, cost. It changes nothing.',
      find: [{ ...DRAFT, into: 'input.draft' }],
      query: `query TryEdition($input: TryEditionInput!) {
  tryEdition(input: $input) {
    id
    status
    progress
    gainers
    losers
    creditsGiven
    creditsTaken
    discountCost { amount currency }
    subjects(orderBy: LOSSES, first: 10) {
      nodes { code outcome difference before { level balance } after { level balance } }
    }
  }
}
`,
      variables: { input: { draft: 'ID of a draft', effectiveFrom: month } },
    },
    {
      title: 'Plan a recalculation',
      description: 'For a policy of days that have passed. The plan changes nothing; its trial says what applying it would change.',
      find: [{ ...DRAFT, into: 'input.draft' }],
      query: `mutation PlanRecalculation($input: PlanRecalculationInput!) {
  planRecalculation(input: $input) {
    recalculation { id status effectiveFrom trial { status progress gainers losers creditsGiven creditsTaken } }
    userErrors { code message field }
  }
}
`,
      variables: { input: { draft: 'ID of a draft', effectiveFrom: month, reason: 'It was meant so from the first of the month.' } },
    },
    {
      title: 'Apply a recalculation',
      description: 'A preview: it answers whether the plan can be applied, and keeps nothing. Set preview to false to apply it.',
      find: [{ query: '{ recalculations(last: 1) { nodes { id } } }', path: 'recalculations.nodes.0.id', into: 'input.recalculation' }],
      query: `mutation ApplyRecalculation($input: ApplyRecalculationInput!) {
  applyRecalculation(input: $input) {
    recalculation { id status effectiveFrom subjects }
    userErrors { code message field }
  }
}
`,
      variables: { input: { recalculation: 'ID of a plan', preview: true } },
    },
    {
      title: 'Approve a draft',
      description: 'Approves the latest open draft as it is saved, by another administrator than the one who saved it. Saving it again takes the approval back.',
      find: [
        { ...DRAFT, into: 'input.draft' },
        { ...DRAFT, path: 'editionDrafts.nodes.0.revision', into: 'input.revision' },
      ],
      query: `mutation ApproveEditionDraft($input: ApproveEditionDraftInput!) {
  approveEditionDraft(input: $input) {
    draft { id status approvedBy approvedAt }
    userErrors { code message field }
  }
}
`,
      variables: { input: { draft: 'ID of a draft', revision: 1 } },
    },
    {
      title: 'Publish a draft',
      description: 'For good: the draft is in force from its first day on, and stays in the history. Fill in the ID of the draft.',
      query: `mutation PublishEdition($input: PublishEditionInput!) {
  publishEdition(input: $input) {
    edition { id name effectiveFrom }
    userErrors { code message field }
  }
}
`,
      variables: { input: { draft: 'ID of a draft' } },
    },
  ];
}

export function webhooks() {
  return [
    {
      title: 'Add a webhook endpoint',
      description: 'Signed requests to an address for each event of these types. The secret is shown only once.',
      query: `mutation CreateWebhookEndpoint($input: CreateWebhookEndpointInput!) {
  createWebhookEndpoint(input: $input) {
    secret
    webhookEndpoint { id url status types }
    userErrors { code message field }
  }
}
`,
      variables: { input: { url: 'https://example.com/hooks', description: 'Example of GraphiQL', types: ['LEVEL_REACHED', 'ORDER_PLACED'] } },
    },
    {
      title: 'Webhooks and their deliveries',
      description: 'Every endpoint with how far it is behind, and its last deliveries with their attempts.',
      query: `query WebhookEndpoints {
  webhookEndpoints(first: 10) {
    nodes {
      id
      url
      status
      disabledReason
      lag
      pendingCount
      deliveries(last: 5) { nodes { id type state attempts { at statusCode durationMs error } } }
    }
  }
}
`,
    },
    {
      title: 'Disable a webhook endpoint',
      description: 'Nothing is delivered until it is enabled again; no event is lost within the retention time.',
      find: [{ query: '{ webhookEndpoints(last: 1) { nodes { id } } }', path: 'webhookEndpoints.nodes.0.id', into: 'input.id' }],
      query: `mutation DisableWebhookEndpoint($input: DisableWebhookEndpointInput!) {
  disableWebhookEndpoint(input: $input) {
    webhookEndpoint { id status disabledReason }
    userErrors { code message field }
  }
}
`,
      variables: { input: { id: 'ID of an endpoint' } },
    },
  ];
}

/// The variables of an example, with what its queries find. `ask` answers the data of a query.
export async function filledIn({ variables, find = [] }, ask) {
  const filled = structuredClone(variables);
  for (const { query, path, into } of find) {
    const found = path.split('.').reduce((value, name) => value?.[name], await ask(query));
    if (found !== undefined && found !== null) {
      const names = into.split('.');
      const last = names.pop();
      names.reduce((value, name) => value[name], filled)[last] = found;
    }
  }
  return filled;
}

function nextMonth(day) {
  const [year, month] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10);
}
