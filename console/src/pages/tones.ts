// The colours of states, the same on every page.

import type { ActivityStatus, DealStatus, ImportStatus, OrderStatus, QuoteStatus, RecalculationStatus, SwagOrderStatus } from '#generated/types';
import type { Tone } from '#src/ui/basics';

export const CLAIM_TONES: Record<ActivityStatus, Tone> = { PENDING_REVIEW: 'warn', RECORDED: 'good', REJECTED: 'bad', VOIDED: 'neutral' };

export const DEAL_TONES: Record<DealStatus, Tone> = {
  LEAD: 'info',
  ENGAGED: 'info',
  CONFIRMED: 'info',
  QUOTED: 'info',
  NEGOTIATING: 'info',
  WAITING_PO: 'info',
  WON_REPORTED: 'warn',
  COLD: 'neutral',
  CLOSED_WON: 'good',
  CLOSED_LOST: 'bad',
  CLOSED_DROPPED: 'bad',
  CLOSED_WITHDRAWN: 'neutral',
  EXPIRED: 'neutral',
};

export const ORDER_TONES: Record<OrderStatus, Tone> = { PLACED: 'warn', FULFILLED: 'good', CANCELLED: 'neutral', RETURNED: 'bad' };
export const SWAG_TONES: Record<SwagOrderStatus, Tone> = { PLACED: 'warn', FULFILLED: 'good', CANCELLED: 'neutral' };
export const IMPORT_TONES: Record<ImportStatus, Tone> = { RUNNING: 'info', FINISHED: 'good', REFUSED: 'bad', FAILED: 'bad', UNDONE: 'neutral' };
export const QUOTE_TONES: Record<QuoteStatus, Tone> = { OPEN: 'info', PLACED: 'good', EXPIRED: 'neutral', WITHDRAWN: 'neutral' };
export const RECALCULATION_TONES: Record<RecalculationStatus, Tone> = { PLANNED: 'info', APPLYING: 'warn', APPLIED: 'good', REVERTING: 'warn', REVERTED: 'neutral' };
