// A partner’s account, quotes, orders and deals.

import { REGISTER_DEAL, deal, order } from './shared.js';

export function ofPartner(day, partner) {
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
