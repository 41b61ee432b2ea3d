// Draws the plots of an experiment's report: from the JSON in the page, into the places that PlotsSection made, with Plotly.
(() => {
  'use strict';

  const data = JSON.parse(document.getElementById('plot-data').textContent);
  const SYMBOLS = ['circle', 'square', 'diamond', 'triangle-up', 'pentagon', 'triangle-down', 'hexagon', 'star', 'cross', 'x'];
  const DASHES = ['solid', 'dash', 'dashdot', 'longdash'];
  const isDark = matchMedia('(prefers-color-scheme: dark)');
  const isTouch = matchMedia('(pointer: coarse)').matches;
  const chosen = { column: 0, axis: 'steps' };
  let theme;

  // Plotly reads a little markup in its texts. Labels are anybody's, so none of theirs is left to read.
  const plain = text => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  const short = text => plain(text.length > 44 ? text.slice(0, 43) + '…' : text);
  const isNumber = value => typeof value === 'number';
  const fixed = (value, digits) => (value < 0 ? '−' : '') + Math.abs(value).toFixed(digits);
  const signed = value => (value > 0 ? '+' : '') + fixed(value, 2);
  const score = (value, column) => fixed(value, column.lower_is_better ? 4 : 2);

  const readTheme = () => {
    const style = getComputedStyle(document.documentElement);
    const value = name => style.getPropertyValue('--' + name).trim();
    theme = { paper: value('paper'), ink: value('ink'), soft: value('soft'), rule: value('rule'), hair: value('hair') };
    theme.colours = [0, 1, 2, 3, 4, 5, 6, 7].map(i => value('c' + i));
    theme.font = getComputedStyle(document.body).fontFamily;
  };

  // Rows of one colour are told apart by their symbols and dashes.
  const look = data.rows.map((row, i) => ({
    symbol: SYMBOLS[i % SYMBOLS.length],
    dash: DASHES[data.rows.slice(0, i).filter(other => other.colour === row.colour).length % DASHES.length],
  }));
  const colourOf = i => i < 0 ? theme.soft : theme.colours[data.rows[i].colour];

  const axis = (title, more) => ({
    title: { text: title, font: { size: 12.5, color: theme.soft }, standoff: 10 },
    gridcolor: theme.hair, linecolor: theme.rule, tickcolor: theme.rule, tickfont: { size: 12, color: theme.soft },
    zeroline: false, automargin: true, ticks: 'outside', ticklen: 4, ...more,
  });

  const draw = (id, height, traces, layout) => {
    const place = document.getElementById(id);
    if (!place) {
      return;
    }

    Plotly.react(place, traces, {
      height, paper_bgcolor: theme.paper, plot_bgcolor: theme.paper,
      font: { family: theme.font, size: 12.5, color: theme.ink },
      margin: { l: 10, r: 14, t: 12, b: 10 },
      modebar: { bgcolor: 'rgba(0,0,0,0)', color: theme.soft, activecolor: theme.ink },
      hovermode: 'closest', dragmode: isTouch ? false : 'zoom', showlegend: false,
      hoverlabel: { bgcolor: theme.paper, bordercolor: theme.rule, font: { family: theme.font, size: 12.5, color: theme.ink }, align: 'left' },
      ...layout,
    }, {
      displaylogo: false, displayModeBar: matchMedia('(hover: hover)').matches ? 'hover' : false,
      modeBarButtons: [['toImage', 'zoom2d', 'pan2d', 'resetScale2d']],
      toImageButtonOptions: { format: 'svg', filename: id },
    });
  };

  const legend = more => ({ orientation: 'h', x: 0, xanchor: 'left', y: -0.22, yanchor: 'top', font: { size: 12, color: theme.ink }, itemsizing: 'trace', ...more });

  // Names are in boxes of their own height: every line of them makes the plot taller instead of smaller.
  const legendLines = (names, width) => {
    let lines = 1;
    let used = 0;
    for (const name of names) {
      const needed = 62 + 7 * Math.min(name.length, 44);
      if (used > 0 && used + needed > width) {
        lines += 1;
        used = 0;
      }
      used += needed;
    }
    return lines;
  };

  const bars = (deviations, colour) => ({ type: 'data', array: deviations.map(value => isNumber(value) ? value : NaN), color: colour, thickness: 1.6, width: 4, visible: deviations.some(isNumber) });

  const describe = (i, column) => {
    const cell = data.rows[i].cells[column];
    const about = data.columns[column];
    return `<b>${plain(data.rows[i].label)}</b><br>${score(cell.mean, about)}`
      + (isNumber(cell.deviation) ? ` ± ${score(cell.deviation, about)}` : '') + ` (n = ${cell.values.length})`;
  };

  // A row that came apart, as an average of weights may, would press all others into one spot.
  const farOff = column => {
    const { best, deviation } = data.columns[column];
    const away = data.rows.map(row => isNumber(row.cells[column].mean) ? Math.abs(row.cells[column].mean - best) : null);
    const known = away.filter(isNumber).sort((a, b) => a - b);
    const usual = Math.max(known[Math.floor(known.length / 2)] || 0, 2 * (deviation || 0));
    return away.map(distance => known.length >= 4 && usual > 0 && distance > 10 * usual);
  };

  // One row a line; filled is what is bold in the table.
  const drawScores = () => {
    const about = data.columns[chosen.column];
    const rows = data.rows.map((row, i) => i).filter(i => isNumber(data.rows[i].cells[chosen.column].mean));
    const cells = rows.map(i => data.rows[i].cells[chosen.column]);
    const singles = rows.flatMap((i, k) => cells[k].values.length > 1 ? cells[k].values.map(value => [value, i]) : []);
    const far = farOff(chosen.column);
    const near = rows.flatMap((i, k) => far[i] ? [] : [cells[k].mean - (cells[k].deviation || 0), cells[k].mean + (cells[k].deviation || 0), ...cells[k].values]);
    const isCut = far.some(Boolean);
    const margin = 0.09 * (Math.max(...near) - Math.min(...near));
    const range = [Math.min(...near) - margin, Math.max(...near) + margin];
    const [edge, otherEdge] = [0.012, 0.988].map(part => range[0] + part * (range[1] - range[0]));
    const place = (i, mean) => !far[i] ? mean : mean < range[0] ? edge : otherEdge;
    const traces = [
      {
        x: singles.map(pair => pair[0]), y: singles.map(pair => pair[1]), mode: 'markers', hoverinfo: 'skip',
        marker: { size: 7, color: singles.map(pair => colourOf(pair[1])), opacity: 0.4, line: { width: 0 } },
      },
      {
        x: rows.map((i, k) => place(i, cells[k].mean)), y: rows, mode: 'markers+text',
        text: cells.map(cell => cell.bold ? `<b>${score(cell.mean, about)}</b>` : score(cell.mean, about)),
        textposition: rows.map((i, k) => !far[i] ? 'top center' : cells[k].mean < range[0] ? 'middle right' : 'middle left'), textfont: { size: 12, color: theme.ink }, cliponaxis: false,
        hoverinfo: 'text', hovertext: rows.map(i => describe(i, chosen.column)),
        error_x: bars(rows.map((i, k) => far[i] ? null : cells[k].deviation), theme.soft),
        marker: {
          size: 12, opacity: 1, symbol: rows.map((i, k) => !far[i] ? 'circle' : cells[k].mean < range[0] ? 'triangle-left' : 'triangle-right'), color: rows.map((i, k) => cells[k].bold ? colourOf(i) : theme.paper),
          line: { width: 2.2, color: rows.map(colourOf) },
        },
      },
    ];
    draw('scores', 78 + 46 * data.rows.length, traces, {
      xaxis: axis(`${plain(about.label)} (${plain(about.unit)})`, isCut ? { range } : {}),
      yaxis: axis('', {
        range: [data.rows.length - 0.45, -0.75], tickvals: data.rows.map((row, i) => i), ticktext: data.rows.map(row => short(row.label)),
        tickfont: { size: 13, color: theme.ink }, ticks: '', fixedrange: true, gridcolor: theme.hair,
      }),
    });
  };

  // What each row gains and loses on each task.
  const drawGains = () => {
    const reference = data.reference;
    const place = document.getElementById('gains');
    if (!reference || !place) {
      return;
    }

    const tasks = data.columns.map((column, c) => c).slice(1, -1);
    const rows = data.rows.map((row, i) => i).filter(i => !reference.rows.includes(i));
    const far = farOff(0);
    const apart = Math.min(0.14, 0.7 / Math.max(1, rows.length));
    // The legend shows a row by its colour and shape alone, whatever its first point is; what filled and hollow mean stands before the rows.
    const entry = (name, marker, more) => ({ x: [null], y: [null], mode: 'markers', hoverinfo: 'skip', name, marker: { size: 11, ...marker }, ...more });
    const kinds = new Set(rows.flatMap(i => data.rows[i].gains.map(gain => gain.is_real)));
    const key = [[true, 'filled: more than noise', theme.soft], [false, 'hollow: may be chance', theme.paper]].filter(([isReal]) => kinds.has(isReal))
      .map(([, name, fill]) => entry(name, { symbol: 'circle', color: fill, line: { width: 2, color: theme.soft } }, { legendgroup: name }));
    const traces = rows.flatMap((i, k) => {
      const gains = data.rows[i].gains;
      const group = { legendgroup: `row ${i}`, visible: far[i] ? 'legendonly' : true };
      return [entry(short(data.rows[i].label), { symbol: look[i].symbol, color: theme.hair, line: { width: 2, color: colourOf(i) } }, group), {
        ...group, showlegend: false, x: gains.map(gain => gain.points), y: gains.map(gain => gain.column - 1 + (k - (rows.length - 1) / 2) * apart), mode: 'markers', cliponaxis: false,
        hoverinfo: 'text', hovertext: gains.map(gain => `<b>${plain(data.columns[gain.column].label)}</b><br>${plain(data.rows[i].label)}: ${signed(gain.points)}${gain.is_real ? '' : ', may be chance'}`),
        marker: { size: 11, symbol: look[i].symbol, color: gains.map(gain => gain.is_real ? colourOf(i) : theme.paper), line: { width: 2, color: colourOf(i) } },
      }];
    });
    const shapes = [{ type: 'line', x0: 0, x1: 0, yref: 'paper', y0: 0, y1: 1, line: { color: theme.soft, width: 1.4 }, layer: 'below' }];
    const lines = legendLines([...key, ...traces].filter(trace => trace.showlegend !== false).map(trace => trace.name), place.clientWidth);
    const inner = tasks.length * Math.max(46, 13 * rows.length + 12);
    draw('gains', inner + 84 + 21 * lines, [...key, ...traces], {
      shapes, showlegend: true, legend: legend({ y: -58 / inner }),
      margin: { l: 10, r: 14, t: 12, b: 72 + 21 * lines },
      xaxis: axis(`points relative to ${plain(reference.label)}`, { tickformat: '+~g' }),
      yaxis: axis('', {
        range: [tasks.length - 0.45, -0.55], tickvals: tasks.map(c => c - 1), ticktext: tasks.map(c => short(data.columns[c].label)),
        tickfont: { size: 13, color: theme.ink }, ticks: '', fixedrange: true, showgrid: false,
      }),
    });
  };

  const niceStep = rough => {
    const power = 10 ** Math.floor(Math.log10(rough));
    return power * [1, 2, 5, 10].find(m => m * power >= rough * 0.999);
  };

  const ticksWithin = (low, high) => {
    const ticks = [];
    if (high / low < 6) {
      const step = niceStep((high - low) / 5);
      for (let k = Math.ceil(low / step - 1e-9); k * step <= high * (1 + 1e-9); k += 1) {
        ticks.push(k * step);
      }
      return ticks;
    }

    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
      ticks.push(...(high / low < 1000 ? [1, 2, 5] : [1]).map(m => m * 10 ** power));
    }
    return ticks.filter(tick => tick >= low * 0.999 && tick <= high * 1.001);
  };

  const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
  const powerOfTen = value => {
    if (value === 0) {
      return '0';
    }

    const power = Math.floor(Math.log10(Math.abs(value)) + 1e-9);
    const mantissa = Number((value / 10 ** power).toPrecision(3));
    if (power < 4 && power > -4) {
      return String(Number(value.toPrecision(4)));
    }

    const exponent = (power < 0 ? '⁻' : '') + [...String(Math.abs(power))].map(digit => SUPERSCRIPTS[digit]).join('');
    return (mantissa === 1 ? '' : `${mantissa}×`) + `10${exponent}`;
  };

  // Ticks at round numbers: the usual ones of a logarithmic axis say little over less than a decade.
  const logAxis = (title, values, room) => {
    const [low, high] = [Math.min(...values) / room, Math.max(...values) * room];
    const ticks = ticksWithin(low, high);
    return axis(title, {
      type: 'log', range: [Math.log10(low), Math.log10(high)], tickvals: ticks, ticktext: ticks.map(powerOfTen), fixedrange: true,
    });
  };

  const rowsAgainstCompute = column => data.rows.map((row, i) => i)
    .filter(i => data.rows[i].flops > 0 && isNumber(data.rows[i].cells[column].mean))
    .map(i => {
      const cell = data.rows[i].cells[column];
      return {
        x: [data.rows[i].flops], y: [cell.mean], name: short(data.rows[i].label), mode: 'markers',
        error_y: bars([cell.deviation], colourOf(i)), hoverinfo: 'text',
        hovertext: [describe(i, column) + `<br>${powerOfTen(data.rows[i].flops)} FLOPs`
          + (isNumber(data.rows[i].ratio) ? `, ${data.rows[i].ratio.toFixed(2)} × baseline` : '')],
        marker: { size: 11, symbol: look[i].symbol, color: colourOf(i), line: { width: 1, color: theme.paper } },
      };
    });

  // Loss and score side by side, above each other where there is no room: one legend for both.
  const drawCompute = () => {
    const place = document.getElementById('compute');
    if (!place) {
      return;
    }

    const isWide = place.clientWidth > 720;
    const line = data.law.line;
    const losses = rowsAgainstCompute(data.columns.length - 1).map(trace => ({ ...trace, legendgroup: trace.name }));
    const scores = rowsAgainstCompute(0).map(trace => ({ ...trace, legendgroup: trace.name, xaxis: 'x2', yaxis: 'y2' }));
    const named = new Set(losses.map(trace => trace.name));
    scores.forEach(trace => { trace.showlegend = !named.has(trace.name); });
    const law = line.length === 0 ? [] : [
      {
        x: [...line.map(p => p.flops), ...line.map(p => p.flops).reverse()], y: [...line.map(p => p.interval.low), ...line.map(p => p.interval.high).reverse()],
        fill: 'toself', fillcolor: theme.colours[0], opacity: 0.13, mode: 'none', hoverinfo: 'skip', name: '95 % interval',
      },
      {
        x: line.map(p => p.flops), y: line.map(p => p.loss), mode: 'lines', name: `loss ∝ compute<sup>${fixed(-data.law.exponent, 3)}</sup>`,
        line: { color: theme.colours[0], width: 2 }, hoverinfo: 'text',
        hovertext: line.map(p => `${powerOfTen(p.flops)} FLOPs<br>${p.loss.toFixed(4)} (${p.interval.low.toFixed(4)} to ${p.interval.high.toFixed(4)})`),
      },
    ];
    const traces = [...law, ...losses, ...scores];
    if (traces.length === 0) {
      return;
    }

    // An interval from a few points may be so wide that nothing else could be seen: axes are made for the line and the points.
    const flops = [...losses, ...scores].map(trace => trace.x[0]);
    const heights = [...losses.map(trace => trace.y[0]), ...line.map(point => point.loss)];
    const lines = legendLines(traces.filter(trace => trace.showlegend !== false).map(trace => trace.name), place.clientWidth);
    const inner = isWide ? 330 : 700;
    draw('compute', inner + 80 + 21 * lines, traces, {
      showlegend: true, legend: legend({ y: -62 / inner }), margin: { l: 10, r: 14, t: 12, b: 68 + 21 * lines },
      xaxis: { ...logAxis('training FLOPs', [...flops, ...line.map(point => point.flops)], 1.1), domain: isWide ? [0, 0.455] : [0, 1] },
      yaxis: { ...logAxis('held-out loss, nats per token', heights.length > 0 ? heights : [1], 1.05), domain: isWide ? [0, 1] : [0.57, 1] },
      xaxis2: { ...logAxis('training FLOPs', flops, 1.35), domain: isWide ? [0.545, 1] : [0, 1], anchor: 'y2' },
      yaxis2: axis('average over tasks, ×100', { fixedrange: true, domain: isWide ? [0, 1] : [0, 0.43], anchor: 'x2' }),
    });
  };

  const drawCurves = () => {
    const place = document.getElementById('curves');
    if (!place || data.curves.length === 0) {
      return;
    }

    // A row's name stands at one of its own runs, or at a stage where it has no other.
    const named = new Map(data.curves.map((curve, k) => [curve, k]).sort((a, b) => b[0].is_stage - a[0].is_stage || b[1] - a[1]).map(([curve]) => [curve.row, curve]));
    const byFlops = chosen.axis === 'flops';
    const traces = data.curves.map(curve => {
      const row = curve.row < 0 ? 'other' : short(data.rows[curve.row].label);
      return {
        x: byFlops ? curve.steps.map(step => curve.before + step * curve.per_step) : curve.steps, y: curve.loss,
        name: row, legendgroup: String(curve.row), showlegend: named.get(curve.row) === curve, mode: curve.steps.length === 1 ? 'markers' : 'lines',
        line: { color: colourOf(curve.row), width: 1.7, dash: curve.is_stage ? 'dot' : curve.row < 0 ? 'solid' : look[curve.row].dash },
        hovertemplate: `%{y:.4f}<extra>${plain(curve.key)}</extra>`,
      };
    });
    const values = data.curves.flatMap(curve => curve.loss).filter(value => value > 0);
    const isLog = Math.max(...values) / Math.min(...values) > 5;
    const ticks = isLog ? { type: 'log', tickvals: ticksWithin(Math.min(...values), Math.max(...values)) } : {};
    const lines = legendLines(traces.filter(trace => trace.showlegend).map(trace => trace.name), place.clientWidth);
    draw('curves', 420 + 21 * lines, traces, {
      showlegend: true, legend: legend({ y: -60 / 340 }), margin: { l: 10, r: 14, t: 12, b: 68 + 21 * lines },
      xaxis: axis(byFlops ? 'training FLOPs' : 'step', { rangemode: 'tozero', exponentformat: byFlops ? 'power' : 'none', separatethousands: true }),
      yaxis: axis(isLog ? 'loss, logarithmic' : 'loss', ticks),
    });
    if (isLog && !place.dataset.follows) {
      place.dataset.follows = 'zoom';
      place.on('plotly_relayout', change => {
        if (isNumber(change['yaxis.range[0]'])) {
          Plotly.relayout(place, { 'yaxis.tickvals': ticksWithin(10 ** change['yaxis.range[0]'], 10 ** change['yaxis.range[1]']) });
        } else if (change['yaxis.autorange']) {
          Plotly.relayout(place, { 'yaxis.tickvals': ticks.tickvals });
        }
      });
    }
  };

  const drawAll = () => {
    readTheme();
    drawCompute();
    drawScores();
    drawGains();
    drawCurves();
  };

  document.getElementById('plots').hidden = false;
  document.getElementById('scores-column')?.addEventListener('change', event => {
    chosen.column = Number(event.target.value);
    drawScores();
  });
  for (const button of document.querySelectorAll('button[data-axis]')) {
    button.addEventListener('click', () => {
      chosen.axis = button.dataset.axis;
      document.querySelectorAll('button[data-axis]').forEach(other => other.setAttribute('aria-pressed', String(other === button)));
      drawCurves();
    });
  }

  // Where a plot has its parts, and how many lines its names take, depends on the width.
  let width = innerWidth;
  addEventListener('resize', () => {
    if (width !== innerWidth) {
      width = innerWidth;
      requestAnimationFrame(drawAll);
    }
  });
  isDark.addEventListener('change', drawAll);
  drawAll();
})();
