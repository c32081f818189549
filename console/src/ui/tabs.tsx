// Tabs whose selection is in the address.

import type { ReactNode } from 'react';
import { Tab, TabList, TabPanel, Tabs as AriaTabs } from 'react-aria-components/Tabs';

import { useAddress } from '#src/api/address';

export function Tabs({ label, tabs }: { label: string; tabs: { id: string; title: string; content: () => ReactNode }[] }) {
  const [get, set] = useAddress();
  const first = tabs[0]?.id ?? '';
  const selected = tabs.some((it) => it.id === get('tab')) ? get('tab') : first;
  return (
    <AriaTabs selectedKey={selected} onSelectionChange={(key) => set({ tab: key === first ? '' : String(key) })}>
      <TabList aria-label={label} className="tabs">
        {tabs.map((it) => (
          <Tab key={it.id} id={it.id}>
            {it.title}
          </Tab>
        ))}
      </TabList>
      {tabs.map((it) => (
        <TabPanel key={it.id} id={it.id}>
          {it.content()}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}
