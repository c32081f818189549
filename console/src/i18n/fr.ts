import { frame } from './fr/frame';
import { program } from './fr/program';
import { values } from './fr/values';
import { work } from './fr/work';
import type { Messages } from './i18n';

export const fr: Messages = { ...frame, ...work, ...program, ...values };
