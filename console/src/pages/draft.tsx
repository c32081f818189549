// A draft of an edition: the text with its problems at their lines, what it changes in sentences, a trial on the whole log, and
// the way to a published edition.

import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useClient } from 'urql';
import { useLocation } from 'wouter';

import { ApproveDraft, CancelTrial, CheckEdition, Draft, PublishEdition, SaveDraft, Trial, TryEdition, WithdrawDraft } from '#generated/policy';
import type { CheckEditionQuery, DraftQuery, TrialPartsFragment } from '#generated/types';
import { useCaller } from '#src/api/caller';
import { post } from '#src/api/client';
import { useData } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Actions, useChange, useChangeFields } from '#src/ui/actions';
import type { Action } from '#src/ui/actions';
import { Badge, Button, Card, Empty, Loading, Shown } from '#src/ui/basics';
import { TextField } from '#src/ui/fields';
import { notify } from '#src/ui/notices';
import { Page } from '#src/ui/page';
import { Tabs } from '#src/ui/tabs';

import { RecalculationsView } from './recalculations';
import { TrialResult } from './trial';

// With the library that reads TOML, for those who look at it.
const DraftTable = lazy(() => import('./draft-table'));

const CHECK_DELAY_MS = 500;
const POLL_MS = 700;
type Found = Extract<NonNullable<DraftQuery['node']>, { document: string }>;

export default function DraftPage({ params }: { params: Record<string, string> }) {
  const id = params['id'] ?? '';
  const { t } = useTexts();
  const result = useData(Draft, { id });
  const node = result.data?.node;
  const draft = node && 'document' in node ? node : null;
  return (
    <Shown of={result} pick={() => draft}>
      {() => (draft ? <Editor key={draft.id} draft={draft} /> : <Empty>{t('state.absent')}</Empty>)}
    </Shown>
  );
}

function Editor({ draft }: { draft: Found }) {
  const { t, date, time } = useTexts();
  const [, navigate] = useLocation();
  const [text, setText] = useState(draft.document);
  const [check, setCheck] = useState<CheckEditionQuery['checkEdition'] | null>(null);
  const [failure, setFailure] = useState('');
  const { open, dialog } = useChange();
  const { optionalReason } = useChangeFields();
  const area = useRef<HTMLTextAreaElement>(null);
  const editable = draft.status === 'OPEN' || draft.status === 'APPROVED';
  const dirty = text !== draft.document;

  useEffect(() => {
    const control = new AbortController();
    const timer = setTimeout(() => {
      post(CheckEdition, { document: text, effectiveFrom: draft.effectiveFrom }, control.signal).then(
        (data) => {
          setCheck(data.checkEdition);
          setFailure('');
        },
        (error: unknown) => !control.signal.aborted && setFailure((error as Error).message),
      );
    }, CHECK_DELAY_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [text, draft.effectiveFrom]);

  const goTo = (line: number) => {
    const element = area.current;
    if (element) {
      const lines = text.split('\n');
      const start = lines.slice(0, line - 1).reduce((sum, it) => sum + it.length + 1, 0);
      element.focus();
      element.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
      element.scrollTop = ((line - 6) / lines.length) * element.scrollHeight;
    }
  };
  const failing = check?.examples.filter((it) => !it.passed) ?? [];
  const clean = check !== null && check.problems.length === 0 && failing.length === 0;

  const actions: Action[] = [
    {
      mutation: 'saveEditionDraft',
      label: t('policy.save'),
      kind: 'primary',
      disabled: !dirty,
      change: () => ({
        title: t('policy.save'),
        about: t('policy.saveAbout'),
        fields: [],
        operation: SaveDraft,
        input: () => ({ draft: draft.id, revision: draft.revision, name: draft.name, effectiveFrom: draft.effectiveFrom, document: text }),
        preview: false,
        confirm: t('policy.save'),
        done: t('policy.savedNotice'),
      }),
    },
    ...(draft.status === 'OPEN'
      ? [
          {
            mutation: 'approveEditionDraft',
            label: t('policy.approve'),
            disabled: dirty || !clean,
            change: () => ({
              title: t('policy.approve'),
              about: t('policy.approveAbout'),
              fields: [],
              operation: ApproveDraft,
              input: () => ({ draft: draft.id, revision: draft.revision }),
              preview: false,
              confirm: t('policy.approve'),
            }),
          },
        ]
      : []),
    {
      mutation: 'publishEdition',
      label: t('policy.publish'),
      disabled: dirty || !clean,
      change: () => ({
        title: t('policy.publish'),
        about: t('policy.publishAbout', { on: date(draft.effectiveFrom) }),
        fields: [],
        operation: PublishEdition,
        input: () => ({ draft: draft.id }),
        preview: false,
        confirm: t('policy.publish'),
        danger: true,
        onDone: () => navigate('/policy?tab=drafts'),
      }),
    },
    {
      mutation: 'withdrawEditionDraft',
      label: t('policy.withdraw'),
      change: () => ({
        title: t('policy.withdraw'),
        fields: [optionalReason],
        operation: WithdrawDraft,
        input: (values) => ({ draft: draft.id, ...(values['reason'] ? { reason: values['reason'] } : {}) }),
        preview: false,
        confirm: t('policy.withdraw'),
        danger: true,
        onDone: () => navigate('/policy?tab=drafts'),
      }),
    },
  ];

  return (
    <Page
      title={draft.name}
      lead={t('policy.draftLead', { status: t(`EditionDraftStatus.${draft.status}`), on: date(draft.effectiveFrom), by: draft.savedBy, at: time(draft.savedAt) })}
      queries={[
        { operation: Draft, variables: { id: draft.id } },
        { operation: CheckEdition, variables: { document: text, effectiveFrom: draft.effectiveFrom } },
        { operation: TryEdition, variables: { input: { draft: draft.id } } },
      ]}
      actions={editable && <Actions of={actions} open={open} />}
    >
      <Tabs
        label={draft.name}
        tabs={[
          {
            id: 'text',
            title: t('policy.text'),
            content: () => (
              <div className="stack">
                <Card title={t('policy.problems')} action={check && <Badge tone={clean ? 'good' : 'bad'}>{clean ? t('policy.clean') : t('policy.found', { n: check.problems.length + failing.length })}</Badge>}>
                  <div aria-live="polite">
                    {failure && <p className="error">{failure}</p>}
                    {check?.problems.map((it) => (
                      <p className="problem" key={`${it.line} ${it.column} ${it.message}`}>
                        <Button kind="quiet" onPress={() => goTo(it.line)}>
                          {t('policy.line', { n: it.line })}
                        </Button>
                        <span lang="en">{it.message}</span>
                      </p>
                    ))}
                    {failing.map((it) => (
                      <p className="problem" key={it.name}>
                        <Button kind="quiet" onPress={() => goTo(it.line)}>
                          {t('policy.line', { n: it.line })}
                        </Button>
                        <span lang="en">{`${it.name}: ${it.message ?? `${it.expected ?? ''} ≠ ${it.actual ?? ''}`}`}</span>
                      </p>
                    ))}
                    {clean && <p className="muted">{t('policy.examples', { n: check.examples.length })}</p>}
                  </div>
                </Card>
                <textarea
                  ref={area}
                  className="code"
                  aria-label={t('policy.text')}
                  rows={28}
                  spellCheck={false}
                  wrap="off"
                  value={text}
                  readOnly={!editable}
                  onChange={(event) => setText(event.target.value)}
                />
              </div>
            ),
          },
          {
            id: 'table',
            title: t('policy.asTable'),
            content: () => (
              <Suspense fallback={<Loading />}>
                <DraftTable text={text} />
              </Suspense>
            ),
          },
          {
            id: 'changes',
            title: t('policy.changes'),
            content: () => (
              <Card title={t('policy.changesLead')}>
                {check?.changes.length === 0 && <Empty>{t('policy.same')}</Empty>}
                <ul className="list" lang="en">
                  {check?.changes.map((it) => (
                    <li key={it.path}>
                      <span>
                        {it.sentence}
                        <span className="sub">{it.path}</span>
                      </span>
                    </li>
                  ))}
                </ul>
              </Card>
            ),
          },
          { id: 'trial', title: t('policy.trial'), content: () => <TrialView draft={draft} dirty={dirty} /> },
          {
            id: 'recalculation',
            title: t('policy.recalculation'),
            content: () => <RecalculationsView draft={draft} dirty={dirty} />,
          },
        ]}
      />
      {dialog}
    </Page>
  );
}

function TrialView({ draft, dirty }: { draft: Found; dirty: boolean }) {
  const { t, percent } = useTexts();
  const { may } = useCaller();
  const client = useClient();
  const [trial, setTrial] = useState<TrialPartsFragment | null>(draft.trial);
  const [busy, setBusy] = useState(false);
  const [from, setFrom] = useState(draft.effectiveFrom ?? '');
  const id = trial?.id;
  const running = trial?.status === 'RUNNING';
  useEffect(() => {
    if (!running || !id) {
      return undefined;
    }
    const timer = setInterval(async () => {
      const result = await client.query(Trial.document, { id }, { requestPolicy: 'network-only' }).toPromise();
      if (result.data?.node && 'gainers' in result.data.node) {
        setTrial(result.data.node);
      }
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [client, running, id]);
  const start = async () => {
    setBusy(true);
    try {
      const data = await post(TryEdition, { input: { draft: draft.id, ...(from ? { effectiveFrom: from } : {}) } });
      setTrial(data.tryEdition);
    } catch (error) {
      notify((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  const cancel = async () => {
    try {
      const { cancelTrial } = await post(CancelTrial, { input: { trial: id ?? '' } });
      setTrial(cancelTrial.trial ?? trial);
    } catch (error) {
      notify((error as Error).message);
    }
  };
  return (
    <>
      <div className="filters">
        <TextField label={t('policy.tryFrom')} type="date" value={from} onChange={setFrom} />
        <Button kind="primary" disabled={busy || running || dirty} onPress={() => void start()}>
          {t('policy.tryIt')}
        </Button>
        {running && may('cancelTrial') && <Button onPress={() => void cancel()}>{t('policy.cancelTrial')}</Button>}
        {dirty && <span className="muted">{t('policy.saveFirst')}</span>}
        {trial && <Badge tone={trial.status === 'FINISHED' ? 'good' : trial.status === 'RUNNING' ? 'info' : 'bad'}>{`${t(`EditionTrialStatus.${trial.status}`)} ${running ? percent(trial.progress) : ''}`}</Badge>}
      </div>
      {!trial && <Empty>{t('policy.noTrial')}</Empty>}
      {trial && <TrialResult trial={trial} />}
    </>
  );
}
