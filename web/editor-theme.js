// Colours of the editor that can be read on their backgrounds. GraphiQL defines its themes once the editor is loaded, so this
// begins first.

const READABLE = {
  vs: { rules: [{ token: 'number', foreground: '066042' }], colors: {} },
  'vs-dark': {
    rules: [{ token: 'comment.gql', foreground: '93c47d' }],
    colors: {
      'editor.wordHighlightBackground': '#39476440',
      'editor.wordHighlightStrongBackground': '#39476440',
      'editor.wordHighlightTextBackground': '#39476440',
    },
  },
};

export async function makeReadable() {
  const { editor } = await import('monaco-graphql/esm/monaco-editor.js');
  const { defineTheme } = editor;
  editor.defineTheme = (name, theme) => {
    const { rules = [], colors = {} } = READABLE[theme.base] ?? {};
    defineTheme(name, { ...theme, rules: [...theme.rules, ...rules], colors: { ...theme.colors, ...colors } });
  };
}
