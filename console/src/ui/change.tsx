// A dialog for everything that changes something: fields, what the change would do, and the confirmation. The preview is the
// same mutation with `preview: true`, so the dialog shows what the server would do, not what the console thinks.

import type { ReactNode } from 'react';
import { useEffect, useMemo, useState } from 'react';
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components/Modal';

import type { EffectsPartsFragment, ErrorPartsFragment } from '#generated/types';
import { post } from '#src/api/client';
import { useLive } from '#src/api/live';
import type { Operation } from '#src/api/operation';
import { useTexts } from '#src/i18n/i18n';

import { Button } from './basics';
import { ChoicesField, LookupField, SelectField, TextField } from './fields';
import type { Lookup } from './fields';
import { notify } from './notices';

export interface ChangeField {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'number' | 'date' | 'textarea' | 'select' | 'choices' | 'email' | 'url' | 'search';
  readonly options?: readonly (readonly [string, string])[];
  /// Suggestions while typing.
  readonly lookup?: Lookup;
  readonly required?: boolean;
  readonly hint?: ReactNode;
  readonly initial?: string;
  readonly min?: number | string;
  readonly max?: number | string;
  /// Whether the field matters, by the other values.
  readonly when?: (values: Record<string, string>) => boolean;
}

export interface Change {
  readonly title: string;
  readonly about?: ReactNode;
  readonly fields: readonly ChangeField[];
  // The result of any mutation is a payload below its field.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly operation: Operation<any, any>;
  readonly input: (values: Record<string, string>) => Record<string, unknown>;
  /// False for the few changes that have no numbers, and no preview.
  readonly preview?: boolean;
  /// What is said if the preview was accepted, of a change without effects on single entries.
  readonly accepted?: string;
  readonly confirm: string;
  readonly danger?: boolean;
  readonly done?: string;
  readonly onDone?: (payload: Payload, values: Record<string, string>) => void;
}

export interface Payload {
  readonly effects?: EffectsPartsFragment;
  readonly userErrors: ErrorPartsFragment[];
  readonly [field: string]: unknown;
}

async function run(change: Change, values: Record<string, string>, preview: boolean, signal?: AbortSignal): Promise<Payload> {
  const input = { ...change.input(values), ...(preview ? { preview: true } : {}) };
  const data = (await post(change.operation, { input } as never, signal)) as Record<string, Payload>;
  const [payload] = Object.values(data);
  if (!payload) {
    throw new Error('The response is empty.');
  }
  return payload;
}

export function ChangeDialog({ change, onClose }: { change: Change; onClose: () => void }) {
  const { t } = useTexts();
  const { refresh } = useLive();
  const [values, setValues] = useState<Record<string, string>>(() =>
    Object.fromEntries(change.fields.map((it) => [it.name, it.initial ?? (it.type === 'select' ? (it.options?.[0]?.[0] ?? '') : '')])),
  );
  const [outcome, setOutcome] = useState<{ payload?: Payload; failure?: string; of: string }>({ of: '' });
  const [busy, setBusy] = useState(false);
  const fields = change.fields.filter((it) => it.when?.(values) ?? true);
  const complete = fields.every((it) => !it.required || values[it.name]?.trim());
  const wants = change.preview !== false;
  const key = JSON.stringify(values);

  useEffect(() => {
    if (!wants || !complete) {
      return undefined;
    }
    const control = new AbortController();
    const timer = setTimeout(async () => {
      try {
        setOutcome({ payload: await run(change, values, true, control.signal), of: key });
      } catch (error) {
        if (!control.signal.aborted) {
          setOutcome({ failure: (error as Error).message, of: key });
        }
      }
    }, 250);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
    // `key` stands for the values; the change of an open dialog stays the same.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [key, complete, wants]);

  const current = outcome.of === key ? outcome : undefined;
  const errors = current?.payload?.userErrors ?? [];
  const errorOf = (name: string) => errors.find((it) => it.field?.at(-1) === name)?.message;
  const others = errors.filter((it) => !fields.some((field) => it.field?.at(-1) === field.name));
  const ready = complete && !busy && (!wants || (current?.payload !== undefined && errors.length === 0));

  const submit = async () => {
    setBusy(true);
    try {
      const payload = await run(change, values, false);
      if (payload.userErrors.length > 0) {
        setOutcome({ payload, of: key });
        return;
      }
      refresh();
      notify(change.done ?? t('change.done'));
      onClose();
      change.onDone?.(payload, values);
    } catch (error) {
      setOutcome({ failure: (error as Error).message, of: key });
    } finally {
      setBusy(false);
    }
  };

  return (
    // Escape closes it; a click beside it does not, which would lose what was typed.
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title">{change.title}</Heading>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              if (ready) {
                void submit();
              }
            }}
          >
            {change.about && <div className="about">{change.about}</div>}
            {fields.map((field, index) => {
              const shared = {
                label: field.label,
                hint: field.hint,
                required: field.required ?? false,
                error: errorOf(field.name),
                value: values[field.name] ?? '',
                onChange: (value: string) => setValues((it) => ({ ...it, [field.name]: value })),
              };
              if (field.type === 'select') {
                return <SelectField key={field.name} {...shared} options={field.options ?? []} />;
              }
              if (field.type === 'choices') {
                return <ChoicesField key={field.name} {...shared} options={field.options ?? []} />;
              }
              const autoFocus = index === 0 && matchMedia('(pointer: fine)').matches;
              if (field.lookup) {
                return <LookupField key={field.name} name={field.name} {...shared} autoFocus={autoFocus} lookup={field.lookup} />;
              }
              return (
                <TextField
                  key={field.name}
                  name={field.name}
                  {...shared}
                  autoFocus={autoFocus}
                  {...(field.min === undefined ? {} : { min: field.min })}
                  {...(field.max === undefined ? {} : { max: field.max })}
                  {...(field.type === 'textarea' ? { rows: 3 } : { type: field.type ?? 'text' })}
                />
              );
            })}
            <div className="outcome" aria-live="polite">
              {wants && !complete && <p className="muted">{t('change.incomplete')}</p>}
              {wants && complete && !current && <p className="muted">{t('change.computing')}</p>}
              {current?.failure && (
                <p className="error" lang="en">
                  {current.failure}
                </p>
              )}
              {others.map((it) => (
                <p className="error" key={it.message} lang="en">
                  {it.message}
                </p>
              ))}
              {current?.payload && errors.length === 0 && change.accepted && <p className="effects">{change.accepted}</p>}
              {wants && current?.payload?.effects && errors.length === 0 && <EffectsList effects={current.payload.effects} />}
            </div>
            <div className="buttons">
              <Button onPress={onClose}>{t('change.cancel')}</Button>
              <Button type="submit" kind={change.danger ? 'danger' : 'primary'} disabled={!ready}>
                {change.confirm}
              </Button>
            </div>
          </form>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

const ENTRIES_SHOWN = 5;
const LEVELS_SHOWN = 10;

/// What a change does, in sentences.
export function EffectsList({ effects }: { effects: EffectsPartsFragment }) {
  const { t, number, date } = useTexts();
  const sums = useMemo(() => {
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
    return {
      credits: sum(effects.ledgerEntries.map((it) => it.spendableCredits)),
      level: sum(effects.ledgerEntries.map((it) => it.levelCredits)),
      points: sum(effects.pointsEntries.map((it) => it.points)),
      dojo: sum(effects.pointsEntries.map((it) => it.dojoCredits)),
    };
  }, [effects]);
  const lines: string[] = [];
  const say = (value: number, gives: 'effect.givesCredits' | 'effect.givesPoints' | 'effect.givesDojo' | 'effect.givesLevel', takes: 'effect.takesCredits' | 'effect.takesPoints' | 'effect.takesDojo' | 'effect.takesLevel') => {
    if (value !== 0) {
      lines.push(t(value > 0 ? gives : takes, { n: Math.abs(value) }));
    }
  };
  say(sums.credits, 'effect.givesCredits', 'effect.takesCredits');
  if (sums.level !== sums.credits) {
    say(sums.level, 'effect.givesLevel', 'effect.takesLevel');
  }
  say(sums.points, 'effect.givesPoints', 'effect.takesPoints');
  say(sums.dojo, 'effect.givesDojo', 'effect.takesDojo');
  for (const { partner, professional, track, from, to, on } of effects.levelChanges.slice(0, LEVELS_SHOWN)) {
    const who = partner?.name ?? professional?.name ?? '';
    const what = { who, track: track ? t(`Track.${track}`) : '', from: from?.name ?? '–', to: to?.name ?? '–', on: date(on) };
    lines.push(t(track ? 'effect.level' : 'effect.levelOf', what));
  }
  if (effects.levelChanges.length > LEVELS_SHOWN) {
    lines.push(t('effect.moreLevels', { n: effects.levelChanges.length - LEVELS_SHOWN }));
  }
  const entries = [...effects.ledgerEntries, ...effects.pointsEntries];
  if (entries.length === 0 && lines.length === 0) {
    return <p className="effects none">{t('effect.none')}</p>;
  }
  return (
    <div className="effects">
      <ul className="sentences">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <ul className="entries" lang="en">
        {entries.slice(0, ENTRIES_SHOWN).map((it) => (
          <li key={it.id}>
            <time dateTime={it.effectiveOn}>{date(it.effectiveOn)}</time> {it.explanation}
          </li>
        ))}
      </ul>
      {entries.length > ENTRIES_SHOWN && <p className="muted">{t('effect.more', { n: number(entries.length - ENTRIES_SHOWN) })}</p>}
    </div>
  );
}
