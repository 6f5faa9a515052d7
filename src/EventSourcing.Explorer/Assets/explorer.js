// What the pages can do with a script besides. Every page works without it.
(() => {
  'use strict';
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const MostRows = 200;

  // Keyboard: / goes to the search, j and k from row to row, the arrows with Alt to the page before and after.
  document.addEventListener('keydown', e => {
    if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? '')) return;
    if (e.key === '/') { const to = $('#to'); if (to) { e.preventDefault(); to.focus(); to.select(); } }
    else if (e.key === 'j' || e.key === 'k') {
      const links = $$('tbody tr td:first-child a');
      if (links.length === 0) return;
      const at = links.indexOf(document.activeElement);
      links[Math.min(links.length - 1, Math.max(0, at < 0 ? 0 : at + (e.key === 'j' ? 1 : -1)))].focus();
    }
    else if (e.key === '[') $('main [rel="prev"]')?.click();
    else if (e.key === ']') $('main [rel="next"]')?.click();
  });

  // A slider beside its number.
  for (const range of $$('input[data-sets]')) {
    const number = document.getElementById(range.dataset.sets);
    range.hidden = false;
    range.addEventListener('input', () => { number.value = range.value; });
    range.addEventListener('change', () => range.form.requestSubmit());
    number.addEventListener('input', () => { range.value = number.value; });
  }

  // Empty fields do not belong into an address.
  for (const form of $$('form.filters')) {
    form.addEventListener('submit', () => { for (const field of form.elements) if (field.name && !field.value) field.disabled = true; });
  }
  addEventListener('pageshow', () => { for (const field of $$('form.filters [disabled]')) field.disabled = false; });

  // Ids and names are copied by a double click on them; nothing else changes.
  document.addEventListener('dblclick', e => { const text = e.target.closest('.mono'); if (text) getSelection().selectAllChildren(text); });

  // The log as it grows.
  const live = $('[data-live]');
  if (live) {
    const status = $('#live-status');
    let source = null, arrived = 0;
    const stop = text => { source?.close(); source = null; live.setAttribute('aria-pressed', 'false'); status.textContent = text; };
    live.hidden = false;
    live.addEventListener('click', () => {
      if (source) { stop('Stopped.'); return; }
      arrived = 0;
      live.setAttribute('aria-pressed', 'true');
      status.textContent = 'Waiting for events.';
      source = new EventSource(live.dataset.live);
      source.addEventListener('rows', e => {
        const rows = $('#rows'), part = document.createElement('tbody'), none = $('#arriving');
        if (none?.hidden) { none.hidden = false; $('main .empty')?.remove(); }
        part.innerHTML = e.data;
        for (const row of $$('tr', part).reverse()) {
          if (document.getElementById(row.id)) continue;
          row.classList.add('new');
          rows.prepend(row);
          arrived++;
        }
        while (rows.rows.length > MostRows) rows.deleteRow(-1);
        status.textContent = `${arrived} new, the newest at ${new Date().toLocaleTimeString()}.`;
      });
      source.addEventListener('head', e => { if (e.data.endsWith('more')) status.textContent += ' Only the newest are shown: they come too fast.'; });
      source.addEventListener('error', () => {
        if (source?.readyState === EventSource.CLOSED) stop('The connection has ended. Reload the page.');
        else status.textContent = 'The connection is interrupted. Trying again.';
      });
    });
    addEventListener('pagehide', () => source?.close());
  }

  // A page that is in motion is looked at again, and only its section is replaced.
  const follow = async () => {
    const part = document.body.dataset.motion;
    if (!part) return;
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const [old, fresh] = [document.getElementById(part), page.getElementById(part)];
      const focused = old?.contains(document.activeElement) ? document.activeElement : null;
      if (focused?.tagName === 'INPUT') { setTimeout(follow, 700); return; } // Somebody is typing there.
      if (!old || !fresh) { location.reload(); return; }
      old.replaceChildren(...fresh.childNodes);
      if (focused) $('button', old)?.focus();
      if (!page.body.dataset.motion) { delete document.body.dataset.motion; return; }
    } catch { /* The app is away: look again. */ }
    setTimeout(follow, 700);
  };
  setTimeout(follow, 400);
})();
