// What a file would do, or did: sums, effects, refused rows, and the way on and back.

import { useMemo } from 'react';

import { VoidActivities } from '#generated/imports';
import { useTexts } from '#src/i18n/i18n';
import { Actions, useChange, useChangeFields } from '#src/ui/actions';
import { Button, Failed, Figure } from '#src/ui/basics';
import { EffectsList } from '#src/ui/change';
import { download, toCsv } from '#src/ui/download';
import { fixed, Table } from '#src/ui/table';
import { ERRORS_COLUMN } from '#src/upload/rows';
import type { Outcome, Refusal, Upload } from '#src/upload/run';

/// Activities that one request can void.
const VOID_MAX = 1_000;

/// The refused rows as they were in the file, with the reasons, to be corrected and uploaded again.
function refusedRows(columns: readonly string[], refusals: readonly Refusal[]): string {
  const head = [...columns.filter((it) => it !== ERRORS_COLUMN), ERRORS_COLUMN];
  const cells = ({ row }: Refusal) => columns.flatMap((it, index) => (it === ERRORS_COLUMN ? [] : [row.cells[index] ?? '']));
  return toCsv([head, ...refusals.map((it) => [...cells(it), it.reason])], { asIs: true });
}

export function UploadOutcome({
  upload,
  outcome,
  columns,
  run,
  undone,
}: {
  upload: Upload;
  outcome: Outcome;
  columns: readonly string[];
  run: (kind: Outcome['kind']) => void;
  undone: (count: number) => void;
}) {
  const { t, number } = useTexts();
  const { reason } = useChangeFields();
  const { open, dialog } = useChange();
  const { kind, refusals, ids } = outcome;
  const trial = kind === 'trial';
  const busy = !outcome.failure && outcome.done < outcome.of;
  const activities = upload.kind === 'ACTIVITIES';
  const shown = useMemo(() => refusals.map(({ row, reason }) => ({ id: String(row.line), line: row.line, reason, content: row.cells.join(', ') })), [refusals]);
  const part = ids.slice(0, VOID_MAX);
  const changes = outcome.recorded + outcome.updated;
  return (
    <>
      <div role="status">
        <h2>{t(busy ? (trial ? 'upload.trying' : 'upload.recording') : trial ? 'upload.tried' : 'upload.recorded')}</h2>
        {busy && <progress aria-label={t('upload.progress')} value={outcome.done} max={outcome.of} />}
      </div>
      {outcome.failure && <Failed error={outcome.failure} again={() => run(kind)} />}
      <div className="figures">
        <Figure
          label={t(trial ? 'upload.wouldRecord' : 'imports.recorded')}
          value={number(outcome.recorded)}
          {...(outcome.waiting > 0 ? { hint: t('upload.waiting', { n: outcome.waiting }) } : {})}
        />
        {outcome.updated > 0 && <Figure label={t(trial ? 'upload.wouldUpdate' : 'upload.updated')} value={number(outcome.updated)} hint={t('upload.updatedHint')} />}
        <Figure label={t('imports.duplicate')} value={number(outcome.duplicates)} hint={t('upload.duplicateHint')} />
        <Figure label={t('imports.refused')} value={number(refusals.length)} />
      </div>
      <EffectsList effects={outcome.effects} />
      {trial && activities && outcome.of > upload.chunk && <p className="muted">{t('upload.chunks', { n: upload.chunk })}</p>}
      {trial && !activities && <p className="muted">{t('upload.single')}</p>}
      {!busy && !outcome.failure && (
        <div className="actions">
          {trial && (
            <Button kind="primary" disabled={changes === 0} onPress={() => run('record')}>
              {t('upload.record', { n: changes })}
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
          {refusals.length > 0 && (
            <Button onPress={() => download('refused.csv', 'text/csv;charset=utf-8', refusedRows(columns, refusals))}>{t('upload.refusedFile')}</Button>
          )}
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
