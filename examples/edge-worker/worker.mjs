// Recommendations and the right to be forgotten at the edge: routes, rights and input; the model lives in recommender.mjs.
//
//   GET    /health
//   GET    /recommend/:user?k=10
//   GET    /similar/:item?k=10
//   DELETE /users/:user                 with "Authorization: Bearer …", and if wanted a JSON body of options:
//   DELETE /items/:item                 {"local": false, "passes": 1} takes full passes instead of the local one
//   DELETE /users/:user/items/:item
//   PUT    /model                       what train.mjs wrote; with the same token
import { reply } from './recommender.mjs';

export { Recommender } from './recommender.mjs';

const LONGEST_PATH = 1024;
const LONGEST_BODY = 4096;
const LARGEST_MODEL = 64 << 20;
/** One thread serves everybody: nobody may ask for more work than this. */
const MOST_PASSES = 5;

/** method, path as a pattern of segments, whether it needs the token, and what it asks of the recommender. */
const ROUTES = [
  ['GET', /^\/health$/, false, () => ({ action: 'health' })],
  ['GET', /^\/recommend\/([^/]+)$/, false, ([user], { k }) => ({ action: 'recommend', user, k })],
  ['GET', /^\/similar\/([^/]+)$/, false, ([item], { k }) => ({ action: 'similar', item, k })],
  ['DELETE', /^\/users\/([^/]+)$/, true, ([user], { options }) => ({ action: 'forget', request: { users: [user] }, options })],
  ['DELETE', /^\/items\/([^/]+)$/, true, ([item], { options }) => ({ action: 'forget', request: { items: [item] }, options })],
  [
    'DELETE',
    /^\/users\/([^/]+)\/items\/([^/]+)$/,
    true,
    ([user, item], { options }) => ({ action: 'forget', request: { interactions: [[user, item]] }, options }),
  ],
  ['PUT', /^\/model$/, true, null],
];

class Refusal extends Error {
  constructor(status, message, headers) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

export default {
  async fetch(request, env) {
    try {
      return await handle(request, env);
    } catch (error) {
      if (error instanceof Refusal) return reply(error.status, { error: error.message }, error.headers);
      console.error(error);
      return reply(500, { error: 'something went wrong here' });
    }
  },
};

async function handle(request, env) {
  const url = new URL(request.url);
  if (url.pathname.length > LONGEST_PATH) throw new Refusal(414, `a path has at most ${LONGEST_PATH} characters`);
  const matching = ROUTES.filter(([, pattern]) => pattern.test(url.pathname));
  if (matching.length === 0) throw new Refusal(404, 'no such address');
  const allowed = matching.map(([method]) => method).join(', ');
  const route = matching.find(([method]) => method === request.method);
  if (!route) throw new Refusal(405, `${request.method} is not allowed here; ${allowed} is`, { allow: allowed });
  const [, pattern, guarded, ask] = route;
  if (guarded && !(await authorized(request, env.TOKEN))) {
    throw new Refusal(401, 'a valid bearer token is needed', { 'www-authenticate': 'Bearer' });
  }
  const recommender = env.RECOMMENDER.get(env.RECOMMENDER.idFromName('the one'));
  if (!ask) {
    if (Number(request.headers.get('content-length') ?? Infinity) > LARGEST_MODEL)
      throw new Refusal(413, `a model has at most ${LARGEST_MODEL} bytes, and says how many`);
    return recommender.fetch(request);
  }
  const ids = url.pathname.match(pattern).slice(1).map(decoded);
  const question = ask(ids, { k: cutoff(url.searchParams.get('k')), options: guarded ? await optionsIn(request) : undefined });
  return recommender.fetch('https://recommender/', { method: 'POST', body: JSON.stringify(question) });
}

/** Compares digests, and all of both, so that the time taken tells nothing about the token. */
async function authorized(request, token) {
  if (!token) throw new Refusal(503, 'no token is set; nothing can be changed');
  const given = request.headers.get('authorization')?.match(/^Bearer (.+)$/)?.[1] ?? '';
  const [a, b] = await Promise.all(
    [given, token].map(async (text) => new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))),
  );
  let difference = 0;
  for (let n = 0; n < a.length; n++) difference |= a[n] ^ b[n];
  return difference === 0;
}

function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Refusal(400, 'the address is not validly encoded');
  }
}

function cutoff(text) {
  if (text === null) return 10;
  if (!/^[1-9][0-9]{0,2}$/.test(text)) throw new Refusal(400, '"k" expected an integer from 1 to 999');
  return Number(text);
}

async function optionsIn(request) {
  const text = await request.text();
  if (text.length > LONGEST_BODY) throw new Refusal(413, `a body has at most ${LONGEST_BODY} characters`);
  if (text === '') return {};
  try {
    const options = JSON.parse(text);
    if (typeof options === 'object' && options !== null && !Array.isArray(options)) return checked(options);
  } catch (error) {
    if (error instanceof Refusal) throw error; // all else the refusal below says
  }
  throw new Refusal(400, 'the body expected a JSON object of options');
}

/** @throws {Refusal} for options that are not offered here, or ask for too much. */
function checked(options) {
  for (const [name, value] of Object.entries(options)) {
    if (name === 'local' && typeof value === 'boolean') continue;
    if (name === 'passes' && Number.isInteger(value) && value >= 0 && value <= MOST_PASSES) continue;
    if (name === 'passes') throw new Refusal(400, `"passes" expected an integer from 0 to ${MOST_PASSES}`);
    throw new Refusal(400, 'the body may hold "local" (true or false) and "passes"');
  }
  return options;
}
