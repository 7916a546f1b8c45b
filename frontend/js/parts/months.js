// Days of a month as a calendar shows them. Days are "2025-04-18", as the server tells them; it knows no page.

const DAY = /^\s*(\d{1,2})\s*[-/. ]\s*(\d{1,2})\s*[-/. ]\s*(\d{4})\s*$/;
const pad = (n) => String(n).padStart(2, "0");
const utc = (day) => new Date(`${day}T00:00:00Z`);
const told = (date) => date.toISOString().slice(0, 10);

// The day that a text of numbers writes, day first; null for any other text.
export function dayOf(text) {
  const [, day, month, year] = DAY.exec(text) ?? [];
  if (!year) return null;
  const found = `${year}-${pad(month)}-${pad(day)}`;
  const date = utc(found);
  return !Number.isNaN(date.getTime()) && told(date) === found ? found : null;
}

// A day as people type it: "18/4/2025".
export function typed(day) {
  const [year, month, date] = day.split("-").map(Number);
  return `${date}/${month}/${year}`;
}

export const monthOf = (day) => day.slice(0, 7);

export function plusDays(day, by) {
  const date = utc(day);
  date.setUTCDate(date.getUTCDate() + by);
  return told(date);
}

// The same day of another month, or its last one.
export function plusMonths(day, by) {
  const date = utc(`${monthOf(day)}-01`);
  date.setUTCMonth(date.getUTCMonth() + by);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(Number(day.slice(8)), last));
  return told(date);
}

// The weeks of a day's month, Monday first; null where a week reaches into another month.
export function weeksOf(day) {
  const month = monthOf(day);
  const first = `${month}-01`;
  const before = (utc(first).getUTCDay() + 6) % 7;
  const weeks = [];
  for (let at = plusDays(first, -before); weeks.length < 6 && at <= `${month}-31`; at = plusDays(at, 7)) {
    const week = Array.from({ length: 7 }, (_, n) => plusDays(at, n));
    weeks.push(week.map((each) => (monthOf(each) === month ? each : null)));
  }
  return weeks;
}
