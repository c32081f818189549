// Runs of imports, with what they refused, and the way back.

import { useState } from 'react';
import { Link } from 'wouter';

import { ImportRuns, VoidActivities } from '#generated/imports';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Badge, Button } from '#src/ui/basics';
import { ChangeDialog } from '#src/ui/change';
import type { Change } from '#src/ui/change';
import { Page } from '#src/ui/page';
import { Table } from '#src/ui/table';

import { IMPORT_TONES } from './tones';

export default function ImportsPage() {
  const { t, number, time } = useTexts();
  const { may } = useCaller();
  const [change, setChange] = useState<Change | null>(null);
  const rows = useRows(ImportRuns, {}, (data) => data.importRuns);
  return (
    <Page title={t('nav.imports')} lead={t('imports.lead')} queries={[{ operation: ImportRuns, variables: { first: 50 } }]}>
      <Table
        label={t('nav.imports')}
        file="imports"
        rows={rows}
        empty={t('imports.none')}
        columns={[
          { key: 'file', title: t('imports.file'), cell: (it) => <Link href={`/imports/${it.id}`}>{it.fileName}</Link>, csv: (it) => it.fileName },
          { key: 'rows', title: t('imports.rows'), cell: (it) => t(`ImportRowKind.${it.rows}`), csv: (it) => it.rows },
          { key: 'at', title: t('field.date'), cell: (it) => time(it.startedAt), csv: (it) => it.startedAt },
          { key: 'recorded', title: t('imports.recorded'), number: true, cell: (it) => number(it.recorded), csv: (it) => it.recorded },
          { key: 'duplicate', title: t('imports.duplicate'), number: true, cell: (it) => number(it.duplicate), csv: (it) => it.duplicate },
          { key: 'refused', title: t('imports.refused'), number: true, cell: (it) => number(it.refused), csv: (it) => it.refused },
          { key: 'status', title: t('field.status'), cell: (it) => <Badge tone={IMPORT_TONES[it.status]}>{t(`ImportStatus.${it.status}`)}</Badge>, csv: (it) => it.status },
          {
            key: 'actions',
            title: t('field.actions'),
            cell: (it) =>
              it.rows === 'ACTIVITIES' &&
              it.status === 'FINISHED' &&
              may('voidActivities') && (
                <span className="row-actions">
                  <Button
                    onPress={() =>
                      setChange({
                        title: t('imports.undoTitle', { file: it.fileName }),
                        about: t('imports.undoAbout'),
                        fields: [{ name: 'reason', label: t('field.reason'), type: 'textarea', required: true }],
                        operation: VoidActivities,
                        input: (values) => ({ importRun: it.id, reason: values['reason'] }),
                        confirm: t('imports.undo'),
                        danger: true,
                      })
                    }
                  >
                    {t('imports.undo')}
                  </Button>
                </span>
              ),
          },
        ]}
      />
      {change && <ChangeDialog change={change} onClose={() => setChange(null)} />}
    </Page>
  );
}
