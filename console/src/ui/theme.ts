// Light or dark: as the system says, or as chosen.

const STORAGE_KEY = 'partner-program:theme';
export type Theme = 'system' | 'light' | 'dark';

export function theme(): Theme {
  const stored = localStorage.getItem(STORAGE_KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

export function applyTheme(next: Theme = theme()): void {
  localStorage.setItem(STORAGE_KEY, next);
  if (next === 'system') {
    delete document.documentElement.dataset['theme'];
  } else {
    document.documentElement.dataset['theme'] = next;
  }
}
