// Small parts that all pages use.

import type { ReactNode } from 'react';
import { Button as AriaButton } from 'react-aria-components/Button';
import { Link } from 'wouter';

import { useTexts } from '#src/i18n/i18n';

export function Button({
  children,
  onPress,
  kind = 'plain',
  disabled = false,
  type = 'button',
  label,
}: {
  children: ReactNode;
  onPress?: () => void;
  kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  disabled?: boolean;
  type?: 'button' | 'submit';
  label?: string;
}) {
  return (
    <AriaButton
      className={`button ${kind}`}
      isDisabled={disabled}
      type={type}
      {...(onPress ? { onPress } : {})}
      {...(label ? { 'aria-label': label } : {})}
    >
      {children}
    </AriaButton>
  );
}

export function Badge({ children, tone = 'neutral' }: { children: ReactNode; tone?: Tone }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}
export type Tone = 'neutral' | 'good' | 'warn' | 'bad' | 'info';

/// A level with its medal.
export function LevelBadge({ level }: { level: { name: string; rank: number } | null }) {
  return level ? <span className={`level rank-${Math.min(level.rank, 2)}`}>{level.name}</span> : <span className="muted">–</span>;
}

export function Card({ title, children, action, wide = false }: { title?: ReactNode; children: ReactNode; action?: ReactNode; wide?: boolean }) {
  return (
    <section className={wide ? 'card wide' : 'card'}>
      {(title || action) && (
        <header>
          {title && <h2>{title}</h2>}
          {action}
        </header>
      )}
      {children}
    </section>
  );
}

export function Figure({ label, value, hint, href }: { label: ReactNode; value: ReactNode; hint?: ReactNode; href?: string }) {
  const inside = (
    <>
      <span className="label">{label}</span>
      <span className="value">{value}</span>
      {hint && <span className="hint">{hint}</span>}
    </>
  );
  return href ? (
    <Link href={href} className="figure">
      {inside}
    </Link>
  ) : (
    <div className="figure">{inside}</div>
  );
}

export function Loading() {
  const { t } = useTexts();
  return (
    <div className="state" role="status">
      <span className="spinner" aria-hidden="true" />
      {t('state.loading')}
    </div>
  );
}

export function Failed({ error, again }: { error: Error; again?: () => void }) {
  const { t } = useTexts();
  return (
    <div className="state failed" role="alert">
      <strong>{t('state.failed')}</strong>
      <p lang="en">{error.message.replace(/^\[\w+\] /, '')}</p>
      {again && <Button onPress={again}>{t('state.again')}</Button>}
    </div>
  );
}

export function Empty({ children }: { children?: ReactNode }) {
  const { t } = useTexts();
  return <div className="state empty">{children ?? t('state.empty')}</div>;
}

/// Shows what was loaded, or why it is not there. A result that is null does not exist for the caller.
export function Shown<Data>({
  of,
  pick,
  children,
}: {
  of: { data: Data | undefined; error: Error | undefined; loading: boolean; again: () => void };
  pick?: (data: Data) => unknown;
  children: (data: Data) => ReactNode;
}) {
  const { t } = useTexts();
  if (of.error && of.data === undefined) {
    return <Failed error={of.error} again={of.again} />;
  }
  if (of.data === undefined) {
    return <Loading />;
  }
  if (pick && pick(of.data) === null) {
    return <Empty>{t('state.absent')}</Empty>;
  }
  return <>{children(of.data)}</>;
}

export function Definitions({ of }: { of: [ReactNode, ReactNode][] }) {
  return (
    <dl className="definitions">
      {of.map(([name, value], index) => (
        // oxlint-disable-next-line react/no-array-index-key -- a fixed list
        <div key={index}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
