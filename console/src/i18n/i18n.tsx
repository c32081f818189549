// Texts in four languages; dates, numbers and amounts as the language writes them.

import { createContext, useContext, useEffect, useMemo, useState } from 'react';
import type { ReactNode } from 'react';

import { en } from './en';

export type Key = keyof typeof en;
export type Messages = Record<Key, string>;
/// The text of a value of an enum. The schema may have values that have no text yet: they are shown by their names.
export type EnumKey = `${string}.${Uppercase<string>}`;
export const LANGUAGES = { en: 'English', de: 'Deutsch', fr: 'Français', nl: 'Nederlands' } as const;
export type Language = keyof typeof LANGUAGES;

const STORAGE_KEY = 'partner-program:language';

const others: Record<Exclude<Language, 'en'>, () => Promise<Messages>> = {
  de: async () => (await import('./de')).de,
  fr: async () => (await import('./fr')).fr,
  nl: async () => (await import('./nl')).nl,
};

export interface Texts {
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
  readonly t: (key: Key | EnumKey, values?: Record<string, string | number>) => string;
  readonly date: (day: string | null | undefined) => string;
  readonly time: (moment: string | null | undefined) => string;
  readonly month: (day: string) => string;
  readonly number: (value: number) => string;
  readonly signed: (value: number) => string;
  readonly percent: (value: string | number) => string;
  readonly money: (money: { amount: string; currency: string }) => string;
}

/// `LedgerReason.HOLD_RELEASED` as "Hold released".
function named(key: string): string {
  const [, value = key] = key.split('.');
  return value.charAt(0) + value.slice(1).toLowerCase().replaceAll('_', ' ');
}

function preferred(): Language {
  const stored = localStorage.getItem(STORAGE_KEY);
  const wanted = [stored, ...navigator.languages].map((it) => it?.slice(0, 2));
  return (wanted.find((it) => it && it in LANGUAGES) as Language | undefined) ?? 'en';
}

function texts(language: Language, messages: Messages, setLanguage: (language: Language) => void): Texts {
  // English as in Europe: days before months.
  const locale = language === 'en' ? 'en-GB' : language;
  const dates = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });
  const times = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  const months = new Intl.DateTimeFormat(locale, { month: 'short', year: 'numeric', timeZone: 'UTC' });
  const numbers = new Intl.NumberFormat(locale);
  const signs = new Intl.NumberFormat(locale, { signDisplay: 'exceptZero' });
  const percents = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 });
  const plurals = new Intl.PluralRules(locale);
  return {
    language,
    setLanguage,
    // `{name}` is a value; `{n|one|other}` chooses by the number `n`.
    t: (key, values = {}) =>
      (messages[key as Key] ?? named(key)).replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (_, name: string, one?: string, other?: string) => {
        const value = values[name] ?? '';
        if (one !== undefined && other !== undefined) {
          return plurals.select(Number(value)) === 'one' ? one : other;
        }
        return typeof value === 'number' ? numbers.format(value) : value;
      }),
    date: (day) => (day ? dates.format(new Date(`${day}T00:00:00Z`)) : '–'),
    time: (moment) => (moment ? times.format(new Date(moment)) : '–'),
    month: (day) => months.format(new Date(`${day.slice(0, 7)}-01T00:00:00Z`)),
    number: (value) => numbers.format(value),
    signed: (value) => signs.format(value),
    percent: (value) => percents.format(Number(value) / 100),
    money: ({ amount, currency }) => new Intl.NumberFormat(locale, { style: 'currency', currency }).format(Number(amount)),
  };
}

const TextsContext = createContext<Texts>(texts('en', en, () => undefined));

export function TextsProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(preferred);
  const [loaded, setLoaded] = useState<{ language: Language; messages: Messages }>({ language: 'en', messages: en });
  useEffect(() => {
    document.documentElement.lang = language;
    let current = true;
    const load = language === 'en' ? Promise.resolve(en) : others[language]();
    void load.then((messages) => current && setLoaded({ language, messages }));
    return () => {
      current = false;
    };
  }, [language]);
  const value = useMemo(() => {
    const change = (next: Language) => {
      localStorage.setItem(STORAGE_KEY, next);
      setLanguage(next);
    };
    return texts(loaded.language, loaded.messages, change);
  }, [loaded]);
  return <TextsContext.Provider value={value}>{children}</TextsContext.Provider>;
}

export function useTexts(): Texts {
  return useContext(TextsContext);
}
