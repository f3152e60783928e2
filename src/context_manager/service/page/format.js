// How numbers and times are written. Knows no element.

const WHOLE = new Intl.NumberFormat("en");
const DAY = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "long",
  year: "numeric",
});
const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const MOMENT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

export const whole = (number) => WHOLE.format(number);
export const counted = (number, one, many = `${one}s`) =>
  `${whole(number)} ${number === 1 ? one : many}`;
export const percent = (share) => `${Math.round(100 * share)} %`;
export const score = (number) => number.toFixed(2);
export const day = (seconds) => DAY.format(seconds * 1000);
export const minute = (seconds) => MINUTE.format(seconds * 1000);
export const moment = (seconds) => MOMENT.format(seconds * 1000);

/** A time span, in milliseconds or seconds. */
export function span(seconds) {
  if (seconds === 0) return "0";
  if (seconds >= 1) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const ms = 1000 * seconds;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** The value below which a share of the values lies. */
export function quantile(values, share) {
  if (!values.length) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
