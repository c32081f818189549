// Suggestions for fields that want a code or a name.

import { CustomerNames } from '#generated/customers';
import { PartnerNames } from '#generated/partners';
import { ProfessionalNames } from '#generated/professionals';

import { post } from './client';

interface Named {
  readonly code: string;
  readonly name: string;
}

function pairs(nodes: readonly (Named | null)[]): (readonly [string, string])[] {
  return nodes.flatMap((it) => (it ? [[it.code, it.name] as const] : []));
}

export async function findPartners(search: string) {
  return pairs((await post(PartnerNames, { search })).partners.nodes);
}

export async function findProfessionals(search: string) {
  return pairs((await post(ProfessionalNames, { search })).professionals.nodes);
}

/// Customers are known by their names; their ids are kept for the input that wants one.
const ids = new Map<string, string>();

export async function findCustomers(search: string) {
  const { customers } = await post(CustomerNames, { search });
  return customers.nodes.flatMap((it) => {
    if (!it) {
      return [];
    }
    ids.set(it.name, it.id);
    return [[it.name, it.spellings.filter((one) => one !== it.name).join(', ')] as const];
  });
}

export function customerId(name: string): string | undefined {
  return ids.get(name);
}
