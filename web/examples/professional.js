// A professional’s points, claims and swag.

export function ofProfessional(day, professional) {
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
      title: 'My certificate',
      description: 'The level that is held today as a signed certificate, with an address to share.',
      query: `mutation IssueCertificate($input: IssueCertificateInput!) {
  issueCertificate(input: $input) {
    certificate { url level { name } validFrom validUntil status }
    userErrors { code message field }
  }
}
`,
      variables: { input: { professional } },
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
