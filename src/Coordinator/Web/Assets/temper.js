// What the page needs a script for besides Blazor: the colours that the visitor wants, what a curve is at the pointer, line numbers that
// scroll along, and coming back after the coordinator was away. Everything is heard at the document, so that it holds for what is drawn later.
(() => {
  'use strict';

  const root = document.documentElement;
  const YEAR = 365 * 24 * 3600;

  // As the system, light, dark, and round again. A cookie, so that the next page is drawn in these colours from the start.
  document.addEventListener('click', event => {
    const button = event.target.closest?.('[data-theme-switch]');
    if (button) {
      const next = { '': 'light', light: 'dark', dark: '' }[root.dataset.theme ?? ''];
      if (next) {
        root.dataset.theme = next;
      } else {
        delete root.dataset.theme;
      }
      document.cookie = `temper-theme=${next}; path=/; samesite=strict; max-age=${next ? YEAR : 0}`;
      return;
    }

    // Blazor takes the link for its own and would only scroll.
    if (event.target.closest?.('.skip')) {
      document.getElementById('main').focus();
      return;
    }

    // From a mistake to its line.
    const place = event.target.closest?.('[data-line]');
    const area = place && document.getElementById(place.dataset.for);
    if (area) {
      const lines = area.value.split('\n');
      const line = Math.min(Number(place.dataset.line), lines.length);
      const from = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
      area.focus();
      area.setSelectionRange(from, from + lines[line - 1].length);
      area.scrollTop = Math.max(0, (line - 6) * 20);
    }
  });

  document.addEventListener('scroll', event => {
    const gutter = event.target.previousElementSibling;
    if (gutter?.classList.contains('gutter')) {
      gutter.scrollTop = event.target.scrollTop;
    }
  }, true);

  // Values at the pointer, read back from the drawn lines.
  const SVG = 'http://www.w3.org/2000/svg';
  let shown = null;

  const hide = () => {
    shown?.line.remove();
    shown?.box.remove();
    shown = null;
  };

  const figure = value => {
    const size = Math.abs(value);
    return size !== 0 && (size < 0.001 || size >= 1e6) ? value.toExponential(2) : value.toLocaleString('en', { maximumSignificantDigits: 4 });
  };

  const nearest = (path, at) => {
    let best = null;
    for (const [, x, y] of path.getAttribute('d').matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)) {
      if (best === null || Math.abs(x - at) < Math.abs(best.x - at)) {
        best = { x: Number(x), y: Number(y) };
      }
    }
    return best;
  };

  document.addEventListener('pointermove', event => {
    const plot = event.target.closest?.('svg.plot');
    if (!plot) {
      hide();
      return;
    }

    const [left, top, width, height, lowX, highX, lowY, highY, kind] = plot.dataset.scale.split(' ').map((part, i) => i < 8 ? Number(part) : part);
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(plot.getScreenCTM().inverse());
    const at = Math.min(left + width, Math.max(left, point.x));
    const rows = [...plot.querySelectorAll('path.line')].map(path => ({ path, found: nearest(path, at) })).filter(row => row.found && Math.abs(row.found.x - at) < width / 8);
    if (rows.length === 0) {
      hide();
      return;
    }

    if (shown?.plot !== plot) {
      hide();
      shown = { plot, line: document.createElementNS(SVG, 'line'), box: document.createElement('div') };
      shown.line.setAttribute('class', 'cursor');
      shown.box.className = 'readout';
      shown.box.setAttribute('aria-hidden', 'true');
      plot.append(shown.line);
      plot.parentElement.append(shown.box);
    }

    for (const [name, value] of [['x1', at], ['x2', at], ['y1', top], ['y2', top + height]]) {
      shown.line.setAttribute(name, value);
    }

    const value = y => {
      const part = 1 - (y - top) / height;
      return kind === 'log' ? lowY * (highY / lowY) ** part : lowY + part * (highY - lowY);
    };
    const heading = document.createElement('b');
    const abscissa = lowX + (at - left) / width * (highX - lowX);
    heading.textContent = `${plot.dataset.x} ${figure(plot.dataset.x === 'step' ? Math.round(abscissa) : abscissa)}`;
    shown.box.replaceChildren(heading, ...rows.map(({ path, found }) => {
      const line = document.createElement('div');
      line.textContent = `${path.dataset.name} ${figure(value(found.y))}`;
      return line;
    }));
    const frame = plot.parentElement.getBoundingClientRect();
    const isRight = event.clientX - frame.left > frame.width / 2;
    shown.box.style.left = isRight ? '' : `${event.clientX - frame.left + 14}px`;
    shown.box.style.right = isRight ? `${frame.right - event.clientX + 14}px` : '';
    shown.box.style.top = `${event.clientY - frame.top + 10}px`;
  });
  document.addEventListener('scroll', hide, { passive: true });

  // When the connection cannot be taken up again (the coordinator was started anew, or another replica answers) the same address shows the same.
  const reloadWhenItAnswers = async () => {
    for (;;) {
      try {
        if ((await fetch('/health/live', { cache: 'no-store' })).ok) {
          location.reload();
          return;
        }
      } catch {
        // Not yet.
      }
      await new Promise(resolve => setTimeout(resolve, 2000));
    }
  };
  document.getElementById('components-reconnect-modal')?.addEventListener('components-reconnect-state-changed', event => {
    if (['failed', 'rejected', 'resume-failed'].includes(event.detail?.state)) {
      reloadWhenItAnswers();
    }
  });

  // A link from elsewhere comes without the cookie of the session, which is for this site alone. Seen from here it is there.
  const asked = document.querySelector('[data-signin]');
  if (asked) {
    fetch('/session', { cache: 'no-store' }).then(answer => answer.json()).then(state => {
      if (state.signed_in) {
        location.replace(asked.dataset.signin);
      }
    }).catch(() => {});
  }
})();
