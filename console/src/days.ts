// Calendar days as the API writes them, YYYY-MM-DD, without time zones.

function day(text: string): Date {
  return new Date(`${text}T00:00:00Z`);
}

function text(date: Date): string {
  return date.toISOString().slice(0, 10);
}

export function addDays(of: string, days: number): string {
  const date = day(of);
  date.setUTCDate(date.getUTCDate() + days);
  return text(date);
}

/// The same day of another month; of a first of a month.
export function addMonths(of: string, months: number): string {
  const date = day(of);
  date.setUTCMonth(date.getUTCMonth() + months);
  return text(date);
}

export function monthStart(of: string): string {
  return `${of.slice(0, 7)}-01`;
}

export function monthEnd(of: string): string {
  return addDays(addMonths(monthStart(of), 1), -1);
}

export function yearStart(of: string): string {
  return `${of.slice(0, 4)}-01-01`;
}

export function daysBetween(from: string, to: string): number {
  return Math.round((day(to).getTime() - day(from).getTime()) / 86_400_000);
}
