// WeCom's template cards: notices, and cards with buttons, votes and choices that tell the bot what was pressed.

import { ownAddress } from "./address.js";
import { button, el } from "./dom.js";
import { icon } from "./icons.js";

const WEB = 1;
const PROGRAM = 2;
const DRAWN_COVERS = 4;

// A jump or the card itself leads to a page or to a mini program; anything else is only words.
function goTo(target, title, actions) {
  if (target?.type === WEB) return () => actions.open(target.url, title);
  if (target?.type === PROGRAM) return () => actions.program({ name: title, appid: target.appid, pagepath: target.pagepath });
  return null;
}

function heading({ main_title: { title = "", desc = "" } = {}, card_action: action }, actions) {
  const words = [title ? el("strong", {}, title) : null, desc ? el("small", {}, desc) : null];
  const onTap = goTo(action, title, actions);
  return onTap ? el("button", { type: "button", class: "heading-link", on: { click: onTap } }, words) : words;
}

function source(content, press) {
  const { source: from, action_menu: menu } = content;
  if (!from?.desc && !menu) return null;
  const list = el("div", { class: "card-menu", role: "menu", hidden: true }, (menu?.action_list ?? []).map(({ text, key }) =>
    el("button", { type: "button", role: "menuitem", on: { click: () => { list.hidden = true; press("template_card_menu_event", key); } } }, text)));
  const more = menu ? button(menu.desc || "更多操作", "card-more", () => { list.hidden = !list.hidden; }, icon("more")) : null;
  const close = () => { list.hidden = true; };
  const on = {
    focusout: (event) => event.currentTarget.contains(event.relatedTarget) || close(),
    keydown: (event) => event.key === "Escape" && close(),
  };
  return el("span", { class: "source", on }, el("small", { class: `tone-of-source-${from?.desc_color ?? 0}` }, from?.desc ?? ""), more, list);
}

// A picture of another host is never loaded; a drawn cover stands in its place.
function picture({ card_image: image, main_title: title }) {
  if (!image) return null;
  const address = ownAddress(image.url);
  const tone = [...(title?.title ?? "")].length % DRAWN_COVERS;
  return address ? el("img", { class: "cover", src: address, alt: "", loading: "lazy" }) : el("span", { class: `cover drawn cover-${tone}`, "aria-hidden": "true" });
}

function pairs(content, actions) {
  return (content.horizontal_content_list ?? []).map((pair) => {
    const onTap = pair.type === WEB ? () => actions.open(pair.url, pair.keyname) : null;
    const value = pair.value ?? "";
    return el("span", { class: "pair" }, el("span", {}, pair.keyname), onTap ? button(value, "link", onTap) : el("span", {}, value));
  });
}

function quote({ quote_area: area }, actions) {
  if (!area) return null;
  const words = [area.title ? el("b", {}, area.title) : null, area.quote_text ? el("span", {}, area.quote_text) : null];
  const onTap = goTo(area, area.title, actions);
  return onTap ? el("button", { type: "button", class: "quoted", on: { click: onTap } }, words) : el("span", { class: "quoted" }, words);
}

function jumps(content, actions) {
  return (content.jump_list ?? []).map((jump) => {
    const onTap = goTo(jump, jump.title, actions);
    return onTap ? el("button", { type: "button", class: "jump", on: { click: onTap } }, jump.title, icon("chevron")) : el("span", { class: "jump" }, jump.title);
  });
}

/** A list to choose one of; returns {node, read}. */
function selection(question) {
  const options = question.option_list ?? [];
  const chosen = question.selected_id ?? options[0]?.id;
  const select = el("select", {}, options.map(({ id, text }) => el("option", { value: id, selected: id === chosen }, text)));
  select.disabled = Boolean(question.disable);
  return { key: question.question_key, node: el("label", { class: "question" }, el("span", {}, question.title ?? ""), select), read: () => (select.value ? [select.value] : []) };
}

/** A vote: one answer (mode 0) or several (mode 1). */
function vote(question, name) {
  const boxes = (question.option_list ?? []).map(({ id, text, is_checked: checked }) => {
    const box = el("input", { type: question.mode === 1 ? "checkbox" : "radio", name, value: id, checked: Boolean(checked) });
    box.disabled = Boolean(question.disable);
    return { box, node: el("label", { class: "vote" }, box, el("span", {}, text)) };
  });
  return { key: question.question_key, node: boxes.map(({ node }) => node), read: () => boxes.filter(({ box }) => box.checked).map(({ box }) => box.value) };
}

function questions(content) {
  const { button_selection: selected, checkbox, select_list: list = [], task_id: task } = content;
  return [
    ...(selected ? [selection(selected)] : []),
    ...(checkbox ? [vote(checkbox, `vote-${task}-${checkbox.question_key}`)] : []),
    ...list.map(selection),
  ];
}

/** Draw the card; `actions` has open(address, title), program(program) and press(event, key, selected, card). */
export function templateCard(content, actions) {
  const asked = questions(content);
  const press = (event, key) => {
    const chosen = asked.map(({ key: question, read }) => [question, read()]).filter(([, ids]) => ids.length);
    return actions.press(event, key, Object.fromEntries(chosen), content);
  };
  const tell = (key) => () => press("template_card_event", key);
  const { emphasis_content: emphasis, sub_title_text: subtitle, submit_button: submit } = content;
  return el("div", { class: "card template" },
    source(content, press),
    heading(content, actions),
    picture(content),
    emphasis?.title ? el("span", { class: "emphasis" }, emphasis.title, el("small", {}, emphasis.desc ?? "")) : null,
    quote(content, actions),
    subtitle ? el("span", { class: "line" }, subtitle) : null,
    (content.vertical_content_list ?? []).map(({ title, desc }) => [el("b", { class: "line" }, title), el("span", { class: "line" }, desc ?? "")]),
    pairs(content, actions),
    asked.map(({ node }) => node),
    submit ? button(submit.text, "choice style-1", tell(submit.key)) : null,
    el("span", { class: "choices" }, (content.button_list ?? []).map((item) =>
      button(item.text, `choice style-${item.style ?? 1}`, item.type === 1 ? () => actions.open(item.url, item.text) : tell(item.key)))),
    jumps(content, actions));
}
