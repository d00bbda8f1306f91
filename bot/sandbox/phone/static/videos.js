// Sending a video: choosing it, keeping it and its still with the platform, telling the bot.

import { el } from "./dom.js";
import { mediaAddress, upload } from "./wire.js";

const CLIPS = [["crash", "事故现场"], ["sea", "海边傍晚"]];
const STILL_PIXELS = 240;

/** Return the first frame of the video as a JPEG small enough for a still; null when this browser cannot show it. */
function still(address) {
  const video = el("video", { src: address, muted: true, preload: "auto", playsinline: true });
  return new Promise((resolve) => {
    video.addEventListener("error", () => resolve(null), { once: true });
    video.addEventListener("loadeddata", () => {
      const scale = STILL_PIXELS / Math.max(video.videoWidth, video.videoHeight);
      const canvas = el("canvas", { width: Math.round(video.videoWidth * scale), height: Math.round(video.videoHeight * scale) });
      canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(resolve, "image/jpeg", 0.8);
    }, { once: true });
    video.load();
  });
}

async function fetchClip(path) {
  const response = await fetch(path);
  return response.blob();
}

/** Send what `load` returns, as a phone does: the video first, then its still, then the message with both. */
async function send(phone, load, here) {
  try {
    const media_id = await upload(here.account.name, "video", await load());
    const picture = await still(mediaAddress(media_id));
    const thumb_media_id = picture && (await upload(here.account.name, "thumb", picture));
    await phone.act("video", { media_id, thumb_media_id }, here);
  } catch (error) {
    phone.toast(error.message);
  }
}

/** Let the person choose a video for the open chat; `phone` has store, sheets, act(kind, fields, here) and toast(text). */
export function chooseVideo(phone) {
  const here = phone.store.here();
  phone.sheets.show("视频", (close) => {
    const choose = (load) => {
      close();
      return send(phone, load, here);
    };
    const file = el("input", { type: "file", accept: "video/*", on: { change: () => file.files[0] && choose(async () => file.files[0]) } });
    return [
      el("div", { class: "album films" }, CLIPS.map(([name, label]) => {
        const path = `/phone/static/film/${name}.mp4`;
        return el("button", { type: "button", "aria-label": `发送视频：${label}`, on: { click: () => choose(() => fetchClip(path)) } },
          el("video", { src: path, muted: true, preload: "auto", playsinline: true }), el("span", {}, label));
      })),
      el("label", { class: "secondary file" }, "从这台电脑选择视频", file),
    ];
  });
}
