// The views of each role: what the navigation and the command palette offer, and the page behind each address.

import type { ComponentType, LazyExoticComponent } from 'react';
import { lazy } from 'react';

import type { Role } from '#generated/types';

import { isSandbox } from './api/base';
import type { Key } from './i18n/i18n';

type Page = LazyExoticComponent<ComponentType<{ params: Record<string, string> }>>;

export interface View {
  readonly path: string;
  readonly title: Key;
  readonly page: Page;
  /// Part of the navigation; others are reached from a list.
  readonly listed?: false;
  /// The command palette has it all the same.
  readonly found?: true;
  /// A heading above it in the navigation.
  readonly group?: Key;
}

const page = (load: () => Promise<{ default: ComponentType<{ params: Record<string, string> }> }>): Page => lazy(load);

const staff: View[] = [
  { path: '/', title: 'nav.dashboard', page: page(() => import('./pages/dashboard')) },
  { path: '/claims', title: 'nav.claims', page: page(() => import('./pages/claims')), group: 'nav.work' },
  { path: '/deals', title: 'nav.deals', page: page(() => import('./pages/deals')) },
  { path: '/deals/:reference', title: 'nav.deals', page: page(() => import('./pages/deal')), listed: false },
  { path: '/orders', title: 'nav.orders', page: page(() => import('./pages/orders')) },
  { path: '/swag', title: 'nav.swag', page: page(() => import('./pages/swag-orders')) },
  { path: '/partners', title: 'nav.partners', page: page(() => import('./pages/partners')), group: 'nav.accounts' },
  { path: '/partners/:code', title: 'nav.partners', page: page(() => import('./pages/partner')), listed: false },
  { path: '/partners/:partner/statement', title: 'nav.statement', page: page(() => import('./pages/statement')), listed: false },
  { path: '/professionals', title: 'nav.professionals', page: page(() => import('./pages/professionals')) },
  { path: '/professionals/:code', title: 'nav.professionals', page: page(() => import('./pages/professional')), listed: false },
  { path: '/professionals/:code/certificate', title: 'nav.certificate', page: page(() => import('./pages/certificate')), listed: false },
  { path: '/customers', title: 'nav.customers', page: page(() => import('./pages/customers')) },
  { path: '/products', title: 'nav.products', page: page(() => import('./pages/products')) },
  { path: '/swag-items', title: 'nav.swagItems', page: page(() => import('./pages/swag-items')) },
  { path: '/quote', title: 'nav.quote', page: page(() => import('./pages/quote')), listed: false },
  { path: '/imports', title: 'nav.imports', page: page(() => import('./pages/imports')), group: 'nav.program' },
  { path: '/imports/new', title: 'nav.upload', page: page(() => import('./pages/upload')), listed: false, found: true },
  { path: '/imports/:id', title: 'nav.imports', page: page(() => import('./pages/import')), listed: false },
  { path: '/report', title: 'nav.report', page: page(() => import('./pages/report')) },
  { path: '/policy', title: 'nav.policy', page: page(() => import('./pages/policy')) },
  { path: '/audit', title: 'nav.audit', page: page(() => import('./pages/audit')) },
  { path: '/webhooks', title: 'nav.webhooks', page: page(() => import('./pages/webhooks')) },
  { path: '/webhooks/:id', title: 'nav.webhooks', page: page(() => import('./pages/webhook')), listed: false },
];

const administrator: View[] = [
  ...staff,
  { path: '/policy/drafts/:id', title: 'nav.policy', page: page(() => import('./pages/draft')), listed: false },
  { path: '/recalculations', title: 'nav.recalculations', page: page(() => import('./pages/recalculations')) },
  { path: '/recalculations/:id', title: 'nav.recalculations', page: page(() => import('./pages/recalculation')), listed: false },
  { path: '/keys', title: 'nav.keys', page: page(() => import('./pages/keys')) },
  // A sandbox has none of its own.
  ...(isSandbox ? [] : [{ path: '/sandboxes', title: 'nav.sandboxes', page: page(() => import('./pages/sandboxes')) } as const]),
];

const partner: View[] = [
  { path: '/', title: 'nav.overview', page: page(() => import('./pages/account')) },
  { path: '/ledger', title: 'nav.ledger', page: page(() => import('./pages/own-ledger')) },
  { path: '/paths', title: 'nav.paths', page: page(() => import('./pages/paths')) },
  { path: '/quote', title: 'nav.quote', page: page(() => import('./pages/quote')), group: 'nav.business' },
  { path: '/quotes', title: 'nav.quotes', page: page(() => import('./pages/quotes')) },
  { path: '/orders', title: 'nav.orders', page: page(() => import('./pages/orders')) },
  { path: '/deals', title: 'nav.deals', page: page(() => import('./pages/deals')) },
  { path: '/deals/:reference', title: 'nav.deals', page: page(() => import('./pages/deal')), listed: false },
  { path: '/people', title: 'nav.people', page: page(() => import('./pages/people')), group: 'nav.accounts' },
  { path: '/claims', title: 'nav.claims', page: page(() => import('./pages/own-claims')) },
  { path: '/statement', title: 'nav.statement', page: page(() => import('./pages/statement')) },
];

const professional: View[] = [
  { path: '/', title: 'nav.overview', page: page(() => import('./pages/membership')) },
  { path: '/points', title: 'nav.points', page: page(() => import('./pages/own-ledger')) },
  { path: '/claims', title: 'nav.claims', page: page(() => import('./pages/own-claims')) },
  { path: '/shop', title: 'nav.shop', page: page(() => import('./pages/shop')) },
  { path: '/certificate', title: 'nav.certificate', page: page(() => import('./pages/certificate')) },
];

const integrator: View[] = [
  { path: '/', title: 'nav.claims', page: page(() => import('./pages/claims')) },
  { path: '/deals', title: 'nav.deals', page: page(() => import('./pages/deals')) },
  { path: '/deals/:reference', title: 'nav.deals', page: page(() => import('./pages/deal')), listed: false },
];

export const VIEWS: Record<Role, View[]> = {
  ADMINISTRATOR: administrator,
  PROGRAM_STAFF: staff,
  PARTNER: partner,
  PROFESSIONAL: professional,
  INTEGRATOR: integrator,
};
