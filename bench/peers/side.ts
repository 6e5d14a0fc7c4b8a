// A side of the bench: a process that reads one JSON message per line and answers each with one line. It stays alive
// between rounds, so that interleaving costs nothing and what warmed up stays warm; while one side works, the other waits.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export type Message = Readonly<Record<string, unknown>>;
export type Answer = Readonly<Record<string, unknown>>;

/** An answer that takes longer than this does not come any more. */
const LIMIT = 10 * 60_000;

export class SideProcess {
  readonly #child: ChildProcess;
  #settle?: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void };
  #errors = '';
  #ended?: Error;

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#errors = (this.#errors + text).slice(-4000)));
    this.#child.stdin!.on('error', () => {}); // told by the end of the process
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#heard(line));
    this.#child.on('error', (error) => this.#end(error));
    this.#child.on('close', (code, signal) => this.#end(new Error(`ended with ${signal ?? code}: ${lastLine(this.#errors)}`)));
  }

  /** @throws Error with the side's own message, or what it last printed where it died. */
  ask(message: Message): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#settle) throw new Error('a side answers one message at a time');
    const timer = setTimeout(() => {
      this.#end(new Error(`no answer within ${LIMIT / 1000} s`));
      this.#child.kill('SIGKILL');
    }, LIMIT);
    return new Promise<Answer>((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#child.stdin!.write(`${JSON.stringify(message)}\n`);
    }).finally(() => {
      clearTimeout(timer);
      this.#settle = undefined;
    });
  }

  close(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    const closed = new Promise<void>((done) => this.#child.once('close', () => done()));
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3000);
    return closed.finally(() => clearTimeout(timer));
  }

  #heard(line: string): void {
    let answer: Answer;
    try {
      answer = JSON.parse(line) as Answer;
    } catch {
      return; // a library's own chatter
    }
    if (typeof answer !== 'object' || answer === null) return;
    if (typeof answer.error === 'string') this.#settle?.reject(new Error(answer.error));
    else this.#settle?.resolve(answer);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#settle?.reject(error);
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';

export interface Answers {
  prepare(message: any): Promise<Answer | void> | Answer | void;
  run(message: any): Promise<Answer | void> | Answer | void;
  result(message: any): Promise<Answer> | Answer;
}

/** The other end, for sides written in JavaScript: answers messages until the input ends. */
export async function serve(answers: Answers, input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Promise<void> {
  for await (const line of createInterface({ input })) {
    let answer: Answer;
    try {
      const message = JSON.parse(line) as { do: keyof Answers; times?: number };
      if (!(message.do in answers)) throw new TypeError(`"do" expected prepare, run or result, got ${JSON.stringify(message.do)}`);
      if (message.do === 'run') answer = await timed(answers, message);
      else answer = (await answers[message.do](message)) ?? {};
    } catch (error) {
      answer = { error: `${(error as Error).name}: ${(error as Error).message}` };
    }
    output.write(`${JSON.stringify(answer)}\n`);
  }
}

/** Seconds of one of `times` runs; a run that knows better what counts says so itself. */
async function timed(answers: Answers, message: { times?: number }): Promise<Answer> {
  const { times = 1 } = message;
  let counted = 0;
  let own = false;
  const start = performance.now();
  for (let n = 0; n < times; n++) {
    const answer = answers.run(message);
    const settled = answer instanceof Promise ? await answer : answer;
    if (typeof settled?.seconds === 'number') {
      counted += settled.seconds;
      own = true;
    }
  }
  return { seconds: (own ? counted : (performance.now() - start) / 1000) / times };
}
