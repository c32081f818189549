// The rows that an import refused.

import { ImportRefusals } from '#generated/imports';
import { useData, useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { ListPage, useColumns } from '#src/ui/list';

export default function ImportPage({ params }: { params: Record<string, string> }) {
  const { t } = useTexts();
  const variables = { id: params['id'] ?? '' };
  const run = useData(ImportRefusals, { ...variables, first: 1 });
  const rows = useRows(ImportRefusals, variables, (data) => {
    const refused = data.node && 'refusedRows' in data.node ? data.node.refusedRows : null;
    return refused && { ...refused, nodes: refused.nodes.map((it) => it && { ...it, id: String(it.line) }) };
  });
  const column = useColumns(rows);
  const found = run.data?.node && 'fileName' in run.data.node ? run.data.node : null;
  const name = found?.fileName ?? '';
  const cut = found !== null && found.refused > found.refusedRows.totalCount;
  return (
    <ListPage
      title={name || t('nav.imports')}
      lead={t('imports.refusedLead')}
      rows={rows}
      file="refused"
      above={cut && <p className="muted">{t('imports.cut', { n: found.refusedRows.totalCount, total: found.refused })}</p>}
      columns={[
        column.number('line', t('imports.line'), (it) => it.line),
        column.text('reasons', t('field.reason'), (it) => it.reasons, { cell: (it) => <span lang="en">{it.reasons}</span> }),
        column.text('content', t('imports.content'), (it) => it.content, { cell: (it) => <code>{it.content}</code> }),
      ]}
    />
  );
}
