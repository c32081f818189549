import './style.css';

import { createRoot } from 'react-dom/client';

import { App } from './app';
import { TextsProvider } from './i18n/i18n';
import { applyTheme } from './ui/theme';

applyTheme();
const root = document.getElementById('console');
if (root) {
  createRoot(root).render(
    <TextsProvider>
      <App />
    </TextsProvider>,
  );
}
