/* Turns the numbers of the page's JSON into charts. Colours are the style sheet's variables, so that charts follow the colour
   scheme and paper without being drawn anew. No chart is animated. What a tooltip says, the arrow keys say too. */
(function () {
  'use strict';
  const data = JSON.parse(document.getElementById('charts').textContent);
  const ink = 'var(--ink)', soft = 'var(--soft)', grid = 'var(--grid)', line = 'var(--line)';
  const accent = 'var(--accent)', second = 'var(--second)', quiet = 'var(--quiet)';
  const NARROW = 560;

  const count = v => Number(v).toLocaleString('en-US');
  const short = v => v === null || v === undefined ? 'none' : String(Number(Number(v).toPrecision(4)));
  const percent = v => v === null || v === undefined ? 'not measured' : short(v) + ' %';
  const positive = v => (v > 0 ? v : null); // a log axis has no place for 0
  const escaped = text => String(text).replace(/[&<>"']/g, c => '&#' + c.charCodeAt(0) + ';');

  /* A line without a zlevel of its own makes the library warn when the pointer is over it. */
  const LINE = { type: 'line', zlevel: 0, z: 3, symbol: 'circle', emphasis: { disabled: true } };

  function axis(more) {
    return Object.assign({
      nameTextStyle: { color: soft }, axisLabel: { color: soft, hideOverlap: true },
      axisLine: { show: true, onZero: false, lineStyle: { color: line } }, axisTick: { lineStyle: { color: line } },
      splitLine: { lineStyle: { color: grid } }, minorTick: { show: false }
    }, more);
  }
  function tooltip(describe, trigger) {
    return {
      trigger: trigger, confine: true, backgroundColor: 'var(--panel)', borderColor: 'var(--line)', borderWidth: 1,
      textStyle: { color: ink, fontSize: 12 }, className: 'tip', extraCssText: 'box-shadow: none',
      axisPointer: { type: 'line', lineStyle: { color: soft, type: 'dashed' } },
      formatter: p => describe(p).map(escaped).join('<br>')
    };
  }
  function base(describe, trigger) {
    return {
      animation: false, textStyle: { color: ink, fontFamily: 'inherit' }, tooltip: tooltip(describe, trigger),
      aria: { enabled: false } // said in the page, with a table
    };
  }
  /* Stages as shaded stripes with their names on top. */
  function stripes(stages, width, all) {
    return {
      silent: true, z: 0, itemStyle: { color: 'var(--stage)' },
      label: { color: soft, fontSize: 11, position: 'insideTop', overflow: 'truncate' },
      data: stages.map((s, i) => [
        {
          xAxis: s.from - 0.5, name: s.name,
          itemStyle: { opacity: i % 2 ? 0 : 1 },
          label: { show: width * (s.to - s.from + 1) / all > 7 * s.name.length }
        },
        { xAxis: s.to + 0.5 }])
    };
  }
  const whole = v => (Number.isInteger(v) ? String(v) : '');
  const power = v => (v >= 1e6 ? count(v / 1e6) + ' M' : v >= 1e4 ? count(v / 1e3) + ' k' : v >= 1 ? count(v) : short(v));

  const charts = {
    histogram(d) {
      const labels = d.centres.map(short);
      const middle = (d.centres.length - 1) / 2;
      const describe = i => ['weights from ' + short(d.centres[i] - d.width / 2) + ' to ' + short(d.centres[i] + d.width / 2),
        'before: ' + count(d.before[i]), 'after: ' + count(d.after[i])];
      const x = (i, shown, every) => axis({
        type: 'category', gridIndex: i, data: labels, splitLine: { show: false },
        axisTick: { alignWithLabel: true, interval: at => (at - middle) % every === 0, lineStyle: { color: line } },
        axisLabel: { show: shown, color: soft, hideOverlap: true, interval: at => (at - middle) % every === 0, formatter: v => Number(v).toFixed(2) }
      });
      const y = (i, name) => axis({
        type: 'log', gridIndex: i, min: 1, name: name, nameLocation: 'end', nameTextStyle: { color: soft, align: 'left' },
        axisLabel: { color: soft, formatter: power }
      });
      const bars = (i, counts, colour) => ({
        type: 'bar', xAxisIndex: i, yAxisIndex: i, data: counts.map(positive), barCategoryGap: i ? '15%' : '0%', barMinHeight: 2,
        itemStyle: { color: colour }, emphasis: { disabled: true }, large: false
      });
      return {
        describe: describe, count: d.centres.length, series: 0,
        option: width => Object.assign(base(p => describe(p[0].dataIndex), 'axis'), {
          axisPointer: { link: [{ xAxisIndex: 'all' }] },
          grid: [{ left: 60, right: 16, top: 30, height: 140 }, { left: 60, right: 16, top: 218, height: 140 }],
          xAxis: [false, true].map((shown, i) => x(i, shown, Math.round(d.centres.length / (width < NARROW ? 4 : 8)))),
          yAxis: [y(0, 'weights before'), y(1, 'weights after')],
          series: [bars(0, d.before, quiet), bars(1, d.after, accent)]
        })
      };
    },

    scatter(d) {
      const points = d.kept.concat(d.zero);
      const limit = Math.max(...points.map(p => Math.max(Math.abs(p[0]), Math.abs(p[1])))) * 1.05 || 1;
      const text = p => ['started at ' + short(p[0]), 'ended at ' + short(p[1])];
      const dots = (list, colour, z) => ({
        type: 'scatter', data: list, symbolSize: 4, z: z, itemStyle: { color: colour, opacity: 0.55 }, emphasis: { disabled: true }
      });
      return {
        describe: i => text(d.kept[i]), count: d.kept.length, series: 1,
        option: () => Object.assign(base(p => text(p.data), 'item'), {
          grid: { left: 60, right: 16, top: 30, bottom: 48 },
          xAxis: axis({ type: 'value', name: 'start value', nameLocation: 'middle', nameGap: 28, min: -limit, max: limit,
            axisLabel: { color: soft, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: short } }),
          yAxis: axis({ type: 'value', name: 'end value', nameTextStyle: { color: soft, align: 'left' }, min: -limit, max: limit,
            axisLabel: { color: soft, showMinLabel: false, showMaxLabel: false, formatter: short } }),
          series: [dots(d.zero, quiet, 2), dots(d.kept, accent, 3), Object.assign({}, LINE, {
            data: [[-limit, -limit], [limit, limit]], symbol: 'none', silent: true, z: 1,
            lineStyle: { color: soft, width: 1, type: 'dashed' }, tooltip: { show: false }
          })]
        })
      };
    },

    mixture: d => overTime(d, false),
    proportions: d => overTime(d, true),

    epochs(d) {
      const n = d.loss.length;
      const stage = i => d.stages.find(s => i + 1 >= s.from && i + 1 <= s.to);
      const describe = i => ['epoch ' + (i + 1) + ', ' + stage(i).name, 'training error: ' + percent(d.train[i]),
        'validation error: ' + percent(d.validation[i]), 'loss: ' + short(d.loss[i]), 'live weights: ' + count(d.live[i])];
      // Small data are soon learnt without an error: most points would have no place on a log axis.
      const errorScale = d.train.concat(d.validation).filter(v => v === 0).length > n / 4 ? 'value' : 'log';
      const pairs = (list, scale) => list.map((v, i) => [i + 1, scale === 'value' ? v : positive(v)]);
      const curve = (i, list, colour, more) => Object.assign({}, LINE, {
        xAxisIndex: i, yAxisIndex: i, data: list, showSymbol: list.length === 1, symbolSize: 6,
        lineStyle: { color: colour, width: 2 }, itemStyle: { color: colour }
      }, more);
      const tops = [30, 215, 395], heights = [140, 135, 110];
      const x = (i) => axis({
        type: 'value', gridIndex: i, min: 0.5, max: n + 0.5, minInterval: 1, splitLine: { show: false },
        name: i === 2 ? 'epoch' : '', nameLocation: 'middle', nameGap: 28,
        axisLabel: { show: i === 2, color: soft, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: whole }
      });
      const y = (i, name) => axis({ type: 'log', gridIndex: i, name: name, nameTextStyle: { color: soft, align: 'left' },
        axisLabel: { color: soft, formatter: power } });
      return {
        describe: describe, count: n, series: 0,
        option: width => Object.assign(base(p => describe(Math.round(p[0].axisValue) - 1), 'axis'), {
          axisPointer: { link: [{ xAxisIndex: 'all' }] },
          grid: tops.map((top, i) => ({ left: 60, right: 16, top: top, height: heights[i] })),
          xAxis: [0, 1, 2].map(x), yAxis: [Object.assign(y(0, 'error, %'), { type: errorScale }), y(1, 'loss'), y(2, 'live weights')],
          series: [
            curve(0, pairs(d.train, errorScale), accent, { markArea: stripes(d.stages, width - 76, n) }),
            curve(0, pairs(d.validation, errorScale).filter(p => p[1] !== null), second, { showSymbol: true }),
            curve(1, pairs(d.loss), accent, { markArea: plain(stripes(d.stages, 0, n)) }),
            curve(2, pairs(d.live), accent, { markArea: plain(stripes(d.stages, 0, n)) })]
        })
      };
    },

    trials(d) {
      const text = i => {
        const t = d.trials[i];
        return ['trial ' + t.number + (t.chosen ? ', this run' : ''), count(t.fileBytes) + ' bytes',
          'validation error ' + percent(t.validationErrorPercent)];
      };
      const sizes = d.trials.map(t => t.fileBytes);
      const wide = Math.max(...sizes) > 30 * Math.min(...sizes); // over less than that a log axis has too few marks
      const point = t => [t.fileBytes, t.validationErrorPercent];
      return {
        describe: text, count: d.trials.length, series: 1,
        option: () => Object.assign(base(p => text(p.seriesIndex ? p.dataIndex : d.front[p.dataIndex]), 'item'), {
          grid: { left: 60, right: 20, top: 30, bottom: 48 },
          xAxis: axis({ type: wide ? 'log' : 'value', scale: true, name: 'bytes', nameLocation: 'middle', nameGap: 28,
            axisLabel: { color: soft, hideOverlap: true, formatter: power } }),
          yAxis: axis({ type: 'value', scale: true, name: 'validation error, %', nameTextStyle: { color: soft, align: 'left' } }),
          series: [Object.assign({}, LINE, {
            step: 'end', data: d.front.map(i => point(d.trials[i])), symbol: 'none', z: 1, lineStyle: { color: accent, width: 2 }
          }), {
            type: 'scatter', z: 3, emphasis: { disabled: true },
            data: d.trials.map((t, i) => ({ value: point(t), symbolSize: t.chosen ? 13 : 8,
              itemStyle: { color: t.chosen ? second : d.front.includes(i) ? accent : quiet } }))
          }]
        })
      };
    },

    bytes(d) {
      const rest = 'header, graph, checksum';
      const rows = d.layers.concat([rest]);
      const describe = i => i === d.layers.length ? [rest + ': ' + d.rest + ' bytes']
        : [d.layers[i]].concat(d.parts.map((p, k) => p + ': ' + d.bytes[k][i].toFixed(1) + ' bytes'));
      const bar = (list, colour) => ({
        type: 'bar', stack: 'all', data: list, barMaxWidth: 22, itemStyle: { color: colour }, emphasis: { disabled: true }
      });
      return {
        describe: describe, count: rows.length, series: 0, height: 60 + 34 * rows.length,
        option: width => Object.assign(base(p => describe(p[0].dataIndex), 'axis'), {
          grid: { left: 8, right: 24, top: 10, bottom: 40, containLabel: true },
          xAxis: axis({ type: 'value', name: 'bytes', nameLocation: 'middle', nameGap: 28,
            axisLabel: { color: soft, hideOverlap: true, formatter: count } }),
          yAxis: axis({ type: 'category', inverse: true, data: rows, splitLine: { show: false }, axisTick: { show: false },
            axisLabel: { color: ink, width: width < NARROW ? 90 : 220, overflow: 'truncate' } }),
          series: d.parts.map((p, k) => bar(d.bytes[k].concat([0]), 'var(--part-' + (k + 1) + ')'))
            .concat([bar(d.layers.map(() => 0).concat([d.rest]), quiet)])
        })
      };
    }
  };

  const plain = area => { area.label = { show: false }; area.data.forEach(pair => { delete pair[0].label; delete pair[0].name; }); return area; };

  /* The mixture's means in bands, or its proportions: a line a component and piece. */
  function overTime(d, proportions) {
    const size = m => m.length / 3;
    const series = [];
    const at = {};
    for (const piece of d.pieces) {
      piece.mixtures.forEach((m, e) => { at[piece.from + e] = { m: m, piece: piece }; });
      const k = size(piece.mixtures[0]);
      for (let j = k - 1; j >= 0; j--) { // the zero component, number 0, last and on top
        const zero = piece.zero && j === 0;
        const colour = zero ? second : accent;
        const xs = piece.mixtures.map((m, e) => piece.from + e);
        if (!proportions) {
          const upper = piece.mixtures.map((m, e) => [xs[e], m[k + j] + 2 * m[2 * k + j]]);
          const lower = piece.mixtures.map((m, e) => [xs[e], m[k + j] - 2 * m[2 * k + j]]);
          const outline = upper.concat(lower.reverse());
          series.push({
            type: 'custom', silent: true, clip: true, z: zero ? 3 : 2, tooltip: { show: false }, data: outline, encode: { x: 0, y: 1 },
            renderItem: (params, api) => params.dataIndex ? null : {
              type: 'polygon', shape: { points: outline.map(p => api.coord(p)) },
              // Many bands lie on one another: together they should be a tint, whatever their number.
              style: { fill: colour, opacity: zero ? 0.25 : Math.max(0.015, 0.45 / k) }
            }
          });
        }
        series.push(Object.assign({}, LINE, {
          data: piece.mixtures.map((m, e) => [xs[e], proportions ? positive(m[j]) : m[k + j]]), z: zero ? 5 : 4,
          showSymbol: xs.length === 1, symbolSize: 4, lineStyle: { color: colour, width: zero ? 2.5 : 1.2 }, itemStyle: { color: colour }
        }));
      }
    }
    const describe = epoch => {
      const here = at[epoch];
      if (!here) { return ['epoch ' + epoch, 'no mixture']; }
      const k = size(here.m);
      const lines = ['epoch ' + epoch + ', ' + here.piece.stage];
      const values = [];
      for (let j = 0; j < k; j++) {
        const value = proportions ? short(here.m[j]) : short(here.m[k + j]) + ' ± ' + short(2 * here.m[2 * k + j]);
        if (here.piece.zero && j === 0) { lines.push('zero component: ' + value); } else { values.push(value); }
      }
      for (let v = 0; v < values.length; v += 4) { lines.push(values.slice(v, v + 4).join(', ')); }
      return lines;
    };
    const first = series.findIndex(s => s.type === 'line');
    return {
      describe: i => describe(i + 1), count: d.epochs, series: first, byX: true,
      option: width => {
        const all = series.slice();
        all[first] = Object.assign({}, series[first], { markArea: stripes(d.stages, width - 76, d.epochs) });
        return Object.assign(base(p => describe(Math.round(p[0].axisValue)), 'axis'), {
          grid: { left: 60, right: 16, top: 30, bottom: 48 },
          xAxis: axis({ type: 'value', min: 0.5, max: d.epochs + 0.5, minInterval: 1, splitLine: { show: false },
            name: 'epoch', nameLocation: 'middle', nameGap: 28,
            axisLabel: { color: soft, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: whole } }),
          yAxis: axis(proportions
            ? { type: 'log', name: 'proportion', nameTextStyle: { color: soft, align: 'left' }, axisLabel: { color: soft, formatter: short } }
            : { type: 'value', name: 'mean ± 2σ', nameTextStyle: { color: soft, align: 'left' } }),
          series: all
        });
      }
    };
  }

  /* Arrow keys step through a chart's values: said below it, shown in it. */
  function keys(element, chart, made) {
    let place = -1;
    const readout = element.parentNode.querySelector('.readout');
    element.addEventListener('keydown', event => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const to = event.key === 'Home' ? 0 : event.key === 'End' ? made.count - 1 : event.key === 'Escape' ? -1 : step ? place + step : null;
      if (to === null) { return; }
      event.preventDefault();
      place = to < 0 && event.key !== 'Escape' ? 0 : Math.min(to, made.count - 1);
      if (place < 0) {
        chart.dispatchAction({ type: 'hideTip' });
        readout.textContent = '';
        return;
      }
      readout.textContent = made.describe(place).join('; ');
      if (!made.byX) { chart.dispatchAction({ type: 'showTip', seriesIndex: made.series, dataIndex: place }); }
    });
    element.addEventListener('blur', () => { chart.dispatchAction({ type: 'hideTip' }); });
  }

  let drawn = 0;
  const elements = document.querySelectorAll('.chart');
  elements.forEach(element => {
    const name = element.dataset.chart || element.id;
    const made = charts[name](data[element.dataset.key || name]);
    element.style.height = (made.height || element.dataset.height) + 'px';
    const chart = echarts.init(element, null, { renderer: 'svg' });
    let width = element.clientWidth;
    chart.on('finished', () => {
      // By its view box a chart shrinks to the paper (report.css); the library gives it none.
      element.querySelector('svg').setAttribute('viewBox', '0 0 ' + chart.getWidth() + ' ' + chart.getHeight());
      if (!element.dataset.drawn) {
        element.dataset.drawn = 'true';
        document.documentElement.dataset.drawn = String(++drawn);
      }
    });
    chart.setOption(made.option(width));
    keys(element, chart, made);
    new ResizeObserver(() => {
      if (element.clientWidth && element.clientWidth !== width && !matchMedia('print').matches) {
        width = element.clientWidth;
        chart.resize();
        chart.setOption(made.option(width), true);
      }
    }).observe(element);
  });
  document.documentElement.dataset.charts = String(elements.length);
})();
