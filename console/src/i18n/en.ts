// `{name}` is a value; `{n|one|other}` chooses by the number `n`.

import { frame } from './en/frame';
import { program } from './en/program';
import { values } from './en/values';
import { work } from './en/work';

export const en = { ...frame, ...work, ...program, ...values };
