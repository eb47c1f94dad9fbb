// What the portal adds where scripts run: every page does all it does without this file, too.
//
// In the markup: `data-part` names what is exchanged when a page is read anew, `data-live` the search that does so
// as one types, `data-renew` the seconds after which a page reads itself again.

const WAIT = 300; // milliseconds after the last key

const differs = one =>
  one.matches('[type=checkbox], [type=radio]') ? one.checked !== one.defaultChecked
    : one.type !== 'hidden' && 'defaultValue' in one && one.value !== one.defaultValue;

// One box for all companies, and how many changes there are to check.
for (const table of document.querySelectorAll('.attachments')) {
  const all = table.querySelector('.all-box');
  const count = table.querySelector('.changes-count');
  const boxes = [...table.querySelectorAll('.attach-box')];
  const fields = table.closest('form').elements;
  const before = new Map(fields.seen.value.split(' ').map(one => one.split('=')));
  const now = box => box.checked
    ? ['role', 'affiliation'].map(what => fields[box.name.replace(/attached$/, what)].value).join(':') : '';
  const show = () => {
    const ticked = boxes.filter(box => box.checked).length;
    const changed = boxes.filter(box => now(box) !== before.get(box.name.slice(8, -9))).length;
    const words = count.dataset[new Intl.PluralRules(document.documentElement.lang).select(changed)];
    if (all) all.checked = ticked === boxes.length;
    if (all) all.indeterminate = ticked > 0 && !all.checked;
    count.textContent = changed ? (words ?? count.dataset.other).replace(/\d+/, changed) : '';
  };
  all?.closest('[hidden]').removeAttribute('hidden');
  all?.addEventListener('change', () => boxes.forEach(box => { box.checked = all.checked; }));
  table.addEventListener('change', show);
  addEventListener('pageshow', show);
  show();
}

// A text to copy. Without a clipboard (or without scripts) it can be selected.
for (const button of document.querySelectorAll('[data-copy]')) {
  const text = document.getElementById(button.dataset.copy);
  if (navigator.clipboard) button.closest('[hidden]').removeAttribute('hidden');
  button.addEventListener('click', () => navigator.clipboard.writeText(text.value).then(
    () => { button.nextElementSibling.textContent = button.dataset.done; },
    () => text.select(),
  ));
}

// Nothing typed is lost by leaving the page unawares: « Cancel », and sending the form, are no accidents.
for (const form of document.querySelectorAll('form.form[method=post]')) {
  let meant = false;
  const changed = () => [...form.elements].some(one => !one.matches('.all-box') && differs(one));
  form.addEventListener('submit', () => { meant = true; });
  form.querySelectorAll('.form-actions a').forEach(one => one.addEventListener('click', () => { meant = true; }));
  addEventListener('pageshow', () => { meant = false; });
  addEventListener('beforeunload', event => { if (!meant && changed()) event.preventDefault(); });
}

// Reads the page at an address and exchanges the parts, all or none; who was in one of them stays near.
async function renew(address, signal) {
  const answer = await fetch(address, {signal, redirect: 'manual'});
  if (!answer.ok) throw new Error(`${answer.status} ${answer.type}`);
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const parts = [...document.querySelectorAll('[data-part]')]
    .map(part => [part, fresh.querySelector(`[data-part=${part.dataset.part}]`)]);
  if (parts.some(([, now]) => !now)) throw new Error('another page');
  const held = document.activeElement;
  for (const [part, now] of parts) part.replaceChildren(...now.childNodes);
  if (!held.isConnected) document.getElementById('q')?.focus();
  document.title = fresh.title;
}

for (const form of document.querySelectorAll('form[data-live]')) {
  let timer, reading;
  const search = async () => {
    const said = ([name, value]) => value && value !== form.elements[name].options?.[0].value;
    const query = new URLSearchParams([...new FormData(form)].filter(said)).toString();
    const address = form.getAttribute('action') + (query && `?${query}`);
    reading = new AbortController();
    try {
      await renew(address, reading.signal);
      history.replaceState(null, '', address);
      document.querySelectorAll('.language-switch [name=next]').forEach(next => { next.value = address; });
    } catch (error) {
      if (error.name !== 'AbortError') form.requestSubmit(); // the whole page says what is wrong
    }
  };
  const stop = () => { clearTimeout(timer); reading?.abort(); };
  form.addEventListener('submit', stop);
  form.addEventListener('input', () => { stop(); timer = setTimeout(search, WAIT); });
}

for (const part of document.querySelectorAll('[data-renew]')) {
  const wait = () => setTimeout(() => renew(location.href).then(wait, () => location.reload()), part.dataset.renew * 1000);
  wait();
}
