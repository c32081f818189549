// Colours of the editor that can be read on their backgrounds.

const READABLE = {
  vs: { rules: [{ token: 'number', foreground: '066042' }], colors: {} },
  'vs-dark': {
    rules: [{ token: 'comment.gql', foreground: '93c47d' }],
    colors: {
      'editor.wordHighlightBackground': '#39476428',
      'editor.wordHighlightStrongBackground': '#39476428',
      'editor.wordHighlightTextBackground': '#39476428',
    },
  },
};

/// Loads the editor, and lets the themes that are defined from then on have these colours.
export async function makeReadable() {
  const { editor } = await import('monaco-graphql/esm/monaco-editor.js');
  const { defineTheme } = editor;
  editor.defineTheme = (name, theme) => {
    const { rules = [], colors = {} } = READABLE[theme.base] ?? {};
    defineTheme(name, { ...theme, rules: [...theme.rules, ...rules], colors: { ...theme.colors, ...colors } });
  };
}
