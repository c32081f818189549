// A CSV file of partners, professionals, affiliations or activities: tried first, then recorded. Rows that are refused are shown
// with line and reason.

import { useEffect, useRef, useState } from 'react';

import { AffiliateProfessional, CreatePartner } from '#generated/partners';
import { SignUpProfessional } from '#generated/professionals';
import type { ImportRowKind } from '#generated/types';
import { UploadActivities, UploadAffiliations, UploadPartners, UploadProfessionals } from '#generated/upload';
import { useCaller } from '#src/api/caller';
import { useLive } from '#src/api/live';
import { useTexts } from '#src/i18n/i18n';
import { Card, Empty } from '#src/ui/basics';
import { download, toCsv } from '#src/ui/download';
import { MenuButton } from '#src/ui/menu';
import { Page } from '#src/ui/page';
import type { ShownQuery } from '#src/ui/page';
import { COLUMNS } from '#src/upload/rows';
import { readUpload } from '#src/upload/run';
import type { Outcome, Upload } from '#src/upload/run';
import { readSheet } from '#src/upload/sheet';

import { useRules } from './claim-parts';
import type { Rule } from './claim-parts';
import { UploadOutcome } from './upload-outcome';

const FILE_BYTES_MAX = 20_000_000;

/// The mutation that each kind of rows needs, and its documents: of rows together, and of one row.
const DOCUMENTS = {
  PARTNERS: { mutation: 'createPartner', operations: [CreatePartner, UploadPartners] },
  PROFESSIONALS: { mutation: 'signUpProfessional', operations: [SignUpProfessional, UploadProfessionals] },
  AFFILIATIONS: { mutation: 'affiliateProfessional', operations: [AffiliateProfessional, UploadAffiliations] },
  ACTIVITIES: { mutation: 'recordActivities', operations: [UploadActivities] },
} as const;
const KINDS = Object.keys(DOCUMENTS) as ImportRowKind[];

/// A file that could be uploaded, but for the codes.
function example(kind: ImportRowKind, rules: readonly Rule[], today: string): string {
  const rows: Record<ImportRowKind, () => string[][]> = {
    PARTNERS: () => [['partner-code', 'Partner Ltd', today]],
    PROFESSIONALS: () => [['professional-code', 'A Professional', 'professional@example.com', today]],
    AFFILIATIONS: () => [['professional-code', 'partner-code', today, '']],
    // A row for a partner, and one for a professional.
    ACTIVITIES: () =>
      (['PARTNER', 'PROFESSIONAL'] as const).flatMap((program, index) => {
        const rule = rules.find((it) => it.program === program && !it.derived && !it.attributes.some((one) => one.required));
        const subject = program === 'PARTNER' ? ['partner-code', ''] : ['', 'professional-code'];
        const points = rule?.points && rule.points.min !== rule.points.max ? String(rule.points.min) : '';
        return rule ? [['my-system', String(index + 1), rule.kind, today, ...subject, '1', points, '']] : [];
      }),
  };
  return toCsv([COLUMNS[kind].flat(), ...rows[kind]()]);
}

interface File {
  readonly name: string;
  readonly columns: readonly string[];
  readonly read: ReturnType<typeof readUpload>;
}

function uploadOf(file: File | null): Upload | null {
  return file && 'rows' in file.read ? file.read : null;
}

/// The documents of the kind of the file, with its first row; those of all kinds while there is no file.
function queriesOf(upload: Upload | null): ShownQuery[] {
  const first = upload?.rows.find((it) => 'input' in it);
  const input = first && 'input' in first ? { ...(first.input as object) } : {};
  return KINDS.filter((it) => !upload || it === upload.kind).flatMap((kind) =>
    DOCUMENTS[kind].operations.map((operation, index) => {
      const one = { ...input, preview: true };
      const variables = kind === 'ACTIVITIES' ? { input: { activities: first ? [input] : [], preview: true } } : index === 0 ? { input: one } : Object.fromEntries([...'abcdefghij'].map((it) => [it, one]));
      return { operation, variables };
    }),
  );
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
  const upload = uploadOf(file);
  const kinds = KINDS.filter((it) => may(DOCUMENTS[it].mutation));

  const run = async (of: Upload, kind: Outcome['kind']) => {
    running.current?.abort();
    const control = new AbortController();
    running.current = control;
    await of.run(kind, control.signal, setOutcome);
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
    const next = { name: chosen.name, columns: sheet.columns, read: readUpload(sheet, rules) };
    setFile(next);
    const nextUpload = uploadOf(next);
    if (nextUpload && may(DOCUMENTS[nextUpload.kind].mutation)) {
      await run(nextUpload, 'trial');
    } else if (nextUpload) {
      setWrong(t('state.noRight'));
    }
  };

  return (
    <Page title={t('nav.upload')} lead={t('upload.lead')} queries={queriesOf(upload)}>
      {kinds.length > 0 ? (
        <div className="stack">
          <Card>
            <div className="filters">
              <div className="field">
                <label htmlFor="upload-file">{t('upload.file')}</label>
                <input
                  id="upload-file"
                  className={file ? 'chosen' : undefined}
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
              {file && <strong>{[file.name, upload && t(`ImportRowKind.${upload.kind}`)].filter(Boolean).join(' · ')}</strong>}
              <MenuButton
                label={t('upload.example')}
                className="button quiet"
                entries={kinds.map((kind) => ({
                  text: t(`ImportRowKind.${kind}`),
                  onAction: () => download(`${kind.toLowerCase()}.csv`, 'text/csv;charset=utf-8', example(kind, rules, today)),
                }))}
              />
            </div>
            <Columns kinds={kinds} />
            {wrong && (
              <p className="error" role="alert">
                {wrong}
              </p>
            )}
            {file && <WholeFile of={file.read} />}
          </Card>
          {upload && outcome && (
            <UploadOutcome
              upload={upload}
              outcome={outcome}
              columns={file?.columns ?? []}
              run={(kind) => void run(upload, kind)}
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

/// The columns that the header of each kind of file has.
function Columns({ kinds }: { kinds: readonly ImportRowKind[] }) {
  const { t } = useTexts();
  return (
    <>
      <p className="muted">{t('upload.kinds')}</p>
      <ul className="columns-of-files">
        {kinds.map((kind) => {
          const [required, optional]: readonly [readonly string[], readonly string[]] = COLUMNS[kind];
          const either = kind === 'ACTIVITIES' ? ['partner', 'professional'] : [];
          const free = optional.filter((it) => !either.includes(it));
          return (
            <li key={kind}>
              <strong>{t(`ImportRowKind.${kind}`)}</strong>{' '}
              <code>{[...required, ...(either.length > 0 ? [either.join(' | ')] : []), ...free.map((it) => `[${it}]`)].join(', ')}</code>
              {kind === 'ACTIVITIES' && <span className="muted"> {t('upload.attributes')}</span>}
            </li>
          );
        })}
      </ul>
    </>
  );
}

/// Why nothing of the file can be recorded here.
function WholeFile({ of }: { of: File['read'] }) {
  const { t } = useTexts();
  const text =
    'strange' in of
      ? t('upload.strange', { columns: of.strange.join(', ') })
      : 'missing' in of
        ? t('upload.missing', { rows: t(`ImportRowKind.${of.kind}`), columns: of.missing.join(', ') })
        : 'unknown' in of
          ? t(of.kind === 'ACTIVITIES' ? 'upload.unknown' : 'upload.unknownColumns', { rows: t(`ImportRowKind.${of.kind}`), columns: of.unknown.join(', ') })
          : 'twice' in of
            ? t('upload.twice', { columns: of.twice.join(', ') })
            : '';
  return text === '' ? null : (
    <p className="error" role="alert">
      {text}
    </p>
  );
}
