import { useEffect, useState } from 'react';

import { isSandbox } from '#src/api/base';
import { getConfig } from '#src/api/config';
import type { Config } from '#src/api/config';
import { signIn, useCredentials } from '#src/api/session';
import { useTexts } from '#src/i18n/i18n';
import { Button } from '#src/ui/basics';
import { TextField } from '#src/ui/fields';

export default function SignIn() {
  const { t } = useTexts();
  const { ended } = useCredentials();
  const [key, setKey] = useState('');
  const [config, setConfig] = useState<Config | null>(null);
  const [failure, setFailure] = useState('');
  useEffect(() => {
    document.title = `${t('signIn.title')} · Partner Program`;
  }, [t]);
  useEffect(() => {
    const begin = async () => {
      const loaded = await getConfig();
      setConfig(loaded);
      // The provider sends people back with a code in the address.
      if (loaded.signIn && new URLSearchParams(location.search).has('state')) {
        const { finish } = await import('#src/api/oidc');
        signIn(await finish(loaded.signIn));
      }
    };
    begin().catch((error: unknown) => setFailure((error as Error).message));
  }, []);
  const provider = config?.signIn;
  return (
    <main className="sign-in">
      <h1>Partner Program</h1>
      {isSandbox && <p className="notice">{t('sandbox.signIn')}</p>}
      {ended && (
        <p className="notice" role="alert">
          {t('signIn.expired')}
        </p>
      )}
      {failure && (
        <p className="error" role="alert">
          {failure}
        </p>
      )}
      {provider && (
        <Button
          kind="primary"
          onPress={async () => {
            try {
              const { begin } = await import('#src/api/oidc');
              await begin(provider);
            } catch (error) {
              setFailure((error as Error).message);
            }
          }}
        >
          {t('signIn.provider', { name: new URL(provider.issuer).host })}
        </Button>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          signIn(key);
        }}
      >
        <TextField label={t('signIn.key')} hint={t('signIn.hint')} type="password" name="key" value={key} onChange={setKey} autoFocus={!provider} />
        <Button type="submit" kind={provider ? 'plain' : 'primary'} disabled={key.trim() === ''}>
          {t('signIn.submit')}
        </Button>
      </form>
    </main>
  );
}
