// The audit log: who changed what, newest first.

import { Audit } from '#generated/administration';
import { useAddress } from '#src/api/address';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { TextField } from '#src/ui/fields';
import { Page } from '#src/ui/page';
import { Table } from '#src/ui/table';

export default function AuditPage() {
  const { t, time } = useTexts();
  const [get, set] = useAddress();
  const filter = {
    ...(get('operation') ? { operation: get('operation') } : {}),
    ...(get('partner') ? { partner: get('partner') } : {}),
    ...(get('professional') ? { professional: get('professional') } : {}),
    ...(get('from') ? { from: `${get('from')}T00:00:00Z` } : {}),
  };
  const rows = useRows(Audit, { filter }, (data) => data.auditLog, { backward: true });
  return (
    <Page title={t('nav.audit')} lead={t('audit.lead')} queries={[{ operation: Audit, variables: { filter, last: 50 } }]}>
      <div className="filters">
        <TextField label={t('audit.operation')} type="search" value={get('operation')} onChange={(value) => set({ operation: value })} placeholder="reviewActivity" />
        <TextField label={t('field.partnerCode')} type="search" value={get('partner')} onChange={(value) => set({ partner: value })} />
        <TextField label={t('field.professionalCode')} type="search" value={get('professional')} onChange={(value) => set({ professional: value })} />
        <TextField label={t('field.from')} type="date" value={get('from')} onChange={(value) => set({ from: value })} />
      </div>
      <Table
        label={t('nav.audit')}
        file="audit"
        rows={rows}
        columns={[
          { key: 'at', title: t('field.date'), cell: (it) => <span className="nowrap">{time(it.at)}</span>, csv: (it) => it.at },
          {
            key: 'actor',
            title: t('audit.actor'),
            cell: (it) => (
              <span>
                {it.actorLabel ?? it.actor}
                <span className="sub">{t(`Role.${it.role}`)}</span>
              </span>
            ),
            csv: (it) => it.actor,
          },
          {
            key: 'operation',
            title: t('audit.operation'),
            cell: (it) => (
              <span>
                {it.operation}
                <span className="sub">{[it.objectType, it.partner?.code ?? it.professional?.code].filter(Boolean).join(' · ')}</span>
              </span>
            ),
            csv: (it) => it.operation,
          },
          { key: 'reason', title: t('field.reason'), cell: (it) => it.reason ?? '–', csv: (it) => it.reason },
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
    </Page>
  );
}
