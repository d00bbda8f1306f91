// What the sheets offer: pictures, places, links, QR codes, spoken words, the account's profile.

import { avatar } from "./avatar.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { form, row } from "./sheet.js";
import { stamp } from "./time.js";

const ALBUM = [
  ["policy", "保单首页"], ["report", "体检报告"], ["invoice", "门诊发票"],
  ["family", "全家合影"], ["car", "行驶证"], ["harbour", "海边傍晚"],
];
const PLACES = [
  ["上海环球金融中心 上海市浦东新区世纪大道100号", 31.23476, 121.50652],
  ["国贸大厦 北京市朝阳区建国门外大街1号", 39.90923, 116.45945],
  ["市民中心 深圳市福田区福中三路", 22.54286, 114.05956],
  ["太古里 成都市锦江区中纱帽街8号", 30.65310, 104.08286],
];

/** Return the drawing at `path` as the photograph (JPEG) that a phone would send. */
async function photograph(path) {
  const drawing = new Image();
  drawing.src = path;
  await drawing.decode();
  const canvas = el("canvas", { width: drawing.naturalWidth * 2, height: drawing.naturalHeight * 2 });
  canvas.getContext("2d").drawImage(drawing, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.9); });
}

/**
 * Sheets of one chat; `phone` has store, sheets, clock, act(kind, fields, here), sendPicture(picture, item, here) and
 * toast(text). What a sheet does belongs to the chat that it was opened for. An `item` is the menu button behind it.
 */
export class Panels {
  #phone;

  constructor(phone) {
    this.#phone = phone;
  }

  /** A function that closes the sheet and acts in the chat that is open now. */
  #sender() {
    const here = this.#phone.store.here();
    return (close, kind, fields) => {
      close();
      return this.#phone.act(kind, fields, here);
    };
  }

  album(item = null) {
    const here = this.#phone.store.here();
    this.#phone.sheets.show("相册", (close) => {
      const send = (picture) => {
        close();
        return this.#phone.sendPicture(picture, item, here);
      };
      const file = el("input", { type: "file", accept: "image/*", on: { change: () => file.files[0] && send(async () => file.files[0]) } });
      return [
        el("div", { class: "album" }, ALBUM.map(([name, label]) => {
          const path = `/phone/static/album/${name}.svg`;
          return el("button", { type: "button", "aria-label": `发送图片：${label}`, on: { click: () => send(() => photograph(path)) } },
            el("img", { src: path, alt: "" }), el("span", {}, label));
        })),
        el("label", { class: "secondary file" }, "从这台电脑选择图片", file),
      ];
    });
  }

  place(item = null) {
    const here = this.#phone.store.here();
    const send = async (close, fields) => {
      close();
      if (item && !(await this.#phone.act(item.type, { key: item.key, ...fields }, here))) return;
      await this.#phone.act("location", fields, here);
    };
    this.#phone.sheets.show("发送位置", (close) => [
      PLACES.map(([label, latitude, longitude]) => {
        const [title, detail] = label.split(" ");
        return row(title, detail, () => send(close, { latitude, longitude, scale: 16, label }), el("span", { class: "row-icon" }, icon("pin")));
      }),
      form([
        { name: "label", label: "其他地点", placeholder: "名称和地址", required: true },
        { name: "latitude", label: "纬度", value: "31.2304", required: true },
        { name: "longitude", label: "经度", value: "121.4737", required: true },
      ], "发送", ({ label, latitude, longitude }) => send(close, { latitude: Number(latitude), longitude: Number(longitude), scale: 16, label })),
    ]);
  }

  link() {
    const send = this.#sender();
    this.#phone.sheets.show("分享链接", (close) => form([
      { name: "title", label: "标题", value: "重疾险怎么选？一篇讲清楚", required: true },
      { name: "description", label: "摘要", value: "保额、病种、等待期，三步看懂合同。" },
      { name: "url", label: "网址", value: "https://example.com/article/1", required: true },
    ], "发送", (values) => send(close, "link", values)));
  }

  /** WeCom recognises no speech: the bot gets a voice without words, so there are none to write. */
  voice(account) {
    const send = this.#sender();
    if (account.wecom || account.desk) {
      this.#phone.sheets.show("说一段语音", (close) => [
        el("p", { class: "hint" }, `${account.desk ? "微信客服" : "企业微信"}不识别语音：机器人只收到一段录音，收不到文字。`),
        form([], "松开 发送", () => send(close, "voice", {})),
      ]);
      return;
    }
    this.#phone.sheets.show("说一段语音", (close) => form([
      { name: "words", label: "这段语音里说了什么", kind: "long", placeholder: "例如：我想问一下住院能报多少", required: true },
      { name: "recognised", label: "平台给出识别结果（Recognition）", kind: "check", value: true },
    ], "松开 发送", ({ words, recognised }) => send(close, "voice", recognised ? { recognition: words } : {})));
  }

  /** The scanner behind a menu button: what it reads goes to the bot, nobody follows by it. */
  read(account, item) {
    const send = this.#sender();
    this.#phone.sheets.show(item.name, (close) => [
      el("div", { class: "finder", "aria-hidden": "true" }, el("span", { class: "beam" })),
      account.codes.length ? el("h3", {}, "这个公众号的二维码") : null,
      account.codes.map((code) => this.#codeRow(code, () => send(close, item.type, { key: item.key, url: code.url }))),
      form([{ name: "url", label: "扫到的内容", placeholder: "网址、条形码数字或任何文字", required: true }], "扫描", ({ url }) => send(close, item.type, { key: item.key, url })),
    ], { full: true, className: "dark" });
  }

  #codeRow(code, onTap) {
    const detail = [code.title ? code.scene : "", this.#validity(code)].filter(Boolean).join(" · ");
    return row(code.title || code.scene, detail, onTap, code.image ? el("img", { class: "code", src: code.image, alt: "" }) : el("span", { class: "row-icon" }, icon("scan")));
  }

  scan(account) {
    const send = this.#sender();
    const finder = el("div", { class: "finder", "aria-hidden": "true" }, el("span", { class: "beam" }));
    this.#phone.sheets.show("扫一扫", (close) => [
      finder,
      account.codes.length ? el("h3", {}, "这个公众号的二维码") : el("p", { class: "hint" }, "公众号还没有生成带参数的二维码，可以直接输入场景值。"),
      account.codes.map((code) => this.#codeRow(code, () => send(close, "scan", { ticket: code.ticket, scene: code.scene }))),
      form([{ name: "scene", label: "场景值", placeholder: "例如 agent:zhangwei", required: true }], "扫描", ({ scene }) => send(close, "scan", { scene })),
    ], { full: true, className: "dark" });
  }

  #validity(code) {
    if (code.ends === null) return "永久二维码";
    const now = this.#phone.clock.now();
    return code.ends > now ? `有效至 ${stamp(code.ends, now)}` : "已过期";
  }

  /** What a servicer does in WeCom about this chat: takes it, speaks, ends it. */
  servicer(account) {
    const { store } = this.#phone;
    const here = store.here();
    const state = store.chat(account).session;
    const serving = state?.state === 3 ? state.servicer : null;
    this.#phone.sheets.show("扮演客服", (close) => {
      const serve = (servicer, kind, fields) => {
        close();
        return store.serve(servicer, kind, fields, here);
      };
      if (!serving) {
        return [
          el("p", { class: "hint" }, "在企业微信里，客服人员接入以后由人来答，机器人不再说话。"),
          account.servicers.map((servicer) => row(`${servicer} 接入`, "", () => serve(servicer, "take"), avatar(servicer, servicer))),
        ];
      }
      return [
        form([{ name: "text", label: `${serving} 说`, kind: "long", required: true }], "发送", ({ text }) => serve(serving, "text", { text })),
        row(`${serving} 结束会话`, "客户再说话时又由机器人来答", () => serve(serving, "end"), el("span", { class: "row-icon" }, icon("close"))),
      ];
    });
  }

  #profileRows(account, { quota, session }) {
    if (account.wecom) return [["类型", "企业微信应用"], ["企业", account.corpTitle]];
    if (account.desk) {
      const who = session?.state === 3 ? `${session.servicer} 接待中` : "机器人";
      return [["类型", "微信客服"], ["企业", account.corpTitle], ["由谁来答", who], ["还能收到", `${quota?.left ?? 0} 条`]];
    }
    const now = this.#phone.clock.now();
    const left = quota && quota.until > now ? `还能发 ${quota.left} 条，至 ${stamp(quota.until, now)}` : "你说话或点菜单后才能发";
    return [["类型", account.kind === "subscription" ? "订阅号" : "服务号"], ["原始 ID", account.originalId], ["客服消息", left]];
  }

  profile(account, chat) {
    const send = this.#sender();
    const rows = this.#profileRows(account, chat);
    const followed = chat.following;
    this.#phone.sheets.show("详细资料", (close) => el("div", { class: "profile" },
      el("div", { class: "profile-head" }, avatar(account.name, account.title, { account: true, className: "large" }), el("strong", {}, account.title)),
      el("dl", {}, rows.map(([term, value]) => [el("dt", {}, term), el("dd", {}, value)])),
      account.wecom || account.desk ? null : el("button", { type: "button", class: followed ? "secondary warn" : "primary",
        on: { click: () => send(close, followed ? "unfollow" : "follow") } }, followed ? "取消关注" : "关注公众号")));
  }

  /** Choose who the user is. */
  identities(people, me, onChoose) {
    const groups = [["客户", people.filter((person) => !person.staff)], ["企业成员", people.filter((person) => person.staff)]];
    this.#phone.sheets.show("切换身份", (close) => groups.filter(([, members]) => members.length).map(([title, members]) => [
      el("h3", {}, title),
      members.map((person) => row(person.name, person === me ? "当前身份" : person.id, () => {
        close();
        onChoose(person);
      }, avatar(person.id, person.name))),
    ]));
  }
}
