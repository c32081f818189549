import { frame } from './de/frame';
import { program } from './de/program';
import { values } from './de/values';
import { work } from './de/work';
import type { Messages } from './i18n';

export const de: Messages = { ...frame, ...work, ...program, ...values };
