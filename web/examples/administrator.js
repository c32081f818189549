// The policy, the audit log and keys.

export function administrator(day) {
  return [
    {
      title: 'Recent changes',
      description: 'The audit log: actor, operation, and values before and after; newest last.',
      query: `query AuditLog($operation: String) {
  auditLog(filter: { operation: $operation }, last: 10) {
    nodes { at actor role operation objectType before after }
    totalCount
  }
}
`,
      variables: { operation: null },
    },
    {
      title: 'Check a change of the policy',
      description: 'Every problem of a document with its line, and what it would change. Put the whole document of the edition, with your change, into the variables.',
      query: `query CheckEdition($document: String!) {
  checkEdition(document: $document) {
    problems { line column message }
    examples { name passed expected actual }
    changes { path before after sentence }
  }
}
`,
      variables: { document: 'name = "Next year"\neffective_from = 2027-01-01\n' },
    },
    {
      title: 'Editions and drafts',
      description: 'The published editions, those that are not in force yet among them, and the drafts with what they change. `saveEditionDraft`, `approveEditionDraft` and `publishEdition` lead from one to the other.',
      query: `query Editions {
  editions(last: 10) {
    nodes { id name effectiveFrom publishedAt publishedBy }
  }
  editionDrafts(last: 10, filter: { statuses: [OPEN, APPROVED] }) {
    nodes { id name revision status effectiveFrom savedBy approvedBy check { problems { line message } changes { sentence } } }
  }
}
`,
    },
    {
      title: 'Recalculations',
      description: 'Policies for days that have passed, with what they change. `planRecalculation` makes a plan, `applyRecalculation` and `revertRecalculation` lead there and back.',
      query: `query Recalculations {
  recalculations(last: 10) {
    nodes { id status effectiveFrom reason subjects plannedBy appliedAt revertedAt trial { status gainers losers mixed creditsGiven creditsTaken } }
  }
}
`,
    },
    {
      title: 'API keys',
      description: 'Every key with its last use, without its secret.',
      query: `query ApiKeys {
  apiKeys(first: 20) {
    nodes { id prefix role label integration partner { code } professional { code } lastUsedAt revokedAt }
  }
}
`,
    },
    {
      title: 'Create a key',
      description: 'For an integration, restricted to one source. The secret is shown only once.',
      query: `mutation CreateApiKey($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    secret
    apiKey { id prefix role sources expiresAt }
    userErrors { code message field }
  }
}
`,
      variables: {
        input: { role: 'INTEGRATOR', subject: 'training-portal', label: `Training portal, since ${day}`, sources: ['training'] },
      },
    },
    {
      title: 'Create a sandbox',
      description: 'A copy of the program whose clock can be moved with advanceSandbox. The secret is the key of its administrator, shown only once.',
      query: `mutation CreateSandbox($input: CreateSandboxInput!) {
  createSandbox(input: $input) {
    secret
    sandbox { id url consoleUrl status today expiresAt }
    userErrors { code message field }
  }
}
`,
      variables: { input: { expiresIn: 1 } },
    },
    {
      title: 'Sandboxes',
      description: 'Those of the server process, with the day on which the clock of each stands.',
      query: `query Sandboxes {
  sandboxes { id url status today isDemo createdAt createdBy expiresAt }
}
`,
    },
  ];
}
