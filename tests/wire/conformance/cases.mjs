// Documents by the rule of the specification that they keep or break.

const q = (document, variables, operationName) => ({ document, variables, operationName });

const partners = (fields) => `{ partners(first: 2) { nodes { ${fields} } } }`;

// Both are run or refused with each of these.
const VALUES = [undefined, null, 1, "1", true, [], {}, "x", 1.5, [1], [null], { a: 1 }, 2147483648, "2026-02-30", "2026-02-28"];

// The position of a variable: an argument, and the type that it expects.
const POSITIONS = [
  ["partners(first: $v) { totalCount }", "Int"],
  ["partners(after: $v) { totalCount }", "String"],
  ["node(id: $v) { id }", "ID!"],
  ["nodes(ids: $v) { id }", "[ID!]!"],
  ["nodes(ids: [$v]) { id }", "ID!"],
  ["edition(asOf: $v) { name }", "Date"],
  ["events(types: $v, first: 1) { nodes { number } }", "[EventType!]"],
  ["events(types: [$v], first: 1) { nodes { number } }", "EventType!"],
  ["events(after: $v, first: 1) { nodes { number } }", "EventNumber"],
  ["auditLog(filter: {partner: $v}) { totalCount }", "String"],
  ["__typename @skip(if: $v)", "Boolean!"],
  ["partner(code: $v) { code }", "String!"],
];

function* variables() {
  for (const [field, expected] of POSITIONS) {
    for (const type of ["Int", "Int!", "String", "String!", "ID!", "[ID!]!", "[ID]", "EventType", "EventType!", "Boolean"]) {
      for (const initial of ["", " = null", " = 1", ' = "x"', " = CREDITS_CHANGED"]) {
        yield q(`query($v: ${type}${initial}) { ${field} }`);
      }
    }
    for (const initial of ["", " = true", " = 1", " = null", ' = ["x"]']) {
      yield q(`query($v: ${expected}${initial}) { ${field} }`, { v: null });
      yield q(`query($v: ${expected.replace(/!$/, "")}${initial}) { ${field} }`, { v: null });
    }
    for (const value of VALUES) {
      yield q(`query($v: ${expected}) { ${field} }`, { v: value });
    }
  }
}

function* handwritten() {
  // Grammar.
  yield* [
    "", "{", "}", "{ }", "{ viewer }", "query", "query {", "{ viewer { role } } }", "{ viewer { role } ", "{ viewer { role } } x",
    "{ edition(asOf) { name } }", "{ edition(asOf:) { name } }", "{ edition() { name } }", "{ edition(asOf: $) { name } }",
    "{ a: b: viewer { role } }", "{ viewer { role } ... }", "{ ... on { __typename } }", "fragment on on Query { __typename } { ...on }",
    "query Q() { __typename }", "query Q($a) { __typename }", "query Q($a:) { __typename }", "query Q($a: Int = ) { __typename }",
    "query Q($a: Int = $b, $b: Int) { partners(first: $a) { totalCount } }", "query Q($a: [Int) { __typename }", "query Q($a: Int!!) { __typename }",
    "{ partners(first: 01) { totalCount } }", "{ partners(first: 1.) { totalCount } }", "{ partners(first: .5) { totalCount } }",
    "{ partners(first: 1a) { totalCount } }", "{ partners(first: -) { totalCount } }", "{ partners(first: +1) { totalCount } }",
    "{ partners(first: 1e) { totalCount } }", "{ partners(first: 0x1) { totalCount } }", "{ partners(first: -0) { totalCount } }",
    "{ auditLog(filter: {partner}) { totalCount } }", "{ auditLog(filter: {partner:}) { totalCount } }", "{ auditLog(filter: {partner: \"x\" }) { totalCount } }",
    "{ auditLog(filter: {: 1}) { totalCount } }", "{ nodes(ids: [\"x\" { id } }", "{ nodes(ids: [,,,\"x\",,]) { id } }",
    "{ __typename @ }", "{ __typename @skip }", "{ __typename @skip() }", "{ __typename @skip(if: true }",
    "{ partner(code: \"a) { code } }", "{ partner(code: \"a\n\") { code } }", "{ partner(code: \"\"\"a\") { code } }", "{ partner(code: 'a') { code } }",
    "{ été }", "{ viewer { role } } # comment", "# comment\n{ viewer { role } }", "\u{feff}{ viewer { role } }", ",,, { , viewer , { , role , } , } ,",
    "{ viewer { role } }\u00a0", "{ viewer { role } }\u0000", "query Q { viewer { role } } type A { b: Int }", "extend type Query { a: Int }", "schema { query: Query }",
    "subscription", "mutation", "mutation { }", "{ viewer { role }, }", "{ viewer { role } & }", "{ viewer { role } | }",
    "query Q @skip(if: true) { viewer { role } }", "query query { viewer { role } }", "query fragment { viewer { role } }", "{ true: viewer { role } null: viewer { role } on: viewer { role } }",
    "query Q($true: Int) { partners(first: $true) { totalCount } }", "{ ... @include(if: true) { viewer { role } } }", "{ ... { viewer { role } } }",
    "{ ...Q } fragment Q on Query { viewer { role } }", "{ ...fragment } fragment fragment on Query { viewer { role } }",
  ].map((document) => q(document));
  // Texts.
  for (const text of [
    "x", "\\n\\t\\r\\b\\f\\/\\\\\\\"", "\\u0041", "\\u{41}", "\\u{1F600}", "\\u{10FFFF}", "\\u{000000041}", "\\uD83D\\uDE00", "\\uD83D", "\\uDE00",
    "\\uDE00\\uD83D", "\\u{D83D}", "\\u{110000}", "\\u{}", "\\u{g}", "\\u{41", "\\u12", "\\u", "\\x", "\\", "\\'", "é😀", "\t", "\u2028", "\\uD83D\\u0041", "\\uD83Dx", "\\u{0}",
  ]) {
    yield q(`{ partner(code: "${text}") { code } }`);
    yield q(`query($v: String! = "${text}") { partner(code: $v) { code } }`);
    yield q(`{ partner(code: """${text}""") { code } }`);
  }
  // Descriptions.
  yield* [
    '"what" { viewer { role } }', '"what" query Q { viewer { role } }', '"what" query { viewer { role } }', '"""what { ( " """ query Q { viewer { role } }',
    'query Q("who" $a: Int) { partners(first: $a) { totalCount } }', 'query Q("who" $a: Int = 1 """who""" $b: String = "x" "c" $c: Date) { partners(first: $a, after: $b) { totalCount } edition(asOf: $c) { name } }',
    '{ ...F } "part" fragment F on Query { viewer { role } }', '"a" "b" query Q { viewer { role } }', 'query Q($a: Int "who") { partners(first: $a) { totalCount } }',
    'query Q { "field" viewer { role } }', '{ partners("argument" first: 1) { totalCount } }', '"" query Q { viewer { role } }', '"what" type A { b: Int }', '"what"', '"what" viewer',
    'query "what" Q { viewer { role } }', '"what" mutation M { __typename }', 'query Q($a: String = "x" "y" $b: Int) { partners(first: $b, after: $a) { totalCount } }',
    'query Q($a: [ID!] = ["x" "y"]) { partners(first: 1) { totalCount } nodes(ids: "z") { id } ...F } fragment F on Query { __typename }',
  ].map((document) => q(document));
  // Operations and their names.
  yield* [
    ["query A { viewer { role } } query B { viewer { role } }", undefined, "B"],
    ["query A { viewer { role } } query B { viewer { role } }", undefined, "C"],
    ["query A { viewer { role } } query B { viewer { role } }"],
    ["query A { viewer { role } } query A { viewer { role } }", undefined, "A"],
    ["{ viewer { role } } { viewer { role } }"],
    ["{ viewer { role } } query A { viewer { role } }", undefined, "A"],
    ["query A { viewer { role } } { viewer { role } }", undefined, "A"],
    ["fragment F on Query { viewer { role } }"],
    ["query A($x: Int) { partners(first: $x) { totalCount } } query B($x: String!) { partner(code: $x) { code } }", { x: "y" }, "B"],
    ["query A($x: Int) { ...F } query B($x: String!) { partner(code: $x) { code } ...F } fragment F on Query { viewer { role } }", { x: "y" }, "B"],
    ["query A { ...F } query B($x: Int) { ...F } fragment F on Query { partners(first: $x) { totalCount } }", {}, "B"],
    ["query A($x: Int) { ...F } query B($x: String) { ...F } fragment F on Query { partners(first: $x) { totalCount } }", {}, "A"],
  ].map((given) => q(...given));
  // Fields, leaves and selections.
  yield* [
    "{ nope }", "{ viewer }", "{ viewer { role { x } } }", "{ viewer { nope } }", "{ __typename { x } }", "{ __typename(a: 1) }", "{ a: __typename b: __typename }",
    "{ __schema { queryType { name } } }", "{ __schema }", "{ __type(name: \"Query\") { name isOneOf specifiedByURL } }", "{ __type { name } }", "{ __type(name: 1) { name } }",
    "{ __type(name: \"Query\") { fields(includeDeprecated: true) { name args(includeDeprecated: false) { name } } } }", "{ __type(name: \"Query\") { fields(includeDeprecated: 1) { name } } }",
    "{ __type(name: \"Query\") { fields(nope: 1) { name } } }", "{ __type(name: \"Query\") { nope } }", "{ __nope }", "{ viewer { __schema { queryType { name } } } }",
    partners("nope"), partners("code"), partners("code { x }"), partners("credits"), partners("credits { total }"), partners("... on Partner { code }"), partners("... on Node { id }"),
    "{ node(id: \"x\") { code } }", "{ node(id: \"x\") { id ... on Partner { code } } }", "{ node(id: \"x\") { ... on Node { id } } }", "{ node(id: \"x\") { ... on ActivitySubject { __typename } } }",
    "mutation { __typename }", "mutation { viewer { role } }", "mutation { createPartner { partner { code } } }", "mutation { createPartner(input: {}) { partner { code } } }",
  ].map((document) => q(document));
  // Arguments.
  yield* [
    "{ partners(nope: 1) { totalCount } }", "{ partners(first: 1, first: 1) { totalCount } }", "{ partners(first: 1, first: 2) { totalCount } }", "{ partner { code } }",
    "{ partner(code: null) { code } }", "{ partner(Code: \"x\") { code } }", "{ viewer(a: 1) { role } }", "{ node { id } }", "{ nodes(ids: null) { id } }", "{ nodes(ids: \"x\") { id } }",
    "{ nodes(ids: [null]) { id } }", "{ nodes(ids: [[\"x\"]]) { id } }", "{ nodes(ids: 1) { id } }", "{ nodes(ids: [1, \"x\"]) { id } }", "{ nodes(ids: [true]) { id } }", "{ nodes(ids: {}) { id } }",
    "{ partners(first: null) { totalCount } }", "{ partners(first: \"1\") { totalCount } }", "{ partners(first: 1.0) { totalCount } }", "{ partners(first: 2147483648) { totalCount } }", "{ partners(first: 1e2) { totalCount } }",
    "{ partners(first: true) { totalCount } }", "{ partners(first: A) { totalCount } }", "{ partners(first: [1]) { totalCount } }", "{ partners(first: {}) { totalCount } }",
    "{ edition(asOf: \"2026-02-30\") { name } }", "{ edition(asOf: \"2026-02-28\") { name } }", "{ edition(asOf: 20260228) { name } }", "{ edition(asOf: TODAY) { name } }",
    "{ events(types: CREDITS_CHANGED, first: 1) { nodes { number } } }", "{ events(types: \"CREDITS_CHANGED\", first: 1) { nodes { number } } }", "{ events(types: [\"CREDITS_CHANGED\"], first: 1) { nodes { number } } }",
    "{ events(types: [NOPE], first: 1) { nodes { number } } }", "{ events(after: \"7\", first: 1) { nodes { number } } }", "{ events(after: -1, first: 1) { nodes { number } } }", "{ events(after: 9007199254740992, first: 1) { nodes { number } } }",
    "{ auditLog(filter: {partner: \"x\", partner: \"x\"}) { totalCount } }", "{ auditLog(filter: {nope: 1}) { totalCount } }", "{ auditLog(filter: \"x\") { totalCount } }", "{ auditLog(filter: []) { totalCount } }",
  ].map((document) => q(document));
  // Objects of which one field is given.
  const record = (subject, more = "") =>
    `mutation { recordActivity(input: {subject: ${subject}, kind: "NOPE", occurredOn: "2026-01-01", source: "s", externalId: "e"${more}}) { userErrors { code } } }`;
  yield* [
    "{}", '{partner: "x"}', '{professional: "x"}', '{partner: "x", professional: "y"}', '{partner: null}', '{partner: "x", professional: null}', '{partner: 1}', '{nope: 1}', '"x"', '[]', '[{partner: "x"}]',
    "null", "$v", "{partner: $v}", "{partner: X}",
  ].map((subject) => q(record(subject)));
  for (const type of ["String", "String!", 'String = "x"', 'String! = "x"', "Int!"]) {
    yield q(record("{partner: $v}").replace("mutation", `mutation($v: ${type})`), { v: type.startsWith("Int") ? 1 : "x" });
    yield q(record('{partner: $v, professional: "y"}').replace("mutation", `mutation($v: ${type})`), { v: "x" });
    yield q(record("{partner: $v}").replace("mutation", `mutation($v: ${type})`), {});
  }
  for (const subject of [{}, { partner: "x" }, { partner: "x", professional: "y" }, { partner: null }, { partner: "x", professional: null }, null, "x", [], { nope: 1 }]) {
    yield q(record("$v").replace("mutation", "mutation($v: SubjectRef!)"), { v: subject });
  }
  for (const attributes of ["{}", "{a: 1}", "{a: [1, {b: null}]}", "{a: X}", "1", "[]", '"x"', "null", "{a: $v}", "$v"]) {
    yield q(record('{partner: "x"}', `, attributes: ${attributes}`));
    yield q(record('{partner: "x"}', `, attributes: ${attributes}`).replace("mutation", "mutation($v: JSON)"), { v: { b: 1 } });
  }
  // Directives.
  const places = (directive) => [
    `{ __typename ${directive} }`, `{ viewer ${directive} { role } }`, `{ ... ${directive} { viewer { role } } }`, `{ ... on Query ${directive} { viewer { role } } }`, `{ ...F ${directive} } fragment F on Query { viewer { role } }`,
    `query ${directive} { viewer { role } }`, `{ ...F } fragment F on Query ${directive} { viewer { role } }`, `query($a: Int ${directive}) { partners(first: $a) { totalCount } }`, `mutation ${directive} { __typename }`,
  ];
  for (const directive of [
    "@skip(if: true)", "@include(if: false)", "@skip", "@skip(if: null)", '@skip(if: "true")', "@skip(if: 1)", "@skip(if: true, if: true)", "@skip(nope: true)", "@skip(if: true, nope: 1)", "@skip(if: true) @skip(if: true)",
    "@skip(if: true) @include(if: true)", "@nope", "@nope(a: 1)", "@deprecated", "@oneOf", '@specifiedBy(url: "x")', "@skip(if: $undefined)", "@Skip(if: true)", "@skip(if: TRUE)", "@skip(if: [true])", "@skip(if: {})",
  ]) {
    yield* places(directive).map((document) => q(document));
  }
  for (const [type, value] of [["Boolean", true], ["Boolean!", true], ["Boolean!", undefined], ["Boolean = true", undefined], ["Boolean! = true", undefined], ["Boolean = null", undefined], ["String!", "x"], ["[Boolean!]!", [true]]]) {
    yield q(`query($v: ${type}) { viewer { role } __typename @skip(if: $v) }`, { v: value });
    yield q(`query($v: ${type}) { ...F } fragment F on Query { viewer @include(if: $v) { role } __typename }`, { v: value });
  }
  // Fragments.
  yield* [
    "{ ...Nope }", "{ ...F } fragment F on Nope { a }", "{ ...F } fragment F on Int { a }", "{ ...F } fragment F on Query { nope }", "{ viewer { role } } fragment F on Query { viewer { role } }",
    "{ ...F } fragment F on Query { ...F }", "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }", "{ ...F } fragment F on Query { viewer { role } } fragment F on Query { viewer { role } }",
    "{ ...F } fragment F on Query { ... on Query { ...G } } fragment G on Query { viewer { ...V } } fragment V on Viewer { role }", "{ ... on Nope { a } }", "{ ... on Date { a } }", "{ ... on SubjectRef { a } }", "{ ... on Role { a } }",
    "{ viewer { ... on Partner { code } } }", "{ viewer { ...F } } fragment F on Partner { code }", "{ ...F } fragment F on Mutation { __typename }", "{ ... on Subscription { __typename } }",
    partners("...F") + " fragment F on Node { id }", partners("...F") + " fragment F on Partner { code ...N } fragment N on Node { id }", partners("...F") + " fragment F on Order { number }", partners("... on Order { number }"),
    partners("... on ActivitySubject { __typename ... on Partner { code } }"), partners("... on ActivitySubject { ... on Professional { code } }"), partners("... on ActivitySubject { code }"),
    "{ node(id: \"x\") { ...P ...O } } fragment P on Partner { code } fragment O on Order { number }", "{ node(id: \"x\") { ... on Partner { code } ... on Order { code: number } } }",
    "{ node(id: \"x\") { ... on Partner { x: code } ... on Order { x: recordedAt } } }", "{ activity(source: \"s\", externalId: \"e\") { subject { __typename ... on Partner { name } ... on Professional { name } } } }",
    "{ activity(source: \"s\", externalId: \"e\") { subject { ... on Partner { x: name } ... on Professional { x: email } } } }", "{ activity(source: \"s\", externalId: \"e\") { subject { code } } }",
    "{ activity(source: \"s\", externalId: \"e\") { subject { ... on Order { number } } } }", "{ activity(source: \"s\", externalId: \"e\") { subject { ... on Node { id } } } }",
  ].map((document) => q(document));
  // Merging at several depths, with and without fragments.
  const wraps = [
    (fields) => `{ ${fields} }`,
    (fields) => `{ ...F } fragment F on Query { ${fields} }`,
    (fields) => `{ ... on Query { ${fields} } }`,
  ];
  const depths = [
    (a, b) => [a, b],
    (a, b) => [`partners { nodes { ${a} } }`, `partners { nodes { ${b} } }`],
    (a, b) => [`partners { nodes { ${a} } nodes { ${b} } }`, "__typename"],
    (a, b) => [`partners { ...C ... on PartnerConnection { nodes { ${b} } } }`, `partners { nodes { ${a} } }`],
    (a, b) => [`partners { edges { node { partner: standing { __typename } ${a} } } }`, `partners { edges { node { ${b} } } }`],
  ];
  const pairs = [
    ["x: code", "x: name"], ["x: code", "x: code"], ["code", "code: name"], ["credits(year: 2026) { total }", "credits(year: 2025) { total }"], ["credits(year: 2026) { total }", "credits(year: 2026) { __typename }"],
    ["credits(year: 2026) { x: total }", "credits(year: 2026) { x: __typename }"], ["x: credits(year: 2026) { total }", "x: credits { total }"], ["x: credits { total }", "x: code"], ["code @skip(if: true)", "code"],
    ["x: orders(first: 1) { nodes { x: number } }", "x: orders(first: 1) { nodes { x: id } }"], ["x: orders(first: 1) { totalCount }", "x: deals(first: 1) { totalCount }"],
  ];
  for (const [a, b] of pairs) {
    for (const depth of depths.slice(1)) {
      const [first, second] = depth(a, b);
      for (const wrap of wraps) {
        const needed = first.includes("...C") ? " fragment C on PartnerConnection { nodes { id } }" : "";
        yield q(wrap(`${first} ${second}`) + needed);
        yield q(wrap(`...A ...B`) + ` fragment A on Query { ${first} } fragment B on Query { ${second} }${needed}`);
      }
    }
  }
  yield* [
    ['nodes(ids: ["a"]) { id }', 'nodes(ids: ["a", "b"]) { id }'], ['nodes(ids: ["a"]) { id }', 'nodes(ids: "a") { id }'], ['nodes(ids: []) { id }', 'nodes(ids: ["a"]) { id }'], ['nodes(ids: ["a"]) { id }', 'nodes(ids: ["a"]) { __typename }'],
    ['auditLog(filter: {partner: "a", professional: "b"}) { totalCount }', 'auditLog(filter: {professional: "b", partner: "a"}) { totalCount }'], ['auditLog(filter: {partner: "a"}) { totalCount }', 'auditLog(filter: {}) { totalCount }'],
    ['auditLog(filter: {partner: "a"}) { totalCount }', 'auditLog(filter: {partner: null}) { totalCount }'], ["partners(first: 1) { totalCount }", "partners(first: 1, after: null) { totalCount }"], ["partners(first: 1) { totalCount }", "partners { totalCount }"],
    ['partner(code: "a") { code }', 'partner(code: """a""") { name }'], ["a: viewer { role }", "a: __typename"], ["a: viewer { role }", "a: edition { name }"], ["viewer { role }", "viewer { role }"], ["edition { name }", "edition { id name }"],
  ].flatMap(([a, b]) => wraps.map((wrap) => q(wrap(`${a} ${b}`))));
  // Variables.
  yield* [
    ["query($a: Int) { viewer { role } }"], ["query($a: Int, $a: Int) { partners(first: $a) { totalCount } }"], ["{ partners(first: $a) { totalCount } }"], ["query($a: Int) { ...F } fragment F on Query { partners(first: $b) { totalCount } }"],
    ["query($a: Int) { ...F } fragment F on Query { partners(first: $a) { totalCount } }", { a: 1 }], ["query($a: Nope) { partners(first: $a) { totalCount } }"], ["query($a: Query) { partners(first: $a) { totalCount } }"], ["query($a: SubjectRef) { viewer { role } }"],
    ["query($a: Int = \"x\") { partners(first: $a) { totalCount } }"], ["query($a: Int! = null) { partners(first: $a) { totalCount } }"], ["query($a: Int = 2147483648) { partners(first: $a) { totalCount } }"], ["query($a: [ID!]! = \"x\") { nodes(ids: $a) { id } }"],
    ["query($a: EventType = \"CREDITS_CHANGED\") { events(types: [$a], first: 1) { nodes { number } } }"], ["query($a: EventType! = CREDITS_CHANGED) { events(types: [$a], first: 1) { nodes { number } } }"], ["query($a: Int = 1) { partners(first: $a) { totalCount } }", { a: 2 }],
    ["query($a: Int = 1) { partners(first: $a) { totalCount } }", { a: null }], ["query($a: Int) { partners(first: $a) { totalCount } }", { b: 1 }], ["query($a: Int!) { partners(first: $a) { totalCount } }", {}], ["query($a: Int!) { partners(first: $a) { totalCount } }", { a: null }],
    ["query($a: [[Int]]) { partners(first: $a) { totalCount } }"], ["query($a: Date = \"2026-02-30\") { edition(asOf: $a) { name } }"], ["query($a: AuditFilter = {nope: 1}) { auditLog(filter: $a) { totalCount } }"],
    ["query($a: String) { auditLog(filter: {partner: $a, partner: $a}) { totalCount } }"], ["query($a: String = \"x\", $b: Int = 3) { auditLog(filter: {partner: $a}) { totalCount } partners(first: $b) { totalCount } }"],
  ].map((given) => q(...given));
  // Subscriptions that are refused.
  yield* [
    "subscription { __typename }", "subscription { events { number } __typename }", "subscription { a: events { number } b: events { number } }", "subscription { events { number } partnerChanged(code: \"x\") { __typename } }",
    "subscription { ...F } fragment F on Subscription { events { number } partnerChanged(code: \"x\") { __typename } }", "subscription { events @skip(if: true) { number } }", "subscription { ... @include(if: true) { events { number } } }",
    "subscription { nope }", "subscription { events }", "subscription { partnerChanged { __typename } }", "subscription($a: Boolean!) { events @include(if: $a) { number } }",
  ].map((document) => q(document));
}

export function* cases() {
  yield* handwritten();
  yield* variables();
}

// Two documents with the same result: fields of one response key are merged in the order of their first places.
export const SAME_RESULTS = [
  ["{ viewer { role } viewer { label } }", "{ viewer { role label } }"],
  ["{ viewer { label } edition { name } viewer { role label } }", "{ viewer { label role } edition { name } }"],
  ["{ ...F edition { effectiveFrom } } fragment F on Query { edition { name } viewer { role } }", "{ edition { name effectiveFrom } viewer { role } }"],
  [
    "{ partners { nodes { code } totalCount nodes { standing { __typename } } } }",
    "{ partners { nodes { code standing { __typename } } totalCount } }",
  ],
  [
    "{ partners { edges { node { code } } ...E } } fragment E on PartnerConnection { edges { cursor node { ...P name } } } fragment P on Partner { credits(year: 2026) { total } }",
    "{ partners { edges { node { code credits(year: 2026) { total } name } cursor } } }",
  ],
  [
    "{ partners { nodes { credits(year: 2026) { total } ... on Node { id } credits(year: 2026) { __typename } } nodes { ... on Partner { id code } } } }",
    "{ partners { nodes { credits(year: 2026) { total __typename } id code } } }",
  ],
  [
    "{ partners { nodes { orders(first: 1) { nodes { number } } } nodes { orders(first: 1) { totalCount nodes { id number } } } } }",
    "{ partners { nodes { orders(first: 1) { nodes { number id } totalCount } } } }",
  ],
  ["{ viewer @skip(if: true) { role } viewer { label } }", "{ viewer { label } }"],
  ["query($a: Int) { partners(first: $a) { totalCount } }", "{ partners { totalCount } }"],
  ["query($a: String) { auditLog(filter: {partner: $a}) { totalCount } }", "{ auditLog(filter: {}) { totalCount } }"],
];
