// What examples of several roles have in common.

export const PARTNER = 'nordwind';
export const PROFESSIONAL = 'ada.nowak';

export const RECORD_ACTIVITY = `mutation RecordActivity($input: ActivityInput!) {
  recordActivity(input: $input) {
    duplicate
    activity { id status kind awardedPoints awardedCredits }
    userErrors { code message field }
  }
}
`;

export const EVENTS = `query Events($after: EventNumber, $types: [EventType!], $first: Int) {
  events(after: $after, types: $types, first: $first) {
    latestNumber
    pageInfo { hasNextPage endCursor }
    nodes { number type occurredOn partner { code } professional { code } data }
  }
}
`;

export const SUBSCRIBE_EVENTS = `subscription AllEvents($after: EventNumber, $types: [EventType!]) {
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

export const REGISTER_DEAL = `mutation RegisterDeal($input: RegisterDealInput!) {
  registerDeal(input: $input) {
    deal { id reference status validUntil nextStatuses holdsOpportunity conflict }
    userErrors { code message field }
  }
}
`;

// 1 January of the next year.
export function nextYear(day) {
  return `${Number(day.slice(0, 4)) + 1}-01-01`;
}

export function deal(prefix, partner, day) {
  return {
    partner,
    reference: `${prefix}-${day}`,
    customer: 'Example Broadcasting',
    scope: 'Playout monitoring',
    description: 'Asked for a demo at their site.',
    registeredOn: day,
  };
}

export function order(partner) {
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
