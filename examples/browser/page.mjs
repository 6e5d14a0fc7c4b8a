// What the page shows and when; all computing is the worker's. The build puts the worker's code in WORKER as text, because a
// page that was opened from a file may not load a second one.
const worker = new Worker(URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' })));
const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();

function say(id, text, wrong = false) {
  $(id).textContent = text;
  $(id).classList.toggle('wrong', wrong);
}
const enable = (on, ...ids) => ids.forEach((id) => ($(id).disabled = !on));
const send = (action, details = {}) => worker.postMessage({ action, ...details });

function fill(id, list, before = []) {
  const known = new Set(before.map(({ item }) => item));
  $(id).replaceChildren(
    ...(list ?? []).map(({ item, title, score }) => {
      const line = document.createElement('li');
      line.append(title ? `${title} ` : `item ${item} `);
      line.append(Object.assign(document.createElement('span'), { className: 'score', textContent: score.toFixed(3) }));
      if (before.length > 0 && !known.has(item))
        line.append(' ', Object.assign(document.createElement('span'), { className: 'new', textContent: 'new' }));
      return line;
    }),
  );
}
function clearLists() {
  for (const id of ['before', 'after']) {
    fill(id, []);
    say(`${id}-digest`, '');
  }
  say('forget-status', '');
}

const state = { trained: false, list: [] };
const lastStep = ['user', 'what', 'item', 'go'];

function busy() {
  enable(false, 'file', 'example', 'start', ...lastStep);
}
function idle() {
  enable(true, 'file', 'example', 'start');
  enable(state.trained, 'user', 'what');
  enable(state.trained && state.list.length > 0, 'item', 'go');
  if ($('what').value === 'user') enable(false, 'item');
}

function loaded({ users, items, interactions, error }) {
  state.trained = false;
  state.list = [];
  clearLists();
  $('progress').value = 0;
  say('progress-text', '');
  say('train-status', '');
  if (error) {
    say('data-status', error, true);
    enable(true, 'file', 'example');
    return;
  }
  say('data-status', `${number.format(users)} users, ${number.format(items)} items, ${number.format(interactions)} ratings.`);
  idle();
}

const answers = {
  load: loaded,
  example: loaded,
  train({ seconds, digest, users, error }) {
    enable(false, 'stop');
    if (error) {
      say('train-status', error === 'stopped' ? 'Stopped; nothing was changed.' : error, error !== 'stopped');
      return idle();
    }
    Object.assign(state, { trained: true, list: [] });
    clearLists();
    say('train-status', `Trained in ${seconds.toFixed(1)} s. Digest ${digest}`);
    $('users').replaceChildren(...users.map((user) => Object.assign(document.createElement('option'), { value: user })));
    $('user').value = users[0];
    idle();
    send('user', { user: users[0] });
  },
  user({ list, items, digest, error }) {
    state.list = list ?? [];
    clearLists();
    if (error || !list) {
      say('forget-status', error ?? `No user has the id “${$('user').value}”.`, true);
      return idle();
    }
    fill('before', list);
    say('before-digest', digest);
    $('item').replaceChildren(
      ...items.map(({ item, title }) =>
        Object.assign(document.createElement('option'), { value: item, textContent: title ?? `item ${item}` }),
      ),
    );
    idle();
  },
  forget({ report, list, error }) {
    idle();
    if (error) return say('forget-status', error, true);
    fill('after', list, state.list);
    say('after-digest', report.digestAfter);
    say(
      'forget-status',
      `Forgot ${number.format(report.forgotten.interactions)} rating${report.forgotten.interactions === 1 ? '' : 's'} in ` +
        `${(report.seconds * 1000).toFixed(0)} ms by ${report.method}` +
        `${list ? '.' : `; the model does not know user ${$('user').value} any more.`}`,
    );
  },
};

worker.onmessage = ({ data }) => {
  if (data.progress) {
    const { done, total } = data.progress;
    Object.assign($('progress'), { value: done, max: total });
    say('progress-text', `${done} of ${total}`);
  } else answers[data.action](data);
};
worker.onerror = (event) => say('data-status', `The page cannot compute here: ${event.message}`, true);

$('file').addEventListener('change', () => {
  const [file] = $('file').files;
  if (!file) return;
  busy();
  say('data-status', `Reading ${file.name} …`);
  send('load', { file });
});
$('example').addEventListener('click', () => {
  busy();
  say('data-status', 'Generating …');
  send('example');
});
$('train').addEventListener('submit', (event) => {
  event.preventDefault();
  busy();
  enable(true, 'stop');
  say('train-status', 'Training …');
  send('train', { factors: $('factors').valueAsNumber, iterations: $('iterations').valueAsNumber });
});
$('stop').addEventListener('click', () => {
  enable(false, 'stop');
  send('stop');
});
$('user').addEventListener('change', () => {
  busy();
  send('user', { user: $('user').value });
});
$('what').addEventListener('change', idle);
$('forget').addEventListener('submit', (event) => {
  event.preventDefault();
  busy();
  say('forget-status', 'Forgetting …');
  send('forget', { user: $('user').value, what: $('what').value, item: $('item').value });
});
