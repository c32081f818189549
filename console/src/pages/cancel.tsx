// Cancelling orders, and swag orders.

import { CancelOrder, CancelSwagOrder } from '#generated/orders';
import { useTexts } from '#src/i18n/i18n';
import { useChangeFields } from '#src/ui/actions';
import type { Action } from '#src/ui/actions';
import type { Change } from '#src/ui/change';

export function useCancel() {
  const { t } = useTexts();
  const { optionalReason } = useChangeFields();
  const cancel = (mutation: string, operation: Change['operation'], number: string, title: string): Action => ({
    mutation,
    label: t('orders.cancel'),
    change: () => ({
      title,
      fields: [optionalReason],
      operation,
      input: (values) => ({ number, ...(values['reason'] ? { reason: values['reason'] } : {}) }),
      confirm: t('orders.cancel'),
      danger: true,
    }),
  });
  return {
    cancelOrder: (number: string) => cancel('cancelOrder', CancelOrder, number, t('orders.cancelTitle', { number })),
    cancelSwag: (number: string) => cancel('cancelSwagOrder', CancelSwagOrder, number, t('shop.cancelTitle', { number })),
  };
}
