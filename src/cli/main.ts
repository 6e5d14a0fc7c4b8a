#!/usr/bin/env node
// The command line's entry. One user's list out of a store is answered by what that alone needs, at a third of the processor time; all
// else, and whatever goes wrong there, is the program's.
import { quickList } from './quick-list.ts';

if (!(await quickList(process.argv.slice(2)))) await import('./program.ts');
