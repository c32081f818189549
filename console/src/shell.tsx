// The frame around the pages: navigation, command palette, language, theme, signing out.

import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { Button as AriaButton } from 'react-aria-components/Button';
import { Link, Route, Switch, useLocation } from 'wouter';

import { useCaller } from './api/caller';
import { signOut } from './api/session';
import { LANGUAGES, useTexts } from './i18n/i18n';
import type { Language } from './i18n/i18n';
import { Empty, Loading } from './ui/basics';
import { SandboxMark } from './ui/sandbox';
import { applyTheme, theme } from './ui/theme';
import type { Theme } from './ui/theme';
import { VIEWS } from './views';

const Palette = lazy(() => import('./ui/palette'));

export default function Shell() {
  const { viewer } = useCaller();
  const { t } = useTexts();
  const [location] = useLocation();
  const [open, setOpen] = useState(false);
  const [palette, setPalette] = useState(false);
  const main = useRef<HTMLElement>(null);
  const views = VIEWS[viewer.role];
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setPalette(true);
      }
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, []);
  const seen = useRef(location);
  useEffect(() => {
    setOpen(false);
    if (seen.current !== location) {
      seen.current = location;
      // A new page begins at its top, for the eye and for a screen reader.
      main.current?.scrollTo(0, 0);
      main.current?.focus();
    }
  }, [location]);
  return (
    <div className="shell">
      <a className="skip" href="#main" onClick={() => main.current?.focus()}>
        {t('nav.skip')}
      </a>
      <header className="top">
        <button type="button" className="menu-toggle" aria-expanded={open} aria-controls="nav" onClick={() => setOpen(!open)}>
          <span aria-hidden="true">☰</span>
          <span className="visually-hidden">{t('nav.menu')}</span>
        </button>
        <Link href="/" className="brand">
          Partner Program
        </Link>
        <SandboxMark />
        <AriaButton className="search" onPress={() => setPalette(true)}>
          <span>{t('nav.search')}</span>
          <kbd>Ctrl K</kbd>
        </AriaButton>
      </header>
      <nav id="nav" className={open ? 'side open' : 'side'} aria-label={t('nav.label')}>
        <ul>
          {views
            .filter((it) => it.listed !== false)
            .map((it) => (
              <li key={it.path}>
                {it.group && <span className="group">{t(it.group)}</span>}
                <Link
                  href={it.path}
                  aria-current={(it.path === '/' ? location === '/' : location === it.path || location.startsWith(`${it.path}/`)) ? 'page' : undefined}
                >
                  {t(it.title)}
                </Link>
              </li>
            ))}
        </ul>
        <Account />
      </nav>
      {/* Focus moves here after navigation. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <main id="main" ref={main} tabIndex={-1}>
        <Suspense fallback={<Loading />}>
          <Switch>
            {views.map(({ path, page: Page }) => (
              <Route key={path} path={path}>
                {(params) => <Page key={JSON.stringify(params)} params={params as Record<string, string>} />}
              </Route>
            ))}
            <Route>
              <h1>{t('state.absentTitle')}</h1>
              <Empty>{t('state.absent')}</Empty>
            </Route>
          </Switch>
        </Suspense>
      </main>
      {palette && (
        <Suspense fallback={null}>
          <Palette onClose={() => setPalette(false)} />
        </Suspense>
      )}
    </div>
  );
}

function Account() {
  const { viewer } = useCaller();
  const { t, language, setLanguage } = useTexts();
  const [shown, setShown] = useState(theme);
  const name = viewer.partner?.name ?? viewer.professional?.name ?? viewer.integration ?? viewer.label;
  return (
    <div className="account">
      <p>
        <strong>{name}</strong>
        <span className="muted">{t(`Role.${viewer.role}`)}</span>
      </p>
      <div className="choices">
        <label>
          <span className="visually-hidden">{t('nav.language')}</span>
          <select value={language} onChange={(event) => setLanguage(event.target.value as Language)}>
            {Object.entries(LANGUAGES).map(([key, text]) => (
              <option key={key} value={key} lang={key}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span className="visually-hidden">{t('nav.theme')}</span>
          <select
            value={shown}
            onChange={(event) => {
              const next = event.target.value as Theme;
              applyTheme(next);
              setShown(next);
            }}
          >
            <option value="system">{t('theme.system')}</option>
            <option value="light">{t('theme.light')}</option>
            <option value="dark">{t('theme.dark')}</option>
          </select>
        </label>
      </div>
      <AriaButton className="button quiet" onPress={() => signOut()}>
        {t('nav.signOut')}
      </AriaButton>
    </div>
  );
}
