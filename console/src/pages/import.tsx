// The rows that an import refused.

import { ImportRefusals } from '#generated/imports';
import { useData, useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Page } from '#src/ui/page';
import { Table } from '#src/ui/table';

export default function ImportPage({ params }: { params: Record<string, string> }) {
  const { t, number } = useTexts();
  const variables = { id: params['id'] ?? '' };
  const run = useData(ImportRefusals, { ...variables, first: 1 });
  const rows = useRows(ImportRefusals, variables, (data) => {
    const refused = data.node && 'refusedRows' in data.node ? data.node.refusedRows : null;
    return refused && { ...refused, nodes: refused.nodes.map((it) => it && { ...it, id: String(it.line) }) };
  });
  const name = run.data?.node && 'fileName' in run.data.node ? run.data.node.fileName : '';
  return (
    <Page title={name || t('nav.imports')} lead={t('imports.refusedLead')} queries={[{ operation: ImportRefusals, variables: { ...variables, first: 50 } }]}>
      <Table
        label={t('imports.refused')}
        file="refused"
        rows={rows}
        columns={[
          { key: 'line', title: t('imports.line'), number: true, cell: (it) => number(it.line), csv: (it) => it.line },
          { key: 'reasons', title: t('field.reason'), cell: (it) => <span lang="en">{it.reasons}</span>, csv: (it) => it.reasons },
          { key: 'content', title: t('imports.content'), cell: (it) => <code>{it.content}</code>, csv: (it) => it.content },
        ]}
      />
    </Page>
  );
}
