"use strict";
// Draws each [data-chart] from the table within it (parts.html, `chart`). The table stays what is read; the drawing is for eyes.
(() => {
  const style = getComputedStyle(document.documentElement);
  const ink = (name) => style.getPropertyValue(name).trim();
  const tones = { accent: ink("--accent"), warm: ink("--chart-warm"), plain: ink("--chart-plain") };
  const opened = new Set();
  const resized = new ResizeObserver((entries) => {
    for (const entry of entries) echarts.getInstanceByDom(entry.target)?.resize();
  });

  const numbersOf = (chart) => {
    const rows = [...chart.querySelectorAll("tbody tr")];
    return {
      names: rows.map((row) => row.querySelector("[data-short]").dataset.short),
      series: [...chart.querySelectorAll("thead [data-tone]")].map((head, at) => ({
        name: head.textContent,
        tone: head.dataset.tone,
        data: rows.map((row) => Number(row.querySelectorAll("[data-number]")[at].dataset.number)),
      })),
    };
  };

  const option = ({ names, series }) => ({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 4, right: 8, top: 10, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: {
      type: "category",
      data: names,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: ink("--line") } },
      axisLabel: { color: ink("--soft"), fontSize: 12, hideOverlap: true },
    },
    yAxis: {
      type: "value",
      minInterval: 1,
      splitNumber: 4,
      // Nothing at all still has a scale.
      max: (extent) => (extent.max < 4 ? 4 : null),
      axisLabel: { color: ink("--soft"), fontSize: 12 },
      splitLine: { lineStyle: { color: ink("--line") } },
    },
    series: series.map(({ name, tone, data }) => ({
      name, data, type: "bar", stack: "all", barMaxWidth: 26, barCategoryGap: "28%", silent: true, color: tones[tone],
    })),
  });

  const draw = (chart) => {
    const canvas = chart.querySelector(".chart-canvas");
    const table = chart.querySelector("details");
    // What was open before the page renewed itself stays open.
    table.open = opened.has(chart.id);
    table.addEventListener("toggle", () => opened[table.open ? "add" : "delete"](chart.id));
    canvas.classList.add("chart-drawn");
    echarts.init(canvas).setOption(option(numbersOf(chart)));
    resized.observe(canvas);
  };

  const forget = (element) => {
    if (!element.classList?.contains("chart-canvas")) return;
    resized.unobserve(element);
    echarts.getInstanceByDom(element)?.dispose();
  };

  const all = (root) => root.querySelectorAll("[data-chart] .chart-canvas:not(.chart-drawn)");
  const drawAll = () => { for (const canvas of all(document)) draw(canvas.closest("[data-chart]")); };
  document.addEventListener("DOMContentLoaded", () => {
    drawAll();
    document.body.addEventListener("htmx:afterSwap", drawAll);
    // htmx names each element that it takes away.
    document.body.addEventListener("htmx:beforeCleanupElement", (event) => forget(event.target));
  });
})();
