// Cards that an account can send: articles, WeCom text cards, markdown, files, music.

import { ownAddress } from "./address.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { templateCard } from "./template_card.js";

const BLOCK = /<div class="(gray|highlight|normal)">([\s\S]*?)<\/div>/gu;

// A picture of another host is never loaded; a drawn cover stands in its place.
function cover(article, className) {
  const address = ownAddress(article.picurl);
  if (address) return el("img", { class: className, src: address, alt: "", loading: "lazy" });
  const tone = [...String(article.title ?? "")].reduce((sum, character) => sum + character.codePointAt(0), 0) % 4;
  return el("span", { class: `${className} drawn cover-${tone}`, "aria-hidden": "true" });
}

function article(content, className, actions, ...children) {
  return el("button", { type: "button", class: className, on: { click: () => actions.open(content.url, content.title) } }, children);
}

function news(content, actions) {
  const articles = content.articles ?? [];
  const [first, ...rest] = articles;
  if (!first) return null;
  if (!rest.length) {
    return article(first, "card news", actions,
      cover(first, "cover"),
      el("strong", {}, first.title),
      first.description || first.digest ? el("small", {}, first.description ?? first.digest) : null);
  }
  return el("div", { class: "card news many" },
    article(first, "lead", actions, cover(first, "cover"), el("strong", {}, first.title)),
    rest.map((item) => article(item, "item", actions, el("span", {}, item.title), cover(item, "mini"))));
}

function textcard(content, actions) {
  const description = String(content.description ?? "");
  const blocks = [];
  let from = 0;
  for (const match of description.matchAll(BLOCK)) {
    blocks.push(...lines(description.slice(from, match.index)), el("span", { class: `line ${match[1]}` }, strip(match[2])));
    from = match.index + match[0].length;
  }
  blocks.push(...lines(description.slice(from)));
  return article(content, "card textcard", actions,
    el("strong", {}, content.title), blocks, el("span", { class: "more" }, content.btntxt || "详情", icon("chevron")));
}

function strip(text) {
  return text.replace(/<br\s*\/?>/giu, "\n").replace(/<\/?[a-z][^<>]*>/giu, "");
}

function lines(text) {
  return strip(text).split("\n").filter((line) => line.trim()).map((line) => el("span", { class: "line" }, line));
}

function markdownSpans(text, actions) {
  const nodes = [];
  const marks = /\*\*(.+?)\*\*|`([^`]+)`|\[([^\]]+)\]\((https?:[^)\s]+)\)|<font color="(info|comment|warning)">(.*?)<\/font>/gu;
  let from = 0;
  for (const match of text.matchAll(marks)) {
    nodes.push(text.slice(from, match.index));
    if (match[1]) nodes.push(el("b", {}, match[1]));
    else if (match[2]) nodes.push(el("code", {}, match[2]));
    else if (match[3]) nodes.push(el("button", { type: "button", class: "link", on: { click: () => actions.open(match[4], match[3]) } }, match[3]));
    else nodes.push(el("span", { class: `font-${match[5]}` }, match[6]));
    from = match.index + match[0].length;
  }
  nodes.push(text.slice(from));
  return nodes.filter((node) => node !== "");
}

function markdown(content, actions) {
  const text = content.content;
  return el("div", { class: "bubble markdown" }, text.split("\n").map((line) => {
    const heading = /^(#{1,6})\s+(.*)$/u.exec(line);
    if (heading) return el("div", { class: `heading level-${heading[1].length}` }, markdownSpans(heading[2], actions));
    const quote = /^>\s?(.*)$/u.exec(line);
    if (quote) return el("div", { class: "quote" }, markdownSpans(quote[1], actions));
    return el("div", { class: "paragraph" }, markdownSpans(line, actions));
  }));
}

function file(content) {
  return el("div", { class: "card shared" },
    el("span", { class: "shared-row" }, el("strong", {}, content.filename ?? content.name ?? "文件"), el("span", { class: "thumb" }, icon("file"))));
}

function music(content, actions) {
  return article({ url: content.musicurl ?? content.url, title: content.title }, "card shared", actions,
    el("strong", {}, content.title ?? "音乐"),
    el("span", { class: "shared-row" }, el("small", {}, content.description ?? ""), el("span", { class: "thumb" }, icon("play"))));
}

/** Return the node of a card of this kind, or null when the kind is no card. */
export function card(kind, content, actions) {
  switch (kind) {
    case "news":
    case "mpnews": return news(content, actions);
    case "textcard": return textcard(content, actions);
    case "markdown": return markdown(content, actions);
    case "template_card": return templateCard(content, actions);
    case "file": return file(content);
    case "music": return music(content, actions);
    default: return null;
  }
}
