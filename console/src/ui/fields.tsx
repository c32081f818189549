// Form fields: native ones, which every keyboard, screen reader and phone knows.

import type { ReactNode } from 'react';
import { useId } from 'react';

interface Common {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly required?: boolean;
}

function Around({ id, label, hint, error, children }: Common & { id: string; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {hint && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {error && (
        <span className="error" id={`${id}-error`} lang="en">
          {error}
        </span>
      )}
    </div>
  );
}

export function TextField({
  value,
  onChange,
  type = 'text',
  placeholder,
  rows,
  min,
  max,
  autoFocus,
  name,
  ...common
}: Common & {
  value: string;
  onChange: (value: string) => void;
  type?: 'text' | 'password' | 'number' | 'date' | 'search' | 'email' | 'url';
  placeholder?: string;
  rows?: number;
  min?: number | string;
  max?: number | string;
  autoFocus?: boolean;
  name?: string;
}) {
  const id = useId();
  const shared = {
    id,
    name,
    value,
    placeholder,
    required: common.required,
    'aria-invalid': common.error ? true : undefined,
    'aria-describedby': [common.hint && `${id}-hint`, common.error && `${id}-error`].filter(Boolean).join(' ') || undefined,
  };
  return (
    <Around id={id} {...common}>
      {rows ? (
        <textarea {...shared} rows={rows} onChange={(event) => onChange(event.target.value)} />
      ) : (
        <input
          {...shared}
          type={type}
          min={min}
          max={max}
          autoComplete="off"
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- the first field of a dialog that was just opened
          autoFocus={autoFocus}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Around>
  );
}

export function SelectField({
  value,
  onChange,
  options,
  ...common
}: Common & { value: string; onChange: (value: string) => void; options: readonly (readonly [string, string])[] }) {
  const id = useId();
  return (
    <Around id={id} {...common}>
      <select
        id={id}
        value={value}
        required={common.required}
        aria-invalid={common.error ? true : undefined}
        aria-describedby={[common.hint && `${id}-hint`, common.error && `${id}-error`].filter(Boolean).join(' ') || undefined}
        onChange={(event) => onChange(event.target.value)}
      >
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </Around>
  );
}
