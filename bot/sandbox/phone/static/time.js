// How WeChat writes times, in China's time, relative to the clock of the sandbox. All inputs are epoch seconds.

const OFFSET_SECONDS = 8 * 3600;
const DAY_SECONDS = 86400;
const WEEKDAYS = ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"];

/** A new time stamp stands above a message that follows the one before by more than this. */
export const STAMP_GAP_SECONDS = 300;

function parts(at) {
  const local = new Date((at + OFFSET_SECONDS) * 1000);
  const two = (number) => String(number).padStart(2, "0");
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    weekday: WEEKDAYS[local.getUTCDay()],
    time: `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`,
    seconds: two(local.getUTCSeconds()),
  };
}

/** Number of the day in China's time; changes at midnight there. */
export function dayNumber(at) {
  return Math.floor((at + OFFSET_SECONDS) / DAY_SECONDS);
}

function day(at, now) {
  const { year, month, day: date, weekday } = parts(at);
  const ago = dayNumber(now) - dayNumber(at);
  if (ago === 0) return "";
  if (ago === 1) return "昨天";
  if (ago > 1 && ago < 7) return weekday;
  return year === parts(now).year ? `${month}月${date}日` : `${year}年${month}月${date}日`;
}

/** 「20:15」「昨天 20:15」「星期三 20:15」「3月2日 20:15」「2025年3月2日 20:15」 above messages. */
export function stamp(at, now) {
  return `${day(at, now)} ${parts(at).time}`.trim();
}

/** The shorter form of the conversation list. */
export function listTime(at, now) {
  return day(at, now) || parts(at).time;
}

export function wallTime(at) {
  return parts(at).time;
}

export function wallSeconds(at) {
  const { time, seconds } = parts(at);
  return `${time}:${seconds}`;
}

export function fullDate(at) {
  const { year, month, day: date, weekday } = parts(at);
  return `${year}年${month}月${date}日 ${weekday}`;
}
