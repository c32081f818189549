import { defineConfig } from 'vite';

export default defineConfig({
  base: '/graphiql/',
  // The workers are modules: so are the files that they import.
  worker: { format: 'es' },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // A `data:` icon or font is one file fewer, but only files can be cached by name.
    assetsInlineLimit: 0,
    // The editor is one large chunk that only loads once; the default limit warns of it.
    chunkSizeWarningLimit: 5000,
    reportCompressedSize: false,
    // "use client" in React libraries means nothing to a page without a server part.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
});
