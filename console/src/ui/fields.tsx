// Form fields: native ones, which every keyboard, screen reader and phone knows.

import type { ReactNode } from 'react';
import { useEffect, useId, useState } from 'react';

interface Common {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly required?: boolean;
}

function describedBy(id: string, { hint, error }: Common): string | undefined {
  return [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;
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
    'aria-describedby': describedBy(id, common),
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
        aria-describedby={describedBy(id, common)}
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

/// Finds values by a part of a name: pairs of a value and what it means.
export type Lookup = (text: string) => Promise<readonly (readonly [string, string])[]>;

const LOOKUP_DELAY_MS = 150;

/// A text with suggestions, as the browser shows them.
export function LookupField({
  value,
  onChange,
  lookup,
  autoFocus,
  name,
  ...common
}: Common & { value: string; onChange: (value: string) => void; lookup: Lookup; autoFocus?: boolean; name?: string }) {
  const id = useId();
  const [found, setFound] = useState<Awaited<ReturnType<Lookup>>>([]);
  // A page with such a field asks for nothing before somebody uses it.
  const [used, setUsed] = useState(false);
  useEffect(() => {
    if (!used) {
      return undefined;
    }
    let current = true;
    const timer = setTimeout(() => {
      // Without suggestions, the field is one to type into.
      lookup(value).then(
        (next) => current && setFound(next),
        () => undefined,
      );
    }, LOOKUP_DELAY_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [lookup, value, used]);
  return (
    <Around id={id} {...common}>
      <input
        id={id}
        name={name}
        list={`${id}-found`}
        value={value}
        required={common.required}
        autoComplete="off"
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- the first field of a dialog that was just opened
        autoFocus={autoFocus}
        aria-invalid={common.error ? true : undefined}
        aria-describedby={describedBy(id, common)}
        onFocus={() => setUsed(true)}
        onChange={(event) => {
          setUsed(true);
          onChange(event.target.value);
        }}
      />
      <datalist id={`${id}-found`}>
        {found.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </datalist>
    </Around>
  );
}

/// Any number of choices; the value has one on each line.
export function ChoicesField({ value, onChange, options, label, hint, error }: Common & { value: string; onChange: (value: string) => void; options: readonly (readonly [string, string])[] }) {
  const chosen = value.split('\n').filter(Boolean);
  return (
    <fieldset className="field choices-field">
      <legend>{label}</legend>
      {options.map(([key, text]) => (
        <label key={key} className="choice">
          <input
            type="checkbox"
            checked={chosen.includes(key)}
            onChange={(event) => onChange((event.target.checked ? [...chosen, key] : chosen.filter((it) => it !== key)).join('\n'))}
          />
          <span>{text}</span>
        </label>
      ))}
      {hint && <span className="hint">{hint}</span>}
      {error && (
        <span className="error" lang="en">
          {error}
        </span>
      )}
    </fieldset>
  );
}
