// A GraphQL operation of the console, with the types of its result and its variables.

import type { TypedDocumentNode } from '@urql/core';
import { gql } from '@urql/core';

export interface Operation<Data, Variables> {
  /// The text, as it is shown and sent.
  readonly text: string;
  readonly document: TypedDocumentNode<Data, Variables & Record<string, unknown>>;
}

/// The generated modules call this; the text is parsed when it is first needed.
export function operation<Data, Variables>(text: string): Operation<Data, Variables> {
  let document: TypedDocumentNode<Data, Variables & Record<string, unknown>> | undefined;
  return {
    text,
    get document() {
      document ??= gql(text) as TypedDocumentNode<Data, Variables & Record<string, unknown>>;
      return document;
    },
  };
}
