// What the portal adds where scripts run: every page does all it does without this file, too.
//
// In the markup: `data-part` names what is exchanged when a page is read anew, `data-live` the search that does so
// as one types, `data-renew` the seconds after which a page reads itself again.

const WAIT = 300; // milliseconds after the last key

const differs = one =>
  one.matches('[type=checkbox], [type=radio]') ? one.checked !== one.defaultChecked
    : one.type !== 'hidden' && 'defaultValue' in one && one.value !== one.defaultValue;

const folded = text => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

// Of many companies: those that match what one types, the ticked ones alone, one value for all of these.
function findRows(table, boxes) {
  const find = table.querySelector('#find');
  if (!find) return;
  const only = table.querySelector('.only-ticked');
  const found = table.querySelector('.rows-found');
  table.querySelectorAll('.with-script').forEach(one => { one.hidden = false; });
  table.querySelectorAll('.without-script').forEach(one => one.remove());
  const show = () => {
    const words = folded(find.value).split(/\s+/);
    for (const box of boxes) {
      const row = box.closest('tr');
      const name = folded(row.querySelector('th').textContent + ' ' + box.name.slice(8, -9));
      row.hidden = (only.checked && !box.checked) || !words.every(word => name.includes(word));
    }
    found.textContent = boxes.some(box => !box.closest('tr').hidden) ? '' : found.dataset.none;
  };
  find.addEventListener('input', show);
  find.addEventListener('keydown', event => { if (event.key === 'Enter') event.preventDefault(); });
  only.addEventListener('change', show);
  table.querySelectorAll('.for-ticked').forEach(select => select.addEventListener('change', () => {
    for (const box of boxes.filter(one => one.checked && select.value)) {
      const name = box.name.replace(/attached$/, select.dataset.of);
      table.querySelector(`[name="${name}"][value="${select.value}"]`).checked = true;
    }
  }));
  addEventListener('pageshow', show);
  show();
}

// One box for all companies, and how many changes there are to check.
for (const table of document.querySelectorAll('.attachments')) {
  const all = table.querySelector('.all-box');
  const count = table.querySelector('.changes-count');
  const boxes = [...table.querySelectorAll('.attach-box')];
  const fields = table.closest('form').elements;
  const before = new Map(fields.seen.value.split(' ').map(one => one.split('=')));
  const now = box => box.checked
    ? ['role', 'affiliation', 'until'].map(what => fields[box.name.replace(/attached$/, what)].value)
      .join(':').replace(/:$/, '') : '';
  // Somebody external gets an end proposed; it goes with the choice, and can be taken away or changed.
  table.addEventListener('change', event => {
    const until = event.target.name?.endsWith('-affiliation')
      && fields[event.target.name.replace(/affiliation$/, 'until')];
    if (!until || !until.dataset.proposed) return;
    if (event.target.value === 'external') until.value ||= until.dataset.proposed;
    else if (until.value === until.dataset.proposed) until.value = until.defaultValue;
  });
  const show = () => {
    const ticked = boxes.filter(box => box.checked).length;
    const changed = boxes.filter(box => now(box) !== before.get(box.name.slice(8, -9))).length;
    const words = count.dataset[new Intl.PluralRules(document.documentElement.lang).select(changed)];
    if (all) all.checked = ticked === boxes.length;
    if (all) all.indeterminate = ticked > 0 && !all.checked;
    count.textContent = changed ? (words ?? count.dataset.other).replace(/\d+/, changed) : '';
  };
  const line = all?.closest('.all-line');
  all?.closest('[hidden]').removeAttribute('hidden');
  all?.addEventListener('change', () => {
    if (all.checked && line.dataset.ask && !confirm(line.dataset.ask)) all.checked = false;
    else boxes.forEach(box => { box.checked = all.checked; });
  });
  table.parentElement.querySelector(':scope > .form-actions')?.prepend(count);
  findRows(table, boxes);
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
  const changed = () => [...form.elements].some(one => !one.matches('.all-box, #find, .only-ticked, .for-ticked') && differs(one));
  form.addEventListener('submit', () => { meant = true; });
  form.querySelectorAll('.form-actions a').forEach(one => one.addEventListener('click', () => { meant = true; }));
  addEventListener('pageshow', () => { meant = false; });
  addEventListener('beforeunload', event => { if (!meant && changed()) event.preventDefault(); });
}

// Several people at once: how many are ticked, the whole page with one click; the bar stays in sight meanwhile.
const chosen = form => [...form.elements].filter(one => one.name === 'user' && (one.checked || one.type === 'hidden'));

function showSelection() {
  const form = document.querySelector('.selection-bar');
  if (!form) return;
  const line = form.querySelector('.selection-count');
  const all = form.elements.everyone;
  const count = all?.checked ? Number(all.dataset.total) : chosen(form).length;
  const words = line.dataset[new Intl.PluralRules(document.documentElement.lang).select(count)] ?? line.dataset.other;
  line.textContent = count ? words.replace(/\d+/, count) : line.dataset.none;
  form.classList.toggle('is-used', count > 0);
}

document.addEventListener('change', event => {
  if (event.target.form?.matches('.selection-bar')) showSelection();
});
document.addEventListener('click', event => {
  const form = event.target.closest('.select-page')?.closest('form');
  if (!form) return;
  event.preventDefault();
  const boxes = [...form.elements].filter(one => one.name === 'user' && one.type === 'checkbox');
  const tick = boxes.some(box => !box.checked);
  boxes.forEach(box => { box.checked = tick; });
  if (!tick) form.querySelectorAll('[type=hidden][name=user]').forEach(one => one.remove());
  showSelection();
});
addEventListener('pageshow', showSelection);

// Who was ticked stays so when the list is read anew, on it or not.
let ticked = [];

function keepSelection(ids) {
  const form = document.querySelector('.selection-bar');
  for (const id of form ? ids : []) {
    const box = [...form.elements].find(one => one.name === 'user' && one.value === id);
    if (box) box.checked = true;
    else form.insertAdjacentHTML('beforeend', '<input type="hidden" name="user">');
    if (!box) form.lastElementChild.value = id;
  }
  showSelection();
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
  const form = document.querySelector('.selection-bar');
  if (form) ticked = chosen(form).map(one => one.value);
  for (const [part, now] of parts) part.replaceChildren(...now.childNodes);
  keepSelection(ticked);
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
