// What every key can ask.

export function everyone() {
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
