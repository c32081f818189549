// Filters of a list. Each has its value in the address, so that a view can be shared.

import { useCallback } from 'react';

import { useAddress } from '#src/api/address';
import { useTexts } from '#src/i18n/i18n';

import { LookupField, SelectField, TextField } from './fields';
import type { Lookup } from './fields';

export type Options = readonly (readonly [string, string])[];

export interface Filter {
  /// The name in the address.
  readonly name: string;
  readonly label: string;
  readonly type?: 'search' | 'date' | 'number' | 'select';
  readonly options?: Options;
  /// The value that the address leaves out; none by default.
  readonly usual?: string;
  readonly placeholder?: string;
  /// Suggestions while typing.
  readonly lookup?: Lookup;
}

export function Filters({ of }: { of: readonly Filter[] }) {
  const [get, set] = useAddress();
  return of.length === 0 ? null : (
    <div className="filters">
      {of.map(({ name, label, type = 'search', options = [], usual = '', placeholder, lookup }) => {
        const shared = { label, value: get(name) || usual, onChange: (value: string) => set({ [name]: value === usual ? '' : value }) };
        if (lookup) {
          return <LookupField key={name} {...shared} lookup={lookup} />;
        }
        return type === 'select' ? (
          <SelectField key={name} {...shared} options={options} />
        ) : (
          <TextField key={name} {...shared} type={type} {...(type === 'number' ? { min: 0 } : {})} {...(placeholder ? { placeholder } : {})} />
        );
      })}
    </div>
  );
}

/// The filters of a period.
export function usePeriodFilters(): Filter[] {
  const { t } = useTexts();
  return [
    { name: 'from', label: t('field.from'), type: 'date' },
    { name: 'to', label: t('field.to'), type: 'date' },
  ];
}

/// Values of an enum as options with their texts.
export function useOptions() {
  const { t } = useTexts();
  return useCallback(
    <Value extends string>(values: readonly Value[], type: string, first?: string): Options => [
      ...(first === undefined ? [] : [['', first] as const]),
      ...values.map((it) => [it, t(`${type}.${it}` as `${string}.${Uppercase<string>}`)] as const),
    ],
    [t],
  );
}

/// Those of the values that are given: a filter knows no empty text.
export function given<Values extends Record<string, unknown>>(values: Values): { [Name in keyof Values]?: Exclude<Values[Name], '' | undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '' && value !== undefined)) as never;
}

/// The value, if it is one of the enum: an address may have anything.
export function oneOf<Value extends string>(values: readonly Value[], text: string): Value | undefined {
  return values.find((it) => it === text);
}
