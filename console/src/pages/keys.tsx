// API keys: create, revoke. A new key is shown once.

import { useState } from 'react';

import { CreateKey, Keys, RevokeKey } from '#generated/administration';
import { Role } from '#generated/schema';
import { useRows } from '#src/api/data';
import { findPartners, findProfessionals } from '#src/api/lookups';
import { useTexts } from '#src/i18n/i18n';
import { Badge } from '#src/ui/basics';
import { useOptions } from '#src/ui/filters';
import { ListPage, Two, useColumns } from '#src/ui/list';
import { Secret } from '#src/ui/secret';

const PEOPLE = ['ADMINISTRATOR', 'PROGRAM_STAFF'];

export default function KeysPage() {
  const { t } = useTexts();
  const options = useOptions();
  const [secret, setSecret] = useState('');
  const rows = useRows(Keys, {}, (data) => data.apiKeys);
  const column = useColumns(rows);
  return (
    <ListPage
      title={t('nav.keys')}
      lead={t('keys.lead')}
      rows={rows}
      file="keys"
      above={secret && <Secret value={secret} onClose={() => setSecret('')} />}
      pageActions={[
        {
          mutation: 'createApiKey',
          label: t('keys.create'),
          kind: 'primary',
          change: () => ({
            title: t('keys.create'),
            fields: [
              { name: 'label', label: t('field.label'), required: true },
              { name: 'role', label: t('field.role'), type: 'select', required: true, options: options(Role, 'Role'), initial: 'PROGRAM_STAFF' },
              { name: 'subject', label: t('field.partnerCode'), required: true, lookup: findPartners, when: (values) => values['role'] === 'PARTNER' },
              { name: 'subject', label: t('field.professionalCode'), required: true, lookup: findProfessionals, when: (values) => values['role'] === 'PROFESSIONAL' },
              { name: 'subject', label: t('keys.integration'), required: true, hint: t('keys.integrationHint'), when: (values) => values['role'] === 'INTEGRATOR' },
              { name: 'expires', label: t('keys.expires'), type: 'date' },
              {
                name: 'readOnly',
                label: t('keys.readOnly'),
                type: 'select',
                options: [
                  ['', t('no')],
                  ['yes', t('yes')],
                ],
              },
            ],
            operation: CreateKey,
            input: (values) => ({
              label: values['label'],
              role: values['role'],
              ...(PEOPLE.includes(values['role'] ?? '') ? {} : { subject: values['subject'] }),
              ...(values['expires'] ? { expiresAt: `${values['expires']}T00:00:00Z` } : {}),
              readOnly: values['readOnly'] === 'yes',
            }),
            preview: false,
            confirm: t('keys.create'),
            onDone: (payload) => setSecret(String(payload['secret'] ?? '')),
          }),
        },
      ]}
      columns={[
        { key: 'label', title: t('field.label'), cell: (it) => <Two sub={`${it.prefix}…`}>{it.label}</Two>, csv: (it) => it.label },
        { key: 'role', title: t('field.role'), cell: (it) => <Two sub={it.partner?.code ?? it.professional?.code ?? it.integration}>{t(`Role.${it.role}`)}</Two>, csv: (it) => it.role },
        column.time('created', t('keys.createdAt'), (it) => it.createdAt),
        column.time('used', t('keys.lastUsed'), (it) => it.lastUsedAt),
        {
          key: 'status',
          title: t('field.status'),
          cell: (it) =>
            it.revokedAt ? (
              <Badge tone="bad">{t('keys.revoked')}</Badge>
            ) : it.expiresAt && it.expiresAt < new Date().toISOString() ? (
              <Badge>{t('keys.expired')}</Badge>
            ) : (
              <Badge tone="good">{it.readOnly ? t('keys.readOnly') : t('keys.active')}</Badge>
            ),
          csv: (it) => (it.revokedAt ? 'revoked' : 'active'),
        },
      ]}
      rowActions={(it) =>
        it.revokedAt
          ? []
          : [
              {
                mutation: 'revokeApiKey',
                label: t('keys.revoke'),
                name: `${t('keys.revoke')}: ${it.label}`,
                change: () => ({
                  title: t('keys.revokeTitle', { label: it.label }),
                  about: t('keys.revokeAbout'),
                  fields: [],
                  operation: RevokeKey,
                  input: () => ({ id: it.id }),
                  preview: false,
                  confirm: t('keys.revoke'),
                  danger: true,
                }),
              },
            ]
      }
    />
  );
}
