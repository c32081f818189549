// API keys: create, revoke. A new key is shown once.

import { useState } from 'react';

import { CreateKey, Keys, RevokeKey } from '#generated/administration';
import { Role } from '#generated/schema';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Badge, Button } from '#src/ui/basics';
import { ChangeDialog } from '#src/ui/change';
import type { Change } from '#src/ui/change';
import { Page } from '#src/ui/page';
import { Secret } from '#src/ui/secret';
import { Table } from '#src/ui/table';

export default function KeysPage() {
  const { t, time } = useTexts();
  const { may } = useCaller();
  const [change, setChange] = useState<Change | null>(null);
  const [secret, setSecret] = useState('');
  const rows = useRows(Keys, {}, (data) => data.apiKeys);
  return (
    <Page
      title={t('nav.keys')}
      lead={t('keys.lead')}
      queries={[{ operation: Keys, variables: { first: 50 } }]}
      actions={
        may('createApiKey') && (
          <Button
            kind="primary"
            onPress={() =>
              setChange({
                title: t('keys.create'),
                fields: [
                  { name: 'label', label: t('field.label'), required: true },
                  { name: 'role', label: t('field.role'), type: 'select', required: true, options: Role.map((it) => [it, t(`Role.${it}`)] as const), initial: 'PROGRAM_STAFF' },
                  { name: 'subject', label: t('keys.subject'), required: true, hint: t('keys.subjectHint'), when: (values) => !['ADMINISTRATOR', 'PROGRAM_STAFF'].includes(values['role'] ?? '') },
                  { name: 'expires', label: t('keys.expires'), type: 'date' },
                  { name: 'readOnly', label: t('keys.readOnly'), type: 'select', options: [['', t('no')], ['yes', t('yes')]] },
                ],
                operation: CreateKey,
                input: (values) => ({
                  label: values['label'],
                  role: values['role'],
                  ...(['ADMINISTRATOR', 'PROGRAM_STAFF'].includes(values['role'] ?? '') ? {} : { subject: values['subject'] }),
                  ...(values['expires'] ? { expiresAt: `${values['expires']}T00:00:00Z` } : {}),
                  readOnly: values['readOnly'] === 'yes',
                }),
                preview: false,
                confirm: t('keys.create'),
                onDone: (payload) => setSecret(String(payload['secret'] ?? '')),
              })
            }
          >
            {t('keys.create')}
          </Button>
        )
      }
    >
      {secret && <Secret value={secret} onClose={() => setSecret('')} />}
      <Table
        label={t('nav.keys')}
        file="keys"
        rows={rows}
        columns={[
          {
            key: 'label',
            title: t('field.label'),
            cell: (it) => (
              <span>
                {it.label}
                <span className="sub">{it.prefix}…</span>
              </span>
            ),
            csv: (it) => it.label,
          },
          {
            key: 'role',
            title: t('field.role'),
            cell: (it) => (
              <span>
                {t(`Role.${it.role}`)}
                <span className="sub">{it.partner?.code ?? it.professional?.code ?? it.integration}</span>
              </span>
            ),
            csv: (it) => it.role,
          },
          { key: 'created', title: t('keys.createdAt'), cell: (it) => time(it.createdAt), csv: (it) => it.createdAt },
          { key: 'used', title: t('keys.lastUsed'), cell: (it) => time(it.lastUsedAt), csv: (it) => it.lastUsedAt },
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
          {
            key: 'actions',
            title: t('field.actions'),
            cell: (it) =>
              !it.revokedAt &&
              may('revokeApiKey') && (
                <span className="row-actions">
                  <Button
                    label={`${t('keys.revoke')}: ${it.label}`}
                    onPress={() =>
                      setChange({
                        title: t('keys.revokeTitle', { label: it.label }),
                        about: t('keys.revokeAbout'),
                        fields: [],
                        operation: RevokeKey,
                        input: () => ({ id: it.id }),
                        preview: false,
                        confirm: t('keys.revoke'),
                        danger: true,
                      })
                    }
                  >
                    {t('keys.revoke')}
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
