// The example operations, grouped by role. Plain data: a test validates every document against the schema and
// executes it on the demo data.

import { corrections, policy, webhooks } from './changes.js';

export { filledIn } from './changes.js';

const PARTNER = 'nordwind';
const PROFESSIONAL = 'ada.nowak';

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

function everyone() {
  return [
    {
      title: 'Who am I?',
      description: 'The role of the key, and its partner, professional or integration.',
      query: `query WhoAmI {
  viewer {
    role
    label
    readOnly
    integration
    partner { code name }
    professional { code name }
  }
}
`,
    },
    {
      title: 'How credits are earned',
      description: 'The earning rules of the current edition, with the value of each kind.',
      query: `query EarningRules {
  edition {
    name
    effectiveFrom
    earningRules {
      program
      kind
      title
      track
      credits
      points { min max }
      per
      window
      cap
      review
    }
  }
}
`,
    },
  ];
}

function administrator(day) {
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
  ];
}

function staff(day) {
  return [
    {
      title: 'Claims that await review',
      description: 'What was claimed, of whom and with which evidence; the oldest first.',
      query: `query Claims {
  activities(filter: { statuses: [PENDING_REVIEW] }, first: 10) {
    totalCount
    nodes {
      id
      kind
      occurredOn
      points
      attributes
      subject {
        ... on Partner { code name }
        ... on Professional { code name }
      }
    }
  }
}
`,
    },
    {
      title: 'Customers',
      description: 'End customers with the names that deals and orders use. `joinCustomers` makes one of two.',
      query: `query Customers {
  customers(first: 10) {
    totalCount
    nodes {
      id
      name
      spellings
      firstWonOn
      deals(first: 3) { totalCount nodes { reference status partner { code } } }
    }
  }
}
`,
    },
    {
      title: 'Wins that await approval',
      description: 'Deals that partners reported as won; nothing is awarded before the review.',
      query: `query ReportedWins {
  deals(filter: { statuses: [WON_REPORTED] }, first: 10) {
    totalCount
    nodes {
      reference
      customer
      outcome
      statusSince
      partner { code name }
    }
  }
}
`,
    },
    {
      title: 'Approve a win',
      description: 'A preview: it answers what the approval would award and keeps nothing. Set preview to false to approve.',
      query: `mutation ReviewDeal($input: ReviewDealInput!) {
  reviewDeal(input: $input) {
    deal { reference status closedOn review { decision by reason } }
    effects {
      ledgerEntries { effectiveOn kind track levelCredits spendableCredits explanation }
      levelChanges { partner { code } track from { name } to { name } on }
    }
    userErrors { code message field }
  }
}
`,
      variables: {
        input: { reference: 'NW-3', decision: 'APPROVE', reason: 'The purchase order arrived.', preview: true },
      },
    },
    {
      title: 'Levels that lapse',
      description: 'Partners whose level lapses unless they earn more, the first one first, with what is missing this year.',
      query: `query Lapsing($from: Date!) {
  partners(filter: { lapsingFrom: $from }, orderBy: LAPSES_ON, first: 10) {
    totalCount
    nodes {
      code
      standing {
        technical { level { name } validUntil creditsToRetain }
        business { level { name } validUntil creditsToRetain }
      }
    }
  }
}
`,
      variables: { from: day },
    },
    {
      title: 'A path to Creator',
      description: 'The sets of activities with the fewest that bring a partner to a level by the end of the year, under all caps and windows.',
      query: `query Paths($partner: String!, $level: String) {
  partner(code: $partner) {
    name
    paths(track: BUSINESS, level: $level, first: 3) {
      level { name }
      by
      activities
      steps { month title quantity credits }
    }
  }
}
`,
      variables: { partner: PARTNER, level: 'CREATOR' },
    },
    {
      title: 'An outlook',
      description: 'Levels and discounts on a day ahead, if nothing more is earned.',
      query: `query Outlook($partner: String!, $on: Date!) {
  partner(code: $partner) {
    outlook(on: $on) {
      overall { name }
      technical { level { name } validUntil }
      business { level { name } validUntil }
      baseDiscounts { category percent contract { reference } }
    }
  }
}
`,
      variables: { partner: PARTNER, on: nextYear(day) },
    },
    {
      title: 'A statement',
      description: 'Opening balance, movements and closing balance of this year by effective date, and what came late.',
      query: `query Statement($partner: String!, $from: Date!, $to: Date!) {
  statement(partner: $partner, from: $from, to: $to) {
    opening
    closing
    sums { track reason spendableCredits }
    movements(last: 10) { nodes { effectiveOn spendableCredits explanation } }
    lateCredits
    levels { track level { name } earnedOn lapsedOn }
    orders { nodes { number credits } }
  }
}
`,
      variables: { partner: PARTNER, from: `${day.slice(0, 4)}-01-01`, to: day },
    },
    {
      title: 'The program this year',
      description: 'Credits by reason, unspent credits by age with their value, discounts, levels by month, and the levels of the next 1 January.',
      query: `query Report($from: Date!, $to: Date!) {
  programReport(from: $from, to: $to) {
    credits { track reason spendableCredits }
    unspent { year credits }
    unspentValue { amount currency }
    discounts { level category discount { amount currency } }
    levels { on track level partners }
    forecast { track level partners }
    renewals { level professionals secured atRenewal { level professionals } }
  }
}
`,
      variables: { from: `${day.slice(0, 4)}-01-01`, to: day },
    },
    {
      title: 'Professionals at risk',
      description: 'Who loses a level at renewal without further points.',
      query: `query AtRisk {
  professionals(filter: { atRisk: true }, first: 10) {
    totalCount
    nodes { code name standing { level { name } renewsOn pointsToRetain } }
  }
}
`,
    },
    {
      title: 'Partners by credits',
      description: 'Levels of both tracks, and the credits missing for the next level.',
      query: `query Partners {
  partners(orderBy: CREDITS_THIS_YEAR, first: 10) {
    totalCount
    nodes {
      code
      name
      balance
      standing {
        overall { name }
        technical { level { name } credits validUntil creditsToNextLevel }
        business { level { name } credits validUntil creditsToNextLevel }
      }
    }
  }
}
`,
    },
    {
      title: 'Explain a balance',
      description: 'Ledger entries with explanations. The ledger can be queried as of any effective date and any past moment.',
      query: `query Ledger($partner: String!) {
  partner(code: $partner) {
    name
    balance
    ledger(last: 10) {
      nodes { effectiveOn reason track levelCredits spendableCredits balanceAfter explanation }
    }
  }
}
`,
      variables: { partner: PARTNER },
    },
    {
      title: 'Imports',
      description: 'The last imports of CSV files, with the rows that they refused.',
      query: `query Imports {
  importRuns(last: 10) {
    nodes {
      id
      fileName
      rows
      status
      startedAt
      recorded
      duplicate
      updated
      refused
      refusedRows(first: 5) { nodes { line reasons } }
    }
  }
}
`,
    },
    {
      title: 'Event feed',
      description: 'One page of events. Pass the last number as `after` to get the next page.',
      query: EVENTS,
      variables: { after: null, types: ['LEVEL_REACHED', 'ORDER_PLACED'], first: 10 },
    },
    {
      title: 'Subscribe to all events',
      description: 'Every event as it is published: run this, then change something in another tab.',
      query: SUBSCRIBE_EVENTS,
      variables: { after: null, types: null },
    },
    {
      title: 'Record an activity',
      description: 'Recording is idempotent: run it twice, and the second response is the same activity, marked as a duplicate.',
      query: RECORD_ACTIVITY,
      variables: {
        input: {
          subject: { partner: PARTNER },
          kind: 'CUSTOMER_MEETING',
          occurredOn: day,
          quantity: 1,
          source: 'graphiql',
          externalId: `staff-${day}`,
        },
      },
    },
    {
      title: 'Enrol a partner',
      description: 'Codes are unique: run it twice to see a user error.',
      query: `mutation CreatePartner($input: CreatePartnerInput!) {
  createPartner(input: $input) {
    partner { id code name enrolledOn }
    userErrors { code message field }
  }
}
`,
      variables: { input: { code: `example-${day}`, name: 'Example Systems', enrolledOn: day } },
    },
  ];
}

function integrator(day) {
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

function ofPartner(day, partner) {
  return [
    {
      title: 'Our standing',
      description: 'Levels, their validity, and the discounts they grant.',
      query: `query OurStanding {
  viewer {
    partner {
      name
      balance
      standing {
        overall { name }
        technical { level { name } credits validUntil nextLevel { name } creditsToNextLevel }
        business { level { name } credits validUntil nextLevel { name } creditsToNextLevel }
        baseDiscounts { category percent contract { reference } }
      }
    }
  }
}
`,
    },
    {
      title: 'Our professionals',
      description: 'The professionals who work for the partner, with their points.',
      query: `query OurProfessionals {
  viewer {
    partner {
      professionals(first: 20) {
        totalCount
        nodes { code name standing { points level { name } pointsToNextLevel } }
      }
    }
  }
}
`,
    },
    {
      title: 'Get a quote',
      description: 'The price of an order, without placing it.',
      query: `query Quote($input: OrderInput!) {
  quote(input: $input) {
    quote {
      level { name }
      balance
      maxCredits
      lines { productName quantity discountPercent discountSource net { amount } redeemed { amount } }
      total { amount currency }
    }
    userErrors { code message field }
  }
}
`,
      variables: { input: order(partner) },
    },
    {
      title: 'Place the order',
      description: 'The idempotencyKey makes retrying safe.',
      query: `mutation PlaceOrder($input: PlaceOrderInput!) {
  placeOrder(input: $input) {
    duplicate
    order { number status credits total { amount currency } partner { balance } }
    userErrors { code message field }
  }
}
`,
      variables: { input: { idempotencyKey: `graphiql-${day}`, order: order(partner) } },
    },
    {
      title: 'Subscribe to our account',
      description: 'Ledger entries and level changes, as they are published.',
      query: `subscription AccountEvents($code: String!, $after: EventNumber) {
  partnerChanged(code: $code, after: $after) {
    number
    type
    recordedAt
    ledgerEntry { effectiveOn track levelCredits spendableCredits balanceAfter explanation }
    levelChange { track from { name } to { name } timeBased }
    partner { balance }
  }
}
`,
      variables: { code: partner, after: null },
    },
    {
      title: 'Register a deal',
      description: 'The deal holds the opportunity once the partner is in contact with the customer.',
      query: REGISTER_DEAL,
      variables: { input: deal('GQ', partner, day) },
    },
  ];
}

function ofProfessional(day, professional) {
  return [
    {
      title: 'My standing',
      description: 'Points and level in the current membership year.',
      query: `query MyStanding {
  viewer {
    professional {
      name
      dojoCredits
      standing {
        membershipYear
        startsOn
        renewsOn
        points
        level { name }
        nextLevel { name }
        pointsToNextLevel
        pointsToRetain
      }
      activities(last: 5) {
        nodes { occurredOn kind status awardedPoints }
      }
    }
  }
}
`,
    },
    {
      title: 'Submit a claim',
      description: 'The claim counts once program staff have approved it.',
      query: `mutation SubmitActivity($input: ActivityInput!) {
  submitActivity(input: $input) {
    duplicate
    activity { id status kind points }
    userErrors { code message field }
  }
}
`,
      variables: {
        input: {
          subject: { professional },
          kind: 'BLOG_POST_PUBLISHED',
          occurredOn: day,
          points: 600,
          attributes: { evidenceUrl: 'https://example.com/my-post' },
          source: 'graphiql',
          externalId: `claim-${day}`,
        },
      },
    },
    {
      title: 'Subscribe to my points',
      description: 'Changes of points, Dojo Credits and level, as they are published.',
      query: `subscription PointsEvents($code: String!, $after: EventNumber) {
  professionalChanged(code: $code, after: $after) {
    number
    type
    recordedAt
    points
    dojoCredits
    activity { kind status awardedPoints }
    levelChange { from { name } to { name } timeBased }
  }
}
`,
      variables: { code: professional, after: null },
    },
    {
      title: 'Swag shop',
      description: 'Items that can be bought with Dojo Credits.',
      query: `query SwagShop {
  swagItems(first: 20) {
    nodes { code name dojoCredits stock }
  }
}
`,
    },
    {
      title: 'Order stickers',
      description: 'Paid with Dojo Credits.',
      query: `mutation PlaceSwagOrder($input: PlaceSwagOrderInput!) {
  placeSwagOrder(input: $input) {
    duplicate
    swagOrder { number itemName quantity dojoCredits status professional { dojoCredits } }
    userErrors { code message field }
  }
}
`,
      variables: { input: { professional, item: 'stickers', quantity: 1, idempotencyKey: `graphiql-${day}` } },
    },
  ];
}

const RECORD_ACTIVITY = `mutation RecordActivity($input: ActivityInput!) {
  recordActivity(input: $input) {
    duplicate
    activity { id status kind awardedPoints awardedCredits }
    userErrors { code message field }
  }
}
`;

const EVENTS = `query Events($after: EventNumber, $types: [EventType!], $first: Int) {
  events(after: $after, types: $types, first: $first) {
    latestNumber
    pageInfo { hasNextPage endCursor }
    nodes { number type occurredOn partner { code } professional { code } data }
  }
}
`;

const SUBSCRIBE_EVENTS = `subscription AllEvents($after: EventNumber, $types: [EventType!]) {
  events(after: $after, types: $types) {
    number
    type
    recordedAt
    partner { code }
    professional { code }
    levelChange { track from { name } to { name } timeBased }
    data
  }
}
`;

const REGISTER_DEAL = `mutation RegisterDeal($input: RegisterDealInput!) {
  registerDeal(input: $input) {
    deal { id reference status validUntil nextStatuses holdsOpportunity conflict }
    userErrors { code message field }
  }
}
`;

// 1 January of the next year.
function nextYear(day) {
  return `${Number(day.slice(0, 4)) + 1}-01-01`;
}

function deal(prefix, partner, day) {
  return {
    partner,
    reference: `${prefix}-${day}`,
    customer: 'Example Broadcasting',
    scope: 'Playout monitoring',
    description: 'Asked for a demo at their site.',
    registeredOn: day,
  };
}

function order(partner) {
  return {
    partner,
    purpose: 'END_CUSTOMER',
    customer: 'Example Broadcasting',
    currency: 'EUR',
    lines: [
      { product: 'dataminer-core', quantity: 1 },
      { product: 'support-gold', quantity: 1 },
    ],
    credits: 100,
  };
}
