// Runs of imports, with what they refused, and the way back.

import { Link } from 'wouter';

import { ImportRuns, VoidActivities } from '#generated/imports';
import { useCaller } from '#src/api/caller';
import { useFollowing, useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { useChangeFields } from '#src/ui/actions';
import { ListPage, useColumns } from '#src/ui/list';
import { notify } from '#src/ui/notices';

import { IMPORT_TONES } from './tones';

export default function ImportsPage() {
  const { t } = useTexts();
  const { may } = useCaller();
  const { reason } = useChangeFields();
  const rows = useRows(ImportRuns, {}, (data) => data.importRuns);
  useFollowing(
    rows.rows.some((it) => it.status === 'RUNNING'),
    rows.again,
  );
  const column = useColumns(rows);
  return (
    <ListPage
      title={t('nav.imports')}
      lead={t('imports.lead')}
      rows={rows}
      file="imports"
      empty={t('imports.none')}
      actions={
        may('recordActivities') && (
          <Link className="button primary" href="/imports/new">
            {t('nav.upload')}
          </Link>
        )
      }
      columns={[
        { key: 'file', title: t('imports.file'), cell: (it) => <Link href={`/imports/${it.id}`}>{it.fileName}</Link>, csv: (it) => it.fileName },
        column.text('rows', t('imports.rows'), (it) => t(`ImportRowKind.${it.rows}`)),
        column.time('at', t('field.date'), (it) => it.startedAt),
        column.number('recorded', t('imports.recorded'), (it) => it.recorded),
        column.number('duplicate', t('imports.duplicate'), (it) => it.duplicate),
        column.number('refused', t('imports.refused'), (it) => it.refused),
        column.status('ImportStatus', (it) => it.status, IMPORT_TONES),
      ]}
      rowActions={(it) =>
        it.rows === 'ACTIVITIES' && it.status === 'FINISHED'
          ? [
              {
                mutation: 'voidActivities',
                label: t('imports.undo'),
                name: t('imports.undoTitle', { file: it.fileName }),
                change: () => ({
                  title: t('imports.undoTitle', { file: it.fileName }),
                  about: t('imports.undoAbout'),
                  fields: [reason],
                  operation: VoidActivities,
                  input: (values) => ({ importRun: it.id, reason: values['reason'] }),
                  confirm: t('imports.undo'),
                  danger: true,
                  onDone: ({ remaining }) => Number(remaining) > 0 && notify(t('imports.remaining', { n: Number(remaining) })),
                }),
              },
            ]
          : []
      }
    />
  );
}
