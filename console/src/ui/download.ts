// Files that the browser saves.

export function download(name: string, type: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // After the click has been handled.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/// RFC 4180. A cell that a spreadsheet would take for a formula is quoted with an apostrophe, unless it is a number, or the file
/// is one's own and comes back as it was.
export function toCsv(lines: (string | number)[][], { asIs = false }: { asIs?: boolean } = {}): string {
  const cell = (value: string | number) => {
    const text = !asIs && typeof value === 'string' && /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  // The mark makes spreadsheets read UTF-8.
  return `\u{feff}${lines.map((line) => line.map(cell).join(',')).join('\r\n')}\r\n`;
}
