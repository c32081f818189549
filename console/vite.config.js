import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const server = process.env.SERVER ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: '/console/',
  resolve: {
    alias: [
      { find: /^#generated\/(.*)$/, replacement: here('./generated/$1.ts') },
      { find: /^#src\/(.*)$/, replacement: here('./src/$1') },
    ],
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // Only files can be cached by name, and the content security policy needs no exception for them.
    assetsInlineLimit: 0,
    // The polyfill is an inline script, which the policy forbids; every browser of the target preloads.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: 'manifest.json',
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  server: { proxy: { '/graphql': { target: server, ws: true }, '/console/config.json': server } },
});
