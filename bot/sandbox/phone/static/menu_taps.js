// What a tap on a menu button does, by the button's kind, as on the platform.

const ARTICLES = "https://mp.weixin.qq.com/s/";

const scan = (phone, item, account) => phone.panels.read(account, item);
const picture = (phone, item) => phone.panels.album(item);
// The account brings these by itself: they stand in the chat, and the bot is told nothing.
const material = (phone, item) => phone.store.takeMaterial(item.id);
const article = (phone, item) => phone.opened.page(`${ARTICLES}${item.id}`, item.name);

function program(phone, item) {
  phone.opened.program(item);
  return phone.act("view_miniprogram", { appid: item.appid, pagepath: item.pagepath });
}

function page(phone, item) {
  phone.opened.page(item.url, item.name);
  return phone.act("view", { url: item.url });
}

const TAPS = {
  click: (phone, item) => phone.act("click", { key: item.key }),
  view: page,
  scancode_push: scan,
  scancode_waitmsg: scan,
  pic_sysphoto: picture,
  pic_photo_or_album: picture,
  pic_weixin: picture,
  location_select: (phone, item) => phone.panels.place(item),
  // Official accounts call it the first, WeCom the second; both platforms tell of it as view_miniprogram.
  miniprogram: program,
  view_miniprogram: program,
  media_id: material,
  article_id: material,
  view_limited: article,
  article_view_limited: article,
};

/** Do what the button does; `phone` has store, panels, opened, act(kind, fields) and toast(text). */
export function tapMenu(phone, item, account) {
  const tap = TAPS[item.type];
  return tap ? tap(phone, item, account) : phone.toast(`平台没有这种菜单：${item.type || "未写类型"}`);
}
