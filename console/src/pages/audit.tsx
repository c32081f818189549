// The audit log: who changed what, newest first.

import { Audit } from '#generated/administration';
import { useAddress } from '#src/api/address';
import { useRows } from '#src/api/data';
import { findPartners, findProfessionals } from '#src/api/lookups';
import { useTexts } from '#src/i18n/i18n';
import { given } from '#src/ui/filters';
import { ListPage, Two, useColumns } from '#src/ui/list';

export default function AuditPage() {
  const { t } = useTexts();
  const [get] = useAddress();
  const filter = given({
    operation: get('operation'),
    partner: get('partner'),
    professional: get('professional'),
    from: get('from') && `${get('from')}T00:00:00Z`,
  });
  const rows = useRows(Audit, { filter }, (data) => data.auditLog, { backward: true });
  const column = useColumns(rows);
  return (
    <ListPage
      title={t('nav.audit')}
      lead={t('audit.lead')}
      rows={rows}
      file="audit"
      filters={[
        { name: 'operation', label: t('audit.operation'), placeholder: 'reviewActivity' },
        { name: 'partner', label: t('field.partnerCode'), lookup: findPartners },
        { name: 'professional', label: t('field.professionalCode'), lookup: findProfessionals },
        { name: 'from', label: t('field.from'), type: 'date' },
      ]}
      columns={[
        column.time('at', t('field.date'), (it) => it.at),
        { key: 'actor', title: t('audit.actor'), cell: (it) => <Two sub={t(`Role.${it.role}`)}>{it.actorLabel ?? it.actor}</Two>, csv: (it) => it.actor },
        {
          key: 'operation',
          title: t('audit.operation'),
          cell: (it) => <Two sub={[it.objectType, it.partner?.code ?? it.professional?.code].filter(Boolean).join(' · ')}>{it.operation}</Two>,
          csv: (it) => it.operation,
        },
        column.text('reason', t('field.reason'), (it) => it.reason),
        {
          key: 'change',
          title: t('audit.change'),
          cell: (it) => (
            <details>
              <summary>{t('audit.show')}</summary>
              <pre>{JSON.stringify({ before: it.before, after: it.after }, null, 1)}</pre>
            </details>
          ),
        },
      ]}
    />
  );
}
