// Draws the charts of the figures. What they show stands in the page as data, and below each chart as a table.
"use strict";

(() => {
  // Each series has a colour and also a sign of its own, as colours alone tell some people nothing.
  const COLOURS = ["#0b7a3b", "#b45309", "#2563a8"];
  const SIGNS = ["circle", "rect", "triangle"];
  const TEXT = { color: "#1a1c1a", fontFamily: "system-ui, 'PingFang SC', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif", fontSize: 13 };
  const data = JSON.parse(document.getElementById("charts").textContent);

  // The policy of our pages lets no script write styles into the page: the tooltip is drawn, too.
  const tooltip = { renderMode: "richText", confine: true, textStyle: TEXT };
  const short = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);
  const quiet = { axisLine: { lineStyle: { color: "#8b938d" } }, axisLabel: { color: "#454b46", fontSize: 12 } };
  const grid = (more) => ({ left: 12, right: 24, top: 40, bottom: 8, containLabel: true, ...more });

  function lines(chart) {
    return {
      tooltip: { ...tooltip, trigger: "axis" },
      legend: { top: 0, textStyle: TEXT },
      grid: grid({ top: 48 }),
      xAxis: { type: "category", data: chart.names.map((day) => day.slice(5).replace("-", "/")), boundaryGap: false, ...quiet },
      // Check-ins are few beside points, and have a scale of their own.
      yAxis: [
        { type: "value", name: "积分", minInterval: 1, ...quiet, splitLine: { lineStyle: { color: "#e4e8e4" } } },
        { type: "value", name: "签到人次", minInterval: 1, ...quiet, splitLine: { show: false } },
      ],
      series: chart.series.map(([name, numbers], at) => ({
        name, type: "line", data: numbers, yAxisIndex: at === 2 ? 1 : 0, symbol: SIGNS[at], symbolSize: 6, showSymbol: chart.names.length < 45,
        lineStyle: { width: 2, type: ["solid", "dashed", "dotted"][at] },
      })),
    };
  }

  function bars(chart, { stacked = false } = {}) {
    const all = chart.series;
    return {
      tooltip: { ...tooltip, trigger: "axis", axisPointer: { type: "shadow" } },
      legend: all.length > 1 ? { top: 0, textStyle: TEXT } : undefined,
      grid: grid({ top: all.length > 1 ? 36 : 8 }),
      xAxis: { type: "value", minInterval: 1, ...quiet, splitLine: { lineStyle: { color: "#e4e8e4" } } },
      yAxis: { type: "category", inverse: true, data: chart.names.map((name) => short(name, 14)), ...quiet },
      series: all.map(([name, numbers], at) => ({
        name, type: "bar", data: numbers, barMaxWidth: 22, stack: stacked ? "all" : undefined,
        itemStyle: { borderRadius: stacked ? 0 : [0, 3, 3, 0] },
        label: { show: !stacked, position: "right", color: "#1a1c1a" },
      })),
    };
  }

  function columns(chart) {
    const turned = bars(chart);
    const [xAxis, yAxis] = [{ ...turned.yAxis, inverse: false, axisLabel: { ...quiet.axisLabel, interval: 0, fontSize: 11 } }, turned.xAxis];
    return { ...turned, xAxis, yAxis, series: turned.series.map((one) => ({ ...one, itemStyle: {}, label: { ...one.label, position: "top" } })) };
  }

  const DRAWN = {
    "by-day": lines,
    rules: bars,
    items: bars,
    ages: columns,
    reviewers: (chart) => bars(chart, { stacked: true }),
  };

  const drawn = [];
  for (const place of document.querySelectorAll("[data-chart]")) {
    const chart = echarts.init(place, null, { renderer: "canvas" });
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    chart.setOption({ color: COLOURS, textStyle: TEXT, animation: !still, animationDuration: 300, ...DRAWN[place.dataset.chart](data[place.dataset.chart]) });
    drawn.push(chart);
  }
  window.addEventListener("resize", () => drawn.forEach((chart) => chart.resize()));
})();
