// Line icons, drawn here so that the page needs no picture files.

import { svg } from "./dom.js";

const LINE = { fill: "none", stroke: "currentColor", "stroke-width": "1.6", "stroke-linecap": "round", "stroke-linejoin": "round" };

const PATHS = {
  back: ["M15 4.5 7.5 12 15 19.5"],
  more: ["M5.5 12h.01M12 12h.01M18.5 12h.01"],
  voice: ["M12 2.8a9.2 9.2 0 1 0 0 18.4 9.2 9.2 0 0 0 0-18.4Z", "M9.1 10.4a2.6 2.6 0 0 1 0 3.2", "M11.6 8.6a5.2 5.2 0 0 1 0 6.8", "M14.1 6.9a8 8 0 0 1 0 10.2"],
  keyboard: ["M12 2.8a9.2 9.2 0 1 0 0 18.4 9.2 9.2 0 0 0 0-18.4Z", "M8 9.3h.01M12 9.3h.01M16 9.3h.01M8 12.2h.01M12 12.2h.01M16 12.2h.01", "M9.2 15.4h5.6"],
  menu: ["M5 7h14M5 12h14M5 17h14"],
  plus: ["M12 2.8a9.2 9.2 0 1 0 0 18.4 9.2 9.2 0 0 0 0-18.4Z", "M12 7.6v8.8M7.6 12h8.8"],
  image: ["M4 5h16v14H4z", "m4.5 17 4.6-5 3.6 3.8 2.4-2.4 4.4 4", "M15.6 8.8h.01"],
  pin: ["M12 21s-6.5-5.6-6.5-11a6.5 6.5 0 0 1 13 0c0 5.4-6.5 11-6.5 11Z", "M12 12.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4Z"],
  link: ["M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1", "M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1"],
  scan: ["M4 8V5.5A1.5 1.5 0 0 1 5.5 4H8M16 4h2.5A1.5 1.5 0 0 1 20 5.5V8M20 16v2.5a1.5 1.5 0 0 1-1.5 1.5H16M8 20H5.5A1.5 1.5 0 0 1 4 18.5V16", "M4 12h16"],
  follow: ["M10 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z", "M3.5 20c.4-3.6 2.9-5.6 6.5-5.6 1.3 0 2.4.2 3.4.7", "M18 14.5v6M15 17.5h6"],
  unfollow: ["M10 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z", "M3.5 20c.4-3.6 2.9-5.6 6.5-5.6 1.3 0 2.4.2 3.4.7", "M15 17.5h6"],
  video: ["M3.5 6.5h11v11h-11z", "m14.5 11 6-3.5v9l-6-3.5"],
  program: ["M12 2.8a9.2 9.2 0 1 0 0 18.4 9.2 9.2 0 0 0 0-18.4Z", "M8.7 12.4a2.3 2.3 0 1 0 3.3 2.1V9.5a2.3 2.3 0 1 1 3.3 2.1"],
  person: ["M12 12a4.2 4.2 0 1 0 0-8.4 4.2 4.2 0 0 0 0 8.4Z", "M4 20.4c.6-4 3.6-6 8-6s7.4 2 8 6"],
  clock: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z", "M12 7.4V12l3 2"],
  record: ["M6 3.5h9l3.5 3.5v13.5H6z", "M9 10h6.5M9 13.5h6.5M9 17h4"],
  play: ["M8 5.5v13l11-6.5z"],
  file: ["M6 3.5h8l4.5 4.5v12.5H6z", "M14 3.5V8h4.5"],
  chevron: ["m9 5.5 6.5 6.5L9 18.5"],
  bell: ["M6 16.5V11a6 6 0 1 1 12 0v5.5l1.5 2h-15z", "M10 21h4"],
  close: ["m6 6 12 12M18 6 6 18"],
};

/** Return the icon `name` as an SVG node in the colour of its surroundings. */
export function icon(name, className = "icon") {
  const heavy = name === "more" || name === "back";
  const shapes = PATHS[name].map((d) => ["path", { d, ...LINE, ...(heavy ? { "stroke-width": name === "more" ? "2.8" : "2" } : {}) }]);
  return svg("0 0 24 24", shapes, { class: className });
}

/** The three waves of a voice message. */
export function waves() {
  const shapes = ["M6.5 10a3 3 0 0 1 0 4", "M9.8 7.6a6.5 6.5 0 0 1 0 8.8", "M13 5.2a10 10 0 0 1 0 13.6"];
  return svg("0 0 24 24", shapes.map((d) => ["path", { d, ...LINE, "stroke-width": "2" }]), { class: "waves" });
}

/** Signal, network and battery of the status bar. */
export function phoneStatus() {
  const bars = [0, 1, 2, 3].map((n) => ["rect", { x: 2 + n * 5, y: 11 - n * 2.4, width: 3.2, height: 4 + n * 2.4, rx: 1, fill: "currentColor" }]);
  return svg("0 0 74 18", [
    ...bars,
    ["path", { d: "M27 7.2a9.6 9.6 0 0 1 13 0M29.6 10.2a5.8 5.8 0 0 1 7.8 0", ...LINE, "stroke-width": "2" }],
    ["circle", { cx: 33.5, cy: 13.6, r: 1.6, fill: "currentColor" }],
    ["rect", { x: 46.5, y: 3.5, width: 22, height: 11.5, rx: 3.4, fill: "none", stroke: "currentColor", "stroke-opacity": ".45" }],
    ["rect", { x: 48.2, y: 5.2, width: 16, height: 8.1, rx: 2, fill: "currentColor" }],
    ["path", { d: "M70 7.4v3.8c.9-.3 1.5-1 1.5-1.9S70.900 7.700 70 7.400Z", fill: "currentColor", "fill-opacity": ".5" }],
  ], { class: "signals" });
}

/** A quiet street map with a pin, the same for the same place. */
export function map(label) {
  const number = [...label].reduce((sum, character) => (sum * 31 + character.codePointAt(0)) % 9973, 7);
  const x = number % 60;
  const y = number % 36;
  const road = (d, width) => ["path", { d, fill: "none", stroke: "#fff", "stroke-width": width }];
  return svg("0 0 240 100", [
    ["rect", { width: 240, height: 100, fill: "#e9ece4" }],
    ["path", { d: `M0 ${70 + y / 4} C60 ${50 + y / 3} 120 ${96 - y / 4} 240 ${62 + y / 3} V100 H0Z`, fill: "#bcd8ec" }],
    ["rect", { x: 20 + x, y: 12, width: 46, height: 30, rx: 4, fill: "#cfe3c0" }],
    ["rect", { x: 150 - x / 2, y: 8, width: 40, height: 24, rx: 3, fill: "#dddcd3" }],
    road(`M0 ${46 - y / 4} L240 ${30 + y / 3}`, 8),
    road(`M${70 + x} 0 L${96 + x / 2} 100`, 6),
    road(`M${170 - x / 3} 0 L${150 + x / 4} 100`, 4),
    road(`M0 ${16 + y / 5} L240 ${8 + y / 6}`, 3),
    ["ellipse", { cx: 120, cy: 66, rx: 7, ry: 2.6, fill: "#000", "fill-opacity": ".18" }],
    ["path", { d: "M120 66c-9-10-14-16-14-23a14 14 0 0 1 28 0c0 7-5 13-14 23Z", fill: "#fa5151" }],
    ["circle", { cx: 120, cy: 42, r: 5, fill: "#fff" }],
  ], { class: "map", preserveAspectRatio: "xMidYMid slice" });
}
