// Where this console is: that of the program, or that of a sandbox, whose addresses all begin with its own.

/// What addresses begin with: nothing, or the address of the sandbox. The files of the bundle are those of the program.
export const BASE = /^\/sandbox\/[^/]+(?=\/console)/.exec(location.pathname)?.[0] ?? '';

export const isSandbox = BASE !== '';
