// A CSV file of activities: tried first, then recorded. Rows that are refused are shown with line and reason.

import { useEffect, useMemo, useRef, useState } from 'react';

import { VoidActivities } from '#generated/imports';
import type { EffectsPartsFragment } from '#generated/types';
import { UploadActivities } from '#generated/upload';
import { useCaller } from '#src/api/caller';
import { post } from '#src/api/client';
import { useLive } from '#src/api/live';
import { useTexts } from '#src/i18n/i18n';
import { Actions, useChange, useChangeFields } from '#src/ui/actions';
import { Button, Card, Empty, Failed, Figure } from '#src/ui/basics';
import { EffectsList } from '#src/ui/change';
import { download, toCsv } from '#src/ui/download';
import { Page } from '#src/ui/page';
import { fixed, Table } from '#src/ui/table';
import { ERRORS_COLUMN, readActivities } from '#src/upload/activities';
import type { Upload, UploadRow } from '#src/upload/activities';
import { readSheet } from '#src/upload/sheet';

import { useRules } from './claim-parts';
import type { Rule } from './claim-parts';

/// Activities of one request.
const CHUNK = 500;
/// Activities that one request can void.
const VOID_MAX = 1_000;
const FILE_BYTES_MAX = 20_000_000;

/// A file that could be uploaded, but for the codes: a row for a partner, and one for a professional.
function example(rules: readonly Rule[], today: string): string {
  const lines = (['PARTNER', 'PROFESSIONAL'] as const).flatMap((program, index) => {
    const rule = rules.find((it) => it.program === program && !it.derived && !it.attributes.some((one) => one.required));
    const subject = program === 'PARTNER' ? ['partner-code', ''] : ['', 'professional-code'];
    return rule ? [['my-system', String(index + 1), rule.kind, today, ...subject, '1', rule.points && rule.points.min !== rule.points.max ? rule.points.min : '', '']] : [];
  });
  return toCsv([['source', 'external_id', 'kind', 'occurred_on', 'partner', 'professional', 'quantity', 'points', 'note'], ...lines]);
}

interface File {
  readonly name: string;
  readonly columns: readonly string[];
  readonly upload: Upload;
}

interface Refusal {
  readonly row: UploadRow;
  readonly reason: string;
}

interface Outcome {
  readonly kind: 'trial' | 'record';
  readonly done: number;
  readonly of: number;
  readonly recorded: number;
  readonly waiting: number;
  readonly duplicates: number;
  readonly refusals: readonly Refusal[];
  readonly effects: EffectsPartsFragment;
  /// The activities that were recorded, for the way back.
  readonly ids: readonly string[];
  readonly failure?: Error;
}

const NOTHING: EffectsPartsFragment = { ledgerEntries: [], pointsEntries: [], levelChanges: [] };

function begin(kind: Outcome['kind'], rows: readonly UploadRow[]): Outcome {
  const refusals = rows.flatMap((row) => ('problem' in row ? [{ row, reason: row.problem }] : []));
  return { kind, done: 0, of: rows.length - refusals.length, recorded: 0, waiting: 0, duplicates: 0, refusals, effects: NOTHING, ids: [] };
}

/// The outcome with those of one request.
async function next(before: Outcome, rows: readonly Extract<UploadRow, { input: unknown }>[], signal: AbortSignal): Promise<Outcome> {
  const input = { activities: rows.map((it) => it.input), preview: before.kind === 'trial' };
  const { recordActivities } = await post(UploadActivities, { input }, signal);
  const { results, effects, userErrors } = recordActivities;
  if (userErrors.length > 0) {
    throw new Error(userErrors.map((it) => it.message).join(' '));
  }
  const refused = results.flatMap((it, index) => {
    const row = rows[index];
    return row && it.userErrors.length > 0 ? [{ row, reason: it.userErrors.map((one) => one.message).join(' ') }] : [];
  });
  const kept = results.filter((it) => it.userErrors.length === 0 && !it.duplicate);
  return {
    ...before,
    done: before.done + rows.length,
    recorded: before.recorded + kept.length,
    waiting: before.waiting + kept.filter((it) => it.activity?.status === 'PENDING_REVIEW').length,
    duplicates: before.duplicates + results.filter((it) => it.duplicate && it.userErrors.length === 0).length,
    refusals: [...before.refusals, ...refused].sort((a, b) => a.row.line - b.row.line),
    effects: {
      ledgerEntries: [...before.effects.ledgerEntries, ...effects.ledgerEntries],
      pointsEntries: [...before.effects.pointsEntries, ...effects.pointsEntries],
      levelChanges: [...before.effects.levelChanges, ...effects.levelChanges],
    },
    ids: before.kind === 'trial' ? [] : [...before.ids, ...kept.flatMap((it) => (it.activity ? [it.activity.id] : []))],
  };
}

export default function UploadPage() {
  const { t } = useTexts();
  const { may, today } = useCaller();
  const { rules } = useRules();
  const { refresh } = useLive();
  const [file, setFile] = useState<File | null>(null);
  const [wrong, setWrong] = useState('');
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const rows = file && 'rows' in file.upload ? file.upload.rows : [];

  const run = async (kind: Outcome['kind'], of: readonly UploadRow[]) => {
    running.current?.abort();
    const control = new AbortController();
    running.current = control;
    let current = begin(kind, of);
    setOutcome(current);
    const inputs = of.filter((it) => 'input' in it);
    try {
      for (let at = 0; at < inputs.length; at += CHUNK) {
        // One request after the other: rows of a file depend on those above.
        // oxlint-disable-next-line no-await-in-loop
        current = await next(current, inputs.slice(at, at + CHUNK), control.signal);
        setOutcome(current);
      }
    } catch (error) {
      if (!control.signal.aborted) {
        setOutcome({ ...current, failure: error as Error });
      }
    }
    if (kind === 'record') {
      refresh();
    }
  };
  const choose = async (chosen: globalThis.File | undefined) => {
    running.current?.abort();
    setOutcome(null);
    setFile(null);
    setWrong('');
    if (!chosen) {
      return;
    }
    if (chosen.size > FILE_BYTES_MAX) {
      setWrong(t('upload.tooLarge'));
      return;
    }
    const text = await chosen.text();
    if (text.includes('\u{fffd}') || text.includes('\0')) {
      setWrong(t('upload.notText'));
      return;
    }
    const sheet = readSheet(text);
    const upload = readActivities(sheet, rules);
    setFile({ name: chosen.name, columns: sheet.columns, upload });
    if ('rows' in upload) {
      await run('trial', upload.rows);
    }
  };

  const busy = outcome !== null && !outcome.failure && outcome.done < outcome.of;
  return (
    <Page title={t('nav.upload')} lead={t('upload.lead')} queries={[{ operation: UploadActivities, variables: { input: { activities: rows.slice(0, 2).flatMap((it) => ('input' in it ? [it.input] : [])), preview: true } } }]}>
      {may('recordActivities') ? (
        <div className="stack">
          <Card>
            <div className="filters">
              <div className="field">
                <label htmlFor="upload-file">{t('upload.file')}</label>
                <input
                  id="upload-file"
                  type="file"
                  accept=".csv,.txt,text/csv"
                  disabled={rules.length === 0}
                  onChange={(event) => {
                    void choose(event.target.files?.[0]);
                    // The same file, once it is corrected, is a choice again.
                    event.target.value = '';
                  }}
                />
              </div>
              {file && <strong>{file.name}</strong>}
              <Button kind="quiet" onPress={() => download('activities.csv', 'text/csv;charset=utf-8', example(rules, today))}>
                {t('upload.example')}
              </Button>
            </div>
            <p className="muted">{t('upload.columns')}</p>
            {wrong && <p className="error">{wrong}</p>}
            {file && <WholeFile of={file.upload} />}
          </Card>
          {outcome && (
            <OutcomeView
              outcome={outcome}
              busy={busy}
              columns={file?.columns ?? []}
              again={() => void run(outcome.kind, rows)}
              record={() => void run('record', rows)}
              undone={(count) => setOutcome({ ...outcome, ids: outcome.ids.slice(count) })}
            />
          )}
        </div>
      ) : (
        <Empty>{t('state.noRight')}</Empty>
      )}
    </Page>
  );
}

/// Why nothing of the file can be recorded here.
function WholeFile({ of }: { of: Upload }) {
  const { t } = useTexts();
  const text =
    'other' in of
      ? t('upload.other', { rows: t(`ImportRowKind.${of.other}`) })
      : 'missing' in of
        ? t('upload.missing', { columns: of.missing.join(', ') })
        : 'unknown' in of
          ? t('upload.unknown', { columns: of.unknown.join(', ') })
          : 'twice' in of
            ? t('upload.twice', { columns: of.twice.join(', ') })
            : '';
  return text === '' ? null : (
    <p className="error" role="alert">
      {text}
    </p>
  );
}

function OutcomeView({
  outcome,
  busy,
  columns,
  again,
  record,
  undone,
}: {
  outcome: Outcome;
  busy: boolean;
  columns: readonly string[];
  again: () => void;
  record: () => void;
  undone: (count: number) => void;
}) {
  const { t, number } = useTexts();
  const { reason } = useChangeFields();
  const { open, dialog } = useChange();
  const { kind, refusals, ids } = outcome;
  const trial = kind === 'trial';
  const shown = useMemo(() => refusals.map(({ row, reason }) => ({ id: String(row.line), line: row.line, reason, content: row.cells.join(', ') })), [refusals]);
  const save = () =>
    download(
      'refused.csv',
      'text/csv;charset=utf-8',
      // As it was in the file, to be corrected and uploaded again.
      toCsv([[...columns.filter((it) => it !== ERRORS_COLUMN), ERRORS_COLUMN], ...refusals.map(({ row, reason }) => [...columns.flatMap((it, index) => (it === ERRORS_COLUMN ? [] : [row.cells[index] ?? ''])), reason])], { asIs: true }),
    );
  const part = ids.slice(0, VOID_MAX);
  return (
    <>
      <div role="status">
        <h2>{t(busy ? (trial ? 'upload.trying' : 'upload.recording') : trial ? 'upload.tried' : 'upload.recorded')}</h2>
        {busy && <progress aria-label={t('upload.progress')} value={outcome.done} max={outcome.of} />}
      </div>
      {outcome.failure && <Failed error={outcome.failure} again={again} />}
      <div className="figures">
        <Figure label={t(trial ? 'upload.wouldRecord' : 'imports.recorded')} value={number(outcome.recorded)} {...(outcome.waiting > 0 ? { hint: t('upload.waiting', { n: outcome.waiting }) } : {})} />
        <Figure label={t('imports.duplicate')} value={number(outcome.duplicates)} hint={t('upload.duplicateHint')} />
        <Figure label={t('imports.refused')} value={number(refusals.length)} />
      </div>
      <EffectsList effects={outcome.effects} />
      {trial && outcome.of > CHUNK && <p className="muted">{t('upload.chunks', { n: CHUNK })}</p>}
      {!busy && !outcome.failure && (
        <div className="actions">
          {trial && (
            <Button kind="primary" disabled={outcome.recorded === 0} onPress={record}>
              {t('upload.record', { n: outcome.recorded })}
            </Button>
          )}
          {ids.length > 0 && (
            <Actions
              open={open}
              of={[
                {
                  mutation: 'voidActivities',
                  label: t('upload.undo', { n: part.length }),
                  change: () => ({
                    title: t('upload.undo', { n: part.length }),
                    about: t('upload.undoAbout'),
                    fields: [reason],
                    operation: VoidActivities,
                    input: (values) => ({ ids: part, reason: values['reason'] }),
                    confirm: t('imports.undo'),
                    danger: true,
                    onDone: () => undone(part.length),
                  }),
                },
              ]}
            />
          )}
          {refusals.length > 0 && <Button onPress={save}>{t('upload.refusedFile')}</Button>}
        </div>
      )}
      {refusals.length > 0 && (
        <Table
          label={t('imports.refused')}
          rows={fixed(shown)}
          columns={[
            { key: 'line', title: t('imports.line'), number: true, cell: (it) => number(it.line) },
            { key: 'reason', title: t('field.reason'), cell: (it) => <span lang="en">{it.reason}</span> },
            { key: 'content', title: t('imports.content'), cell: (it) => <code>{it.content}</code> },
          ]}
        />
      )}
      {dialog}
    </>
  );
}
