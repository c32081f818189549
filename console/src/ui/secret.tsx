// A secret that the server shows only once.

import { useTexts } from '#src/i18n/i18n';

import { Button, Card } from './basics';
import { notify } from './notices';

export function Secret({ value, onClose }: { value: string; onClose: () => void }) {
  const { t } = useTexts();
  return (
    <div className="stack">
      <Card title={t('secret.title')}>
        <p className="muted">{t('secret.once')}</p>
        <p>
          <code className="secret">{value}</code>
        </p>
        <p className="inline">
          <Button
            kind="primary"
            onPress={() => {
              void navigator.clipboard.writeText(value).then(() => notify(t('secret.copied')));
            }}
          >
            {t('secret.copy')}
          </Button>
          <Button onPress={onClose}>{t('secret.close')}</Button>
        </p>
      </Card>
    </div>
  );
}
