// Work lists, accounts and reports of program staff.

import { PARTNER, RECORD_ACTIVITY, EVENTS, SUBSCRIBE_EVENTS, nextYear } from './shared.js';

export function staff(day) {
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
