const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** How long ago a time is, in one unit: `42s`, `5m`, `3h`, `12d`. Both in milliseconds since 1970. */
export function ago(time: number, now: number): string {
  const passed = Math.max(0, now - time);
  if (passed < 2 * minute) return `${Math.floor(passed / second)}s`;
  if (passed < 2 * hour) return `${Math.floor(passed / minute)}m`;
  if (passed < 2 * day) return `${Math.floor(passed / hour)}h`;
  return `${Math.floor(passed / day)}d`;
}

/** `2026-11-27 02:42:09`, in UTC */
export function clockTime(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}

/** `2026-11-27 02:42:09 UTC` */
export function timestamp(time: number): string {
  return `${clockTime(time)} UTC`;
}
