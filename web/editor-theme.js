// Colours of the dark editor that can be read on their backgrounds. GraphiQL defines its themes once the editor is loaded, so
// this begins first.

const RULES = [{ token: 'comment', foreground: '#93c47d' }];
const COLORS = {
  'editor.wordHighlightBackground': '#39476440',
  'editor.wordHighlightStrongBackground': '#39476440',
  'editor.wordHighlightTextBackground': '#39476440',
};

export async function makeReadable() {
  const { editor } = await import('monaco-graphql/esm/monaco-editor.js');
  const { defineTheme } = editor;
  editor.defineTheme = (name, theme) =>
    defineTheme(name, theme.base === 'vs-dark' ? { ...theme, rules: [...theme.rules, ...RULES], colors: { ...theme.colors, ...COLORS } } : theme);
}
