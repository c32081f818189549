// The operations that the page offers, by who may run them. Plain data without imports: a test checks
// every document against the schema and runs it against the demo data.

const PARTNER = 'nordwind';
const PROFESSIONAL = 'ada.nowak';

/// Yesterday: a day that has begun wherever the program's calendar is kept.
export function yesterday(now = new Date()) {
  return new Date(now.getTime() - 86_400_000).toISOString().slice(0, 10);
}

/// The examples in groups. `partner` and `professional` are the codes that the caller stands for;
/// those of the demo data stand in for what it does not.
export function examples({ day = yesterday(), partner, professional } = {}) {
  const us = partner ?? PARTNER;
  const person = professional ?? PROFESSIONAL;
  return [
    { title: 'Everyone', roles: ['ADMINISTRATOR', 'PROGRAM_STAFF', 'INTEGRATOR', 'PARTNER', 'PROFESSIONAL'], examples: everyone() },
    { title: 'Administrator', roles: ['ADMINISTRATOR'], examples: administrator(day) },
    { title: 'Program staff', roles: ['ADMINISTRATOR', 'PROGRAM_STAFF'], examples: staff(day) },
    { title: 'Integrator', roles: ['INTEGRATOR'], examples: integrator(day) },
    { title: 'Partner', roles: ['PARTNER'], examples: ofPartner(day, us) },
    { title: 'Professional', roles: ['PROFESSIONAL'], examples: ofProfessional(day, person) },
  ];
}

function everyone() {
  return [
    {
      title: 'Who am I?',
      about: 'The role of the key, and whom it stands for.',
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
      about: 'The rules of the policy in force, with what each kind is worth.',
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
      title: 'What changed lately',
      about: 'The audit log: who changed what, newest last.',
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
      title: 'Keys and their last use',
      about: 'Every API key, without its secret.',
      query: `query ApiKeys {
  apiKeys(first: 20) {
    nodes { id prefix role label integration partner { code } professional { code } lastUsedAt revokedAt }
  }
}
`,
    },
    {
      title: 'Create a key',
      about: 'For an integration that may record for one source. The secret is shown this once.',
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
      title: 'Partners by credits',
      about: 'Levels of both tracks, and what is missing for the next one.',
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
      title: 'Why a balance is what it is',
      about: 'The ledger, each entry with its sentence. Any day and any moment of the past can be asked for.',
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
      title: 'What has happened',
      about: 'A page of the event feed. Ask for more after the last number that you have.',
      query: EVENTS,
      variables: { after: null, types: ['LEVEL_REACHED', 'ORDER_PLACED'], first: 10 },
    },
    {
      title: 'Follow everything',
      about: 'Each event as it comes: start it, then change something in another tab.',
      query: FOLLOW_EVENTS,
      variables: { after: null, types: null },
    },
    {
      title: 'Record an activity',
      about: 'Run it twice: the second time it answers the same activity, as a duplicate.',
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
      about: 'A code is taken once: run it twice to see what a refusal looks like.',
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
      about: 'The pair of source and externalId makes it safe to send again.',
      query: RECORD_ACTIVITY,
      variables: {
        input: activity(`portal-${day}`, 'DOCS_CORRECTION', { subject: { professional: PROFESSIONAL } }),
      },
    },
    {
      title: 'Record many at once',
      about: 'Up to 1,000. One bad item spoils no other: the second one here is refused.',
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
      title: 'Look an activity up',
      about: 'By its own key, once "Record an activity" was run.',
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
      title: 'Follow what became of it',
      about: 'Events of what this integration has recorded, as they come.',
      query: FOLLOW_EVENTS,
      variables: { after: null, types: null },
    },
    {
      title: 'Register a deal',
      about: 'For a partner, by a reference of your own.',
      query: REGISTER_DEAL,
      variables: { input: deal('CRM', PARTNER, day) },
    },
  ];
}

function ofPartner(day, partner) {
  return [
    {
      title: 'Our standing',
      about: 'Levels, how long they last, and the discounts that they give.',
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
      title: 'Our people',
      about: 'Who works for the partner, and the points of each.',
      query: `query OurPeople {
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
      title: 'A quote',
      about: 'What an order would cost. It changes nothing.',
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
      title: 'Place that order',
      about: 'The idempotencyKey makes it safe to send again.',
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
      title: 'Follow our account',
      about: 'Each entry of the ledger and each change of level, as it comes.',
      query: `subscription FollowAccount($code: String!, $after: EventNumber) {
  partnerChanged(code: $code, after: $after) {
    number
    type
    recordedAt
    ledgerEntry { effectiveOn track levelCredits spendableCredits balanceAfter explanation }
    levelChange { track from { name } to { name } byCalendar }
    partner { balance }
  }
}
`,
      variables: { code: partner, after: null },
    },
    {
      title: 'Register a deal',
      about: 'It holds the opportunity once the partner is in contact.',
      query: REGISTER_DEAL,
      variables: { input: deal('GQ', partner, day) },
    },
  ];
}

function ofProfessional(day, professional) {
  return [
    {
      title: 'My standing',
      about: 'Points and level of this membership year.',
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
      about: 'It counts once the program staff has approved it.',
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
      title: 'Follow my points',
      about: 'Each change of points, Dojo Credits and level, as it comes.',
      query: `subscription FollowPoints($code: String!, $after: EventNumber) {
  professionalChanged(code: $code, after: $after) {
    number
    type
    recordedAt
    points
    dojoCredits
    activity { kind status awardedPoints }
    levelChange { from { name } to { name } byCalendar }
  }
}
`,
      variables: { code: professional, after: null },
    },
    {
      title: 'The swag shop',
      about: 'What Dojo Credits can be spent on.',
      query: `query SwagShop {
  swagItems(first: 20) {
    nodes { code name dojoCredits stock }
  }
}
`,
    },
    {
      title: 'Order stickers',
      about: 'Paid in Dojo Credits.',
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

const FOLLOW_EVENTS = `subscription FollowEvents($after: EventNumber, $types: [EventType!]) {
  events(after: $after, types: $types) {
    number
    type
    recordedAt
    partner { code }
    professional { code }
    levelChange { track from { name } to { name } byCalendar }
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
