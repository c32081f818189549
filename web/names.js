// Names for what plugins show without one, or with another than is seen: for who hears the page.

/// The argument or field that an input of the explorer is for: the class of its line ends in the name.
function explorerName(element) {
  const line = element.closest('[class^="graphiql-explorer-"]');
  return line ? line.className.replace('graphiql-explorer-', '') : 'Kind of the new operation';
}

function nameAll() {
  for (const element of document.querySelectorAll('.docExplorerWrap :is(input, select):not([aria-label])')) {
    element.setAttribute('aria-label', explorerName(element));
  }
  // Its text says more than "Set active".
  for (const element of document.querySelectorAll('.graphiql-history-item-label[aria-label]')) {
    element.removeAttribute('aria-label');
  }
}

/// Names them whenever a plugin draws itself.
export function keepNamed(root) {
  new MutationObserver(nameAll).observe(root, { childList: true, subtree: true });
}
